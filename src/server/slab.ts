const SLAB_BYTES = 64 * 1024;

/**
 * Memory into which the frames of all connections are written one behind the other. Neighbouring
 * frames of one connection become one write; a full slab is left to whoever still sends from it.
 */
export class Slab {
  bytes = new Uint8Array(SLAB_BYTES);
  #used = 0;

  /** Room for `size` bytes (at most `Slab.LARGEST`); answers where it begins in `bytes`. */
  reserve(size: number): number {
    if (this.#used + size > SLAB_BYTES) {
      this.bytes = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    return start;
  }

  /** Frames above this size get memory of their own. */
  static readonly LARGEST = 16 * 1024;
}
