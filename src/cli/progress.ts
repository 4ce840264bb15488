import process from "node:process";

const INTERVAL_MS = 200;

/**
 * A line on a terminal's standard error that says how far a long command is, written over and over, and
 * gone at the end. Shown only where standard error is a terminal and the output goes elsewhere.
 */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #total: number | undefined;
  readonly #what: string;
  readonly #now: () => number;
  #done = 0;
  #shownAt: number;
  #shown = false;

  /** `total`: undefined where nobody knows it. */
  constructor(
    what: string,
    total: number | undefined,
    write: (text: string) => void,
    now: () => number = Date.now,
  ) {
    this.#what = what;
    this.#total = total;
    this.#write = write;
    this.#now = now;
    this.#shownAt = now();
  }

  /** Whether a progress line would disturb nobody. */
  static isWelcome(outputIsSilent: boolean): boolean {
    return process.stderr.isTTY === true && (outputIsSilent || process.stdout.isTTY !== true);
  }

  /** One more is done. */
  step(): void {
    this.reach(this.#done + 1);
  }

  /** So many are done. */
  reach(done: number): void {
    this.#done = done;
    if (this.#now() - this.#shownAt >= INTERVAL_MS) this.show();
  }

  /** Writes the line at once. */
  show(): void {
    this.#shownAt = this.#now();
    this.#shown = true;
    const of = this.#total === undefined ? "" : ` of ${this.#total}`;
    this.#write(`\r\x1b[K${this.#done}${of} ${this.#what}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) this.#write("\r\x1b[K");
    this.#shown = false;
  }
}
