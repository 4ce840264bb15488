import type { Clock } from "./clock.ts";

/**
 * The longest sleep, milliseconds. Timers do not notice when the clock is set: looking at it once a second
 * costs next to nothing, and nothing that is due at a date is late by more.
 */
const LONGEST_SLEEP_MS = 1000;

/** The server's one timer: rings when the next thing is due, however often that changes. */
export class Alarm {
  readonly #clock: Pick<Clock, "now" | "later">;
  readonly #ring: () => void;
  #setFor = Infinity;
  #cancel: (() => void) | null = null;

  constructor(clock: Pick<Clock, "now" | "later">, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at a time, milliseconds since 1970; Infinity = not at all. An earlier ring is fine. */
  setFor(at: number): void {
    if (at >= this.#setFor) return;
    this.#cancel?.();
    this.#setFor = at;
    this.#sleep(at - this.#clock.now());
  }

  #sleep(ms: number): void {
    this.#cancel = this.#clock.later(Math.min(ms, LONGEST_SLEEP_MS), () => {
      const early = this.#setFor - this.#clock.now();
      if (early > 0) return this.#sleep(early);
      this.#setFor = Infinity;
      this.#cancel = null;
      this.#ring();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#setFor = Infinity;
  }
}
