const LF = 10;

/** Cuts a stream of bytes into lines. */
export class LineSplitter {
  readonly #keepLineFeed: boolean;
  readonly #longest: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** `longest`: bytes of one line, its LF not counted. */
  constructor(keepLineFeed: boolean, longest: number) {
    this.#keepLineFeed = keepLineFeed;
    this.#longest = longest;
  }

  /** The lines that these bytes complete. Throws `RangeError` when a line grows too long. */
  *push(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    let start = 0;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, start)) {
      this.#add(bytes.subarray(start, this.#keepLineFeed ? at + 1 : at));
      start = at + 1;
      yield this.#take();
    }
    this.#add(bytes.subarray(start));
  }

  /** The last line, if it has no LF. */
  rest(): Uint8Array | undefined {
    return this.#length === 0 ? undefined : this.#take();
  }

  #add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (this.#length > this.#longest + 1) {
      throw new RangeError(`A line is longer than ${this.#longest} bytes`);
    }
    // The caller may use the buffer again.
    this.#pieces.push(bytes.slice());
  }

  #take(): Uint8Array {
    const line = joined(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}

/** Pieces one behind the other. `length`: their bytes. */
export function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
