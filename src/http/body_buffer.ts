/** Up to this size a body of known length gets its memory at once. */
const AT_ONCE_BYTES = 256 * 1024;
/** Beyond that a buffer is at most this many times what the peer has really sent. */
const GROWTH = 4;
const EMPTY = new Uint8Array(0);

/**
 * Gathers a body. Memory follows what came and not what was announced: a peer that promises 256 MiB
 * and sends nothing costs nothing. Growing by four copies a third of the body once more.
 */
export class BodyBuffer {
  /** Bytes still to come, at most; Infinity when only the end will tell. */
  #expected: number;
  #bytes: Uint8Array = EMPTY;
  #size = 0;

  constructor(expected: number) {
    this.#expected = expected;
  }

  get size(): number {
    return this.#size;
  }

  push(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(this.#capacityFor(size));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#size);
    this.#size = size;
  }

  /** All that came since the last call, in memory that nobody else holds. */
  take(): Uint8Array {
    const taken = this.#size === this.#bytes.length
      ? this.#bytes
      : this.#bytes.slice(0, this.#size);
    this.#expected -= this.#size;
    this.clear();
    return taken;
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#size = 0;
  }

  #capacityFor(size: number): number {
    if (this.#expected === Infinity) return Math.max(size, 2 * this.#bytes.length);
    return Math.min(this.#expected, Math.max(AT_ONCE_BYTES, GROWTH * size));
  }
}
