/** A result as it grows, up to a bound. */
export class BoundedOutput {
  readonly #most: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a piece. Answers false once it is too much: then nothing is kept any more. */
  push(bytes: Uint8Array): boolean {
    this.#length += bytes.length;
    if (this.tooMuch) this.#pieces = [];
    else this.#pieces.push(bytes);
    return !this.tooMuch;
  }

  get tooMuch(): boolean {
    return this.#length > this.#most;
  }

  /** All of it, joined. */
  take(): Uint8Array {
    const [first, ...others] = this.#pieces;
    if (first !== undefined && others.length === 0) return first;
    const whole = new Uint8Array(this.tooMuch ? 0 : this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
