import type { ListenerHandler } from "./listener.ts";

/**
 * So long without a failure ends a row of them, milliseconds. While descriptors are short, each one
 * that comes back serves one peer and the next fails: to report each of these would flood the log.
 */
const QUIET_MS = 1_000;

/** Failures to accept, reported once per row, and the row's end. */
export class AcceptFailures {
  readonly #handler: ListenerHandler;
  /** When the last of a row came; 0 outside of a row. */
  #lastAt = 0;

  constructor(handler: ListenerHandler) {
    this.#handler = handler;
  }

  failed(cause: unknown): void {
    const isFirst = this.#lastAt === 0;
    this.#lastAt = performance.now();
    if (isFirst) this.#handler.acceptFailed(cause);
  }

  /** A connection was accepted. */
  succeeded(): void {
    if (this.#lastAt === 0 || performance.now() - this.#lastAt < QUIET_MS) return;
    this.#lastAt = 0;
    this.#handler.acceptResumed();
  }
}
