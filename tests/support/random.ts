/**
 * Random choices that a seed repeats exactly: what a test found once it finds again. The generator
 * is mulberry32 (public domain, by Tommy Ettinger): 32 bits of state, good enough for choosing.
 */
export class Random {
  readonly seed: number;
  #state: number;

  /** The seed's low 32 bits count. */
  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#state = this.seed;
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** An integer from 0 up to, not including, `end` (at most 2^32). */
  below(end: number): number {
    return Math.floor(this.uint32() / 0x1_0000_0000 * end);
  }

  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  /** One item of a list that is not empty. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** A byte string without NUL: any bytes that an argument may hold. */
  name(length: number): string {
    return Array.from({ length }, () => String.fromCharCode(this.between(1, 255))).join("");
  }
}

/** A seed for runs that are to differ; the environment variable `COGD_SEED` repeats one. */
export function seedFrom(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment["COGD_SEED"];
  return (given === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : Number(given)) >>> 0;
}
