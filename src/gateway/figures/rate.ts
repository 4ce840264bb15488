/** Windows of the rates, seconds: one, five and fifteen minutes, as the system's load averages. */
export const RATE_WINDOWS = [60, 300, 900] as const;

/**
 * How fast a counter rises: exponentially weighted means over `RATE_WINDOWS`, per second. They begin
 * at 0, so a long window needs its time to fill.
 */
export class Rate {
  readonly means = new Float64Array(RATE_WINDOWS.length);
  #last = 0;

  /** `total` is the counter now, `seconds` how long ago the last call was. */
  update(total: number, seconds: number): void {
    if (seconds <= 0) return;
    const current = (total - this.#last) / seconds;
    this.#last = total;
    RATE_WINDOWS.forEach((window, at) => {
      this.means[at]! += (1 - Math.exp(-seconds / window)) * (current - this.means[at]!);
    });
  }
}
