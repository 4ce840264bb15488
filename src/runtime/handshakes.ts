import type { ListenTls } from "./listener.ts";

/** Why TLS was not agreed on, where it is not the runtime that says so. */
export type TlsRefusalCode = "TOO_SLOW" | "TOO_MANY" | "NOT_AUTHORIZED" | "FAILED";

export class TlsRefusal extends Error {
  readonly code: TlsRefusalCode;
  constructor(code: TlsRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlsRefusal";
    this.code = code;
  }
}

/** A peer that has not agreed on TLS yet. */
export interface Handshake {
  /** Ends the wait. Answers false when it has ended already: the socket is closed or about to be. */
  succeeded(): boolean;
  /** The same for a handshake that did not come to a good end, which is reported once. */
  failed(cause: unknown): void;
}

/**
 * The handshakes under way of one listener. Until its end a peer is nobody's connection, so it is
 * bounded here: in time, and in number by cutting the oldest, because those who are honest are done
 * within a few round trips.
 */
export class Handshakes {
  readonly #tls: Pick<ListenTls, "handshakeMs" | "maxHandshakes" | "refused">;
  /** How to cut each, oldest first. */
  readonly #waiting = new Set<(cause: TlsRefusal) => void>();

  constructor(tls: Pick<ListenTls, "handshakeMs" | "maxHandshakes" | "refused">) {
    this.#tls = tls;
  }

  /** `close` closes the socket, when it takes too long. `peer`: address and port. */
  begin(peer: string, close: () => void): Handshake {
    const { handshakeMs, maxHandshakes, refused } = this.#tls;
    const end = () => {
      clearTimeout(timer);
      return this.#waiting.delete(cut);
    };
    const failed = (cause: unknown) => {
      if (end()) refused(peer, cause);
    };
    const cut = (cause: TlsRefusal) => {
      failed(cause);
      close();
    };
    const timer = setTimeout(
      () => cut(new TlsRefusal("TOO_SLOW", `no TLS handshake within ${handshakeMs / 1000} s`)),
      handshakeMs,
    );
    if (this.#waiting.size >= maxHandshakes) this.#cutOldest();
    this.#waiting.add(cut);
    return { succeeded: end, failed };
  }

  /** Cuts all: the listener is closed, and nobody is there to take them. */
  cutAll(): void {
    for (const cut of this.#waiting) cut(new TlsRefusal("FAILED", "the server stops listening"));
  }

  #cutOldest(): void {
    const [oldest] = this.#waiting;
    oldest?.(
      new TlsRefusal("TOO_MANY", `${this.#tls.maxHandshakes} later peers are in their handshakes`),
    );
  }
}
