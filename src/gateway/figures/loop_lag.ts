import type { Clock } from "../../server/mod.ts";
import { DURATION_BOUNDS, Histogram } from "./histogram.ts";

/** How often the event loop is looked at, milliseconds. */
const PERIOD_MS = 1_000;

/** How late timers ring: how long whatever else came had to wait. */
export class LoopLag {
  /** Milliseconds. */
  readonly lag = new Histogram(DURATION_BOUNDS);
  readonly #clock: Clock;
  readonly #monotonic: () => number;
  readonly #beat: (seconds: number) => void;
  #cancel: (() => void) | null = null;
  /** When the last timer rang, in milliseconds of `monotonic`. */
  #lastAt: number;

  /** `monotonic`: milliseconds from any start. `beat` is called once a period with the seconds since the last. */
  constructor(clock: Clock, monotonic: () => number, beat: (seconds: number) => void) {
    this.#clock = clock;
    this.#monotonic = monotonic;
    this.#beat = beat;
    this.#lastAt = monotonic();
  }

  start(): void {
    if (this.#cancel === null) this.#wait();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Milliseconds since the loop was seen to turn. */
  get silentMs(): number {
    return this.#cancel === null ? 0 : this.#monotonic() - this.#lastAt;
  }

  #wait(): void {
    this.#lastAt = this.#monotonic();
    this.#cancel = this.#clock.later(PERIOD_MS, () => {
      const passed = this.#monotonic() - this.#lastAt;
      this.lag.observe(Math.max(0, passed - PERIOD_MS));
      this.#wait();
      this.#beat(passed / 1000);
    });
  }
}
