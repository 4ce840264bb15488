import type { Latency } from "./plan.ts";

/** More samples than this say nothing more about the 99th percentile. */
const MOST_SAMPLES = 500_000;

/** Times from submission to result, milliseconds. */
export class LatencySamples {
  readonly #samples = new Float32Array(MOST_SAMPLES);
  #count = 0;

  add(milliseconds: number): void {
    if (this.#count < MOST_SAMPLES) this.#samples[this.#count++] = milliseconds;
  }

  clear(): void {
    this.#count = 0;
  }

  summary(): Latency | null {
    if (this.#count === 0) return null;
    const sorted = this.#samples.slice(0, this.#count).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, sorted.length * share | 0)]!;
    return { p50: at(0.5), p99: at(0.99) };
  }
}
