/** Upper bounds for durations, milliseconds. */
export const DURATION_BOUNDS: readonly number[] = [
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1_000,
  2_500,
  10_000,
  60_000,
  600_000,
];

/** Upper bounds for what stores do, milliseconds: a commit to a fast disk takes less than one. */
export const STORE_BOUNDS: readonly number[] = [0.1, 0.25, 0.5, ...DURATION_BOUNDS];

/** Upper bounds for numbers of jobs: up to what one commit may hold and a little more. */
export const COUNT_BOUNDS: readonly number[] = [
  1,
  2,
  5,
  10,
  25,
  100,
  250,
  1000,
  2500,
  10_000,
  25_000,
];

/** Upper bounds for sizes, bytes. */
export const SIZE_BOUNDS: readonly number[] = [
  64,
  256,
  1024,
  4096,
  16_384,
  65_536,
  262_144,
  1_048_576,
  16_777_216,
  268_435_456,
];

/** How often a value fell between fixed bounds. To count one takes no memory. */
export class Histogram {
  /** Rising; a value belongs to the first bound that it does not exceed. */
  readonly bounds: readonly number[];
  /** One count per bound, one for what exceeds the last, then the sum of all values. */
  readonly #cells: Float64Array;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#cells = new Float64Array(bounds.length + 2);
  }

  observe(value: number): void {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at++;
    this.#cells[at]!++;
    this.#cells[bounds.length + 1]! += value;
  }

  /** How many values fell into the bucket that ends at `bounds[at]`; behind the last bound, beyond it. */
  countAt(at: number): number {
    return this.#cells[at]!;
  }

  get count(): number {
    let count = 0;
    for (let at = 0; at <= this.bounds.length; at++) count += this.#cells[at]!;
    return count;
  }

  get sum(): number {
    return this.#cells[this.bounds.length + 1]!;
  }

  /**
   * The value that a share `q` (0 to 1) of all does not exceed, as if they lay evenly within their
   * bucket; the last bound for what exceeds it. Null while nothing was counted.
   */
  quantile(q: number): number | null {
    const { bounds, count } = this;
    if (count === 0) return null;
    const wanted = q * count;
    let below = 0;
    for (let at = 0; at < bounds.length; at++) {
      const here = this.#cells[at]!;
      if (here > 0 && below + here >= wanted) {
        const start = at === 0 ? 0 : bounds[at - 1]!;
        return start + (bounds[at]! - start) * ((wanted - below) / here);
      }
      below += here;
    }
    return bounds[bounds.length - 1]!;
  }

  /** Adds what another one with the same bounds has counted. */
  add(other: Histogram): void {
    this.#cells.forEach((cell, at) => this.#cells[at] = cell + other.#cells[at]!);
  }
}
