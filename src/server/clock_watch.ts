import type { Clock } from "./clock.ts";

/** Readings further apart than this are looked at closely, milliseconds: what is busy reads much more often. */
const APART_MS = 500;
/** Less than this is no step, milliseconds: clocks are also set right by going faster or slower for a while. */
const SMALLEST_STEP_MS = 500;

/**
 * The clock, watched for being set: by hand, by a time server, or because the machine slept. Dates
 * follow it; what takes a time (a worker's time-out) must not end early or late for it.
 */
export class ClockWatch implements Pick<Clock, "now" | "later"> {
  readonly later: Clock["later"];
  readonly #clock: Clock;
  readonly #read: Clock["now"];
  readonly #stepped: (byMs: number) => void;
  #last: number;
  /** Of the clock, ahead of the one that is never set. */
  #ahead: number;

  /** `stepped` is told, during the first reading after it, by how many milliseconds the clock was set. */
  constructor(clock: Clock, stepped: (byMs: number) => void) {
    this.#clock = clock;
    this.#read = clock.now;
    this.#stepped = stepped;
    this.later = clock.later;
    this.#last = clock.now();
    this.#ahead = this.#last - clock.steady();
  }

  /** Milliseconds since 1970. */
  now(): number {
    const now = this.#read();
    const since = now - this.#last;
    if (since === 0) return now;
    this.#last = now;
    if (since < 0 || since > APART_MS) this.#compare(now);
    return now;
  }

  #compare(now: number): void {
    const ahead = now - this.#clock.steady();
    const by = ahead - this.#ahead;
    this.#ahead = ahead;
    if (Math.abs(by) >= SMALLEST_STEP_MS) this.#stepped(by);
  }
}
