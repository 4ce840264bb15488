/**
 * What Deno's sockets are read into. A read that waits keeps its buffer, so the size is what an
 * idle connection costs: it starts small and follows what the peer sends. Figures in
 * docs/decisions/sockets.md.
 */

/** Bytes. The first holds any request without a workload; the last is what one read may bring. */
const SIZES = [512, 4 * 1024, 16 * 1024, 64 * 1024] as const;
const LARGEST = SIZES.length - 1;

/** How many free buffers of each size are kept; the smallest are parts of slabs and kept all. */
const KEPT = [Infinity, 256, 64, 32] as const;
const SLAB_BYTES = 64 * 1024;

/** A peer of small packets that sent a larger one now and then gets the smallest size after these. */
const SMALL_READS_BEFORE_SMALLEST = 16;

const free: Uint8Array<ArrayBuffer>[][] = SIZES.map(() => []);

/** The buffer of one connection: `bytes` is for the next read. */
export class ReadBuffer {
  #level = 0;
  #smallReads = 0;
  bytes: Uint8Array<ArrayBuffer> = taken(0);

  /** Makes `bytes` fit a peer whose last read brought `count` bytes. */
  follow(count: number): void {
    const level = this.#levelAfter(count);
    if (level === this.#level) return;
    this.release();
    this.#level = level;
    this.bytes = taken(level);
  }

  /** Gives the buffer back. Only when no read waits any more. */
  release(): void {
    const kept = free[this.#level]!;
    if (kept.length < KEPT[this.#level]!) kept.push(this.bytes);
  }

  #levelAfter(count: number): number {
    // Full: there is probably more.
    if (count === this.bytes.length) return Math.min(this.#level + 1, LARGEST);
    if (count > SIZES[0]) {
      this.#smallReads = 0;
      return SIZES.findIndex((size) => count <= size);
    }
    if (this.#level === 0) return 0;
    if (++this.#smallReads < SMALL_READS_BEFORE_SMALLEST) return 1;
    this.#smallReads = 0;
    return 0;
  }
}

function taken(level: number): Uint8Array<ArrayBuffer> {
  const kept = free[level]!;
  const bytes = kept.pop();
  if (bytes !== undefined) return bytes;
  if (level > 0) return new Uint8Array(SIZES[level]!);
  const slab = new ArrayBuffer(SLAB_BYTES);
  for (let at = SIZES[0]; at < SLAB_BYTES; at += SIZES[0]) {
    kept.push(new Uint8Array(slab, at, SIZES[0]));
  }
  return new Uint8Array(slab, 0, SIZES[0]);
}
