import type { Log } from "./log.ts";
import { watchCrashes, watchSignals } from "./signals.ts";

/** Who asks the server to end, and how: signals, operators over HTTP, and errors that nobody caught. */
export class StopRequests {
  /** Settles when it is to stop now; rejects when it must because of an error that nobody caught. */
  readonly now: Promise<undefined>;
  /** Settles when it is to stop once no job is left. */
  readonly gracefully: Promise<void>;
  readonly #watches: (() => void)[];
  readonly #handlers: { stop(): void; drain(): void };
  #log: Log | undefined;
  #reload: () => void = () => {};

  constructor() {
    const now = Promise.withResolvers<undefined>();
    const gracefully = Promise.withResolvers<void>();
    this.now = now.promise;
    this.gracefully = gracefully.promise;
    this.now.catch(() => {});
    this.#handlers = { stop: () => now.resolve(undefined), drain: () => gracefully.resolve() };
    this.#watches = [
      watchSignals({
        ...this.#handlers,
        reload: () => {
          this.#log?.log("NOTICE", "SIGHUP, reopening log file");
          this.#log?.reopen();
          this.#reload();
        },
      }),
      watchCrashes((error) => now.reject(crashOf(error))),
    ];
  }

  /** Where reopening is noted. */
  logWith(log: Log): void {
    this.#log = log;
  }

  /** What is to be read again with the log, at SIGHUP. */
  reloadWith(reload: () => void): void {
    this.#reload = reload;
  }

  /** As SIGTERM; `gracefully`: as SIGUSR1. */
  request(gracefully: boolean): void {
    if (gracefully) this.#handlers.drain();
    else this.#handlers.stop();
  }

  /** Signals have their default effect again. */
  ignore(): void {
    for (const unwatch of this.#watches) unwatch();
  }
}

function crashOf(cause: unknown): Error {
  const text = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  return new Error(`Unexpected error, stopping: ${text}`, { cause });
}
