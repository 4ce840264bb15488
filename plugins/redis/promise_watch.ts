import type { StoreHost } from "../../src/plugin_api/mod.ts";
import { promiseOf, type StorePromise } from "./promise.ts";
import type { ServerSettings } from "./server_settings.ts";

/** Keeps an eye on what Redis's settings make of the promise, and tells the operator. */
export class PromiseWatch {
  readonly #place: string;
  readonly #host: StoreHost;
  #settings: ServerSettings | null = null;
  #promise: StorePromise | null = null;

  constructor(place: string, host: StoreHost) {
    this.#place = place;
    this.#host = host;
  }

  /** As they were seen last. */
  get settings(): ServerSettings | null {
    return this.#settings;
  }

  /** As it is now. */
  get promise(): StorePromise | null {
    return this.#promise;
  }

  see(settings: ServerSettings): void {
    const before = this.#promise;
    const promise = promiseOf(settings);
    this.#settings = settings;
    this.#promise = promise;
    if (before !== null && told(before) === told(promise)) return;
    if (before !== null) {
      this.#host.log("WARNING", `The settings of ${this.#place} have changed: now ${promise.text}`);
    }
    for (const { level, text } of promise.remarks) {
      this.#host.log(level, `${this.#place}: ${text}`);
    }
  }
}

function told({ text, remarks }: StorePromise): string {
  return [text, ...remarks.map((remark) => remark.text)].join("\n");
}
