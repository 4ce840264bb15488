import type { Clock } from "./clock.ts";

/** The server's one timer: rings when the next thing is due, however often that changes. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #setFor = Infinity;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at a time, milliseconds since 1970; Infinity = not at all. An earlier ring is fine. */
  setFor(at: number): void {
    if (at >= this.#setFor) return;
    this.#cancel?.();
    this.#setFor = at;
    this.#cancel = this.#clock.later(at - this.#clock.now(), () => {
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
