import { Buffer } from "node:buffer";

/** Bytes that arrived and were not read yet, in order. Joins chunks only when it must. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first `count` bytes without taking them; undefined when fewer are there. */
  peek(count: number): Uint8Array | undefined {
    if (this.#length < count) return undefined;
    if ((this.#chunks[0]?.length ?? 0) < count) this.#join();
    return this.#chunks[0]?.subarray(0, count) ?? new Uint8Array(0);
  }

  /** Takes the first `count` bytes; undefined (and nothing taken) when fewer are there. */
  take(count: number): Uint8Array | undefined {
    const bytes = this.peek(count);
    if (bytes === undefined || count === 0) return bytes;
    const first = this.#chunks[0]!;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    this.#length -= count;
    return bytes;
  }

  /** Takes everything. */
  takeAll(): Uint8Array {
    return this.take(this.#length)!;
  }

  /** Takes up to and including the first `mark`; undefined while it has not come. */
  takeThrough(mark: Uint8Array): Uint8Array | undefined {
    this.#join();
    const first = this.#chunks[0];
    const at = first === undefined ? -1 : Buffer.from(
      first.buffer,
      first.byteOffset,
      first.length,
    ).indexOf(mark);
    return at < 0 ? undefined : this.take(at + mark.length);
  }

  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
  }
}
