/** Counts for how many sweeps in a row something has stayed as it is. */
export class Patience {
  #mark = NaN;
  #sweeps = 0;

  /** To be called at each sweep: answers the sweeps since the first one that found this mark. */
  sweepsWith(mark: number): number {
    if (mark === this.#mark) return ++this.#sweeps;
    this.#mark = mark;
    this.#sweeps = 0;
    return 0;
  }
}
