/** Pieces up to this size are put together, so that many small frames do not cost a call each. */
const JOINED_BYTES = 64 * 1024;

const NOTHING = new Uint8Array(0);

/** Bytes that wait for the system to take them, in order. The arrays belong to the queue. */
export class Outgoing {
  #pieces: Uint8Array[] = [];
  #next = 0;
  #size = 0;

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  /** Puts the unsent rest of what `take` gave back to the front. */
  putBack(rest: Uint8Array): void {
    if (this.#next === 0) this.#pieces.unshift(rest);
    else this.#pieces[--this.#next] = rest;
    this.#size += rest.length;
  }

  /** The next bytes to send: one piece, or several small ones as one. Only when `size` is not 0. */
  take(): Uint8Array {
    let end = this.#next + 1;
    let length = this.#pieces[this.#next]!.length;
    while (end < this.#pieces.length && length + this.#pieces[end]!.length <= JOINED_BYTES) {
      length += this.#pieces[end++]!.length;
    }
    const taken = end === this.#next + 1
      ? this.#pieces[this.#next]!
      : joined(this.#pieces.slice(this.#next, end), length);
    this.#drop(end);
    this.#size -= length;
    return taken;
  }

  clear(): void {
    this.#pieces = [];
    this.#next = 0;
    this.#size = 0;
  }

  #drop(end: number): void {
    this.#pieces.fill(NOTHING, this.#next, end);
    this.#next = end;
    if (end === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#next = 0;
    } else if (end > 1024 && end * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(end);
      this.#next = 0;
    }
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
