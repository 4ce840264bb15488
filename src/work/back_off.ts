const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** Growing pauses for something that fails again and again: doubled from 100 ms to 30 s. */
export class BackOff {
  #failures = 0;

  /** The pause after one more failure, milliseconds. */
  next(): number {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#failures++, 10));
  }

  /** It has worked: the next pause is a short one. */
  reset(): void {
    this.#failures = 0;
  }
}
