const NOTHING = new Uint8Array(0);

/** What a peer sent ahead, before its former request was answered. */
export class HeldBytes {
  #bytes: Uint8Array = NOTHING;

  get length(): number {
    return this.#bytes.length;
  }

  /** Keeps a copy, or the bytes themselves where they belong to nobody else. */
  push(bytes: Uint8Array, areOwn = false): void {
    if (areOwn && this.#bytes.length === 0) {
      this.#bytes = bytes;
      return;
    }
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
  }

  take(): Uint8Array {
    const taken = this.#bytes;
    this.#bytes = NOTHING;
    return taken;
  }
}
