import { AcceptFailures } from "./accept_failures.ts";
import {
  DescriptorsReservedError,
  firstReservedDescriptor,
  nextDescriptor,
} from "./descriptors.ts";
import type { ListenerHandler } from "./listener.ts";

/** How long to wait before accepting is tried again, milliseconds. */
const RETRY_MS = 100;

/** Failures that are one peer's: it left before it was accepted. */
const PEER_LEFT = ["ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPROTO"];

/** What is used of Deno's listeners, plain and TLS. */
export interface AcceptingSocket<Conn> {
  accept(): Promise<Conn>;
  close(): void;
}

/** Accepts on one listening socket until it is closed. */
export class DenoAcceptLoop<Conn> {
  readonly #socket: AcceptingSocket<Conn>;
  readonly #accepted: (conn: Conn) => void;
  readonly #failures: AcceptFailures;
  readonly #firstReserved = firstReservedDescriptor();
  readonly #accepting: Promise<void>;
  #closed = false;
  #stopWaiting: (() => void) | undefined;

  /** `accepted` may throw, as `ListenerHandler.connection` may. */
  constructor(
    socket: AcceptingSocket<Conn>,
    handler: ListenerHandler,
    accepted: (conn: Conn) => void,
  ) {
    this.#socket = socket;
    this.#accepted = accepted;
    this.#failures = new AcceptFailures(handler);
    this.#accepting = this.#accept();
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#socket.close();
      this.#stopWaiting?.();
    }
    // The accept that waits holds the port until it has been cancelled.
    return this.#accepting;
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        // Those that come wait in the kernel's queue.
        if (nextDescriptor() >= this.#firstReserved) {
          throw new DescriptorsReservedError(this.#firstReserved);
        }
        this.#accepted(await this.#socket.accept());
        this.#failures.succeeded();
      } catch (cause) {
        if (this.#closed) return;
        if (hasCode(cause, PEER_LEFT)) continue;
        this.#failures.failed(cause);
        await this.#waitBeforeRetry();
      }
    }
  }

  /** The same call would fail again at once. */
  async #waitBeforeRetry(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function hasCode(cause: unknown, codes: readonly string[]): boolean {
  return cause instanceof Error && "code" in cause && codes.includes(String(cause.code));
}
