import type { Clock } from "../../server/mod.ts";

/** Waits end up to so much later than asked for, milliseconds, so that many share one ring. */
const TICK_MS = 100;

/** Calls back at given times with a single timer, however many wait. */
export class SharedAlarm {
  readonly #clock: Clock;
  readonly #ticks = new Map<number, Set<() => void>>();
  #setFor = Infinity;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once after `ms`, and up to a tenth of a second later; answers how to cancel. */
  after(ms: number, callback: () => void): () => void {
    const tick = Math.ceil((this.#clock.now() + ms) / TICK_MS);
    const known = this.#ticks.get(tick);
    const callbacks = known ?? new Set();
    callbacks.add(callback);
    if (known === undefined) this.#ticks.set(tick, callbacks);
    if (tick < this.#setFor) this.#set(tick);
    return () => {
      if (callbacks.delete(callback) && callbacks.size === 0) this.#forget(tick, callbacks);
    };
  }

  #forget(tick: number, callbacks: Set<() => void>): void {
    if (this.#ticks.get(tick) === callbacks) this.#ticks.delete(tick);
    if (this.#ticks.size === 0) this.#set(Infinity);
  }

  #set(tick: number): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#setFor = tick;
    if (tick === Infinity) return;
    const ms = tick * TICK_MS - this.#clock.now();
    this.#cancel = this.#clock.later(Math.max(0, ms), () => this.#ring());
  }

  #ring(): void {
    this.#cancel = null;
    const now = this.#clock.now();
    const due = [...this.#ticks].filter(([tick]) => tick * TICK_MS <= now);
    for (const [tick] of due) this.#ticks.delete(tick);
    this.#set(Math.min(...this.#ticks.keys()));
    for (const [, callbacks] of due) for (const callback of callbacks) callback();
  }
}

/** Parts of a beat's interval; each has its share of the callbacks, so that no moment has them all. */
const BEAT_PARTS = 30;

/** Calls everybody once in each interval, with a single timer that runs while there is anybody. */
export class SharedBeat {
  readonly #clock: Clock;
  readonly #partMs: number;
  readonly #parts = Array.from({ length: BEAT_PARTS }, () => new Set<() => void>());
  #size = 0;
  #added = 0;
  #at = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#partMs = everyMs / BEAT_PARTS;
  }

  /** Answers how to end it. */
  add(callback: () => void): () => void {
    const part = this.#parts[this.#added++ % BEAT_PARTS]!;
    part.add(callback);
    if (this.#size++ === 0) this.#set();
    return () => {
      if (!part.delete(callback) || --this.#size > 0) return;
      this.#cancel?.();
      this.#cancel = null;
    };
  }

  #set(): void {
    this.#cancel = this.#clock.later(this.#partMs, () => {
      this.#set();
      const part = this.#parts[this.#at++ % BEAT_PARTS]!;
      for (const callback of part) callback();
    });
  }
}
