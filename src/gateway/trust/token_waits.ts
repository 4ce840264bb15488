/** Time between two looks at the tokens of those that wait, milliseconds. */
const LOOK_EVERY_MS = 1000;

export interface TokenWaitsHost {
  /** Calls back once; answers how to cancel. */
  later(ms: number, callback: () => void): () => void;
}

/**
 * Calls that go on for long, by the token that they came with, so that they end with it. Looks at the tokens
 * by one timer, which runs while there is such a call.
 */
export class TokenWaits<Token> {
  readonly #host: TokenWaitsHost;
  readonly #holds: (token: Token) => boolean;
  readonly #waits = new Map<Token, Set<() => void>>();
  #cancel: (() => void) | null = null;

  /** `holds`: whether a token counts at this moment. */
  constructor(host: TokenWaitsHost, holds: (token: Token) => boolean) {
    this.#host = host;
    this.#holds = holds;
  }

  /** Calls `ended` once, when the token does not count any more; answers how to wait no longer. */
  add(token: Token, ended: () => void): () => void {
    const others = this.#waits.get(token);
    if (others === undefined) this.#waits.set(token, new Set([ended]));
    else others.add(ended);
    if (this.#cancel === null) this.#lookLater();
    return () => this.#leave(token, ended);
  }

  #leave(token: Token, ended: () => void): void {
    const waits = this.#waits.get(token);
    if (waits?.delete(ended) !== true || waits.size > 0) return;
    this.#waits.delete(token);
    if (this.#waits.size > 0) return;
    this.#cancel?.();
    this.#cancel = null;
  }

  #lookLater(): void {
    this.#cancel = this.#host.later(LOOK_EVERY_MS, () => {
      this.#cancel = null;
      for (const [token, waits] of [...this.#waits]) {
        if (this.#holds(token)) continue;
        this.#waits.delete(token);
        for (const ended of waits) ended();
      }
      if (this.#waits.size > 0 && this.#cancel === null) this.#lookLater();
    });
  }
}
