import { StoreError } from "../plugin_api/mod.ts";
import type { Records } from "./running_server.ts";

/** Where records become durable. Settles when the store has it; rejects with a `StoreError`. */
export type PutRecord = (name: string, value: Uint8Array | null) => Promise<void>;

const RECORD_NAME = /^[\x20-\x7e]{1,200}$/;
const MAX_VALUE_BYTES = 1024 * 1024;

/** The records that the store has, but for those that belong to jobs and keys. */
export class KnownRecords implements Records {
  readonly #values = new Map<string, Uint8Array>();
  readonly #store: PutRecord | null;

  /** `store` null: kept in memory only. It tells `stored` of each record before it settles. */
  constructor(store: PutRecord | null) {
    this.#store = store;
  }

  *entries(prefix: string): Iterable<readonly [string, Uint8Array]> {
    for (const entry of [...this.#values]) if (entry[0].startsWith(prefix)) yield entry;
  }

  async put(name: string, value: Uint8Array | null): Promise<void> {
    if (!RECORD_NAME.test(name) || (value !== null && value.length > MAX_VALUE_BYTES)) {
      throw new StoreError(
        "TOO_LARGE",
        `Cannot store the setting ${JSON.stringify(name.slice(0, 200))}: names may have 200 ` +
          `characters of printable ASCII, values ${MAX_VALUE_BYTES} bytes`,
      );
    }
    if (this.#store === null) this.stored(name, value);
    else await this.#store(name, value);
  }

  /** The store has it, or had it at the start. */
  stored(name: string, value: Uint8Array | null): void {
    if (value === null) this.#values.delete(name);
    else this.#values.set(name, value);
  }
}
