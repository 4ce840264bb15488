import type { Clock } from "../../src/server/mod.ts";

/** Time that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #setBy = 0;
  #timers: { at: number; callback: () => void }[] = [];

  readonly now = (): number => this.#now + this.#setBy;

  readonly steady = (): number => this.#now;

  readonly later = (ms: number, callback: () => void): () => void => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  /** Shows another time from now on; timers do not notice. */
  set(byMs: number): void {
    this.#setBy += byMs;
  }

  /** Moves time on, ringing each timer at its time. */
  pass(ms: number): void {
    const end = this.#now + ms;
    while (true) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
  }
}
