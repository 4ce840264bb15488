import type { Idempotency, Limits } from "../core/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type { KeptOutcome, Outcomes } from "./running_server.ts";

/** An outcome with the key of the request that made its job. */
export interface KeptEntry {
  readonly outcome: KeptOutcome;
  readonly idempotency: Idempotency | null;
}

export interface KeptOutcomesParts {
  readonly limits: Limits;
  now(): number;
  wasMinted(handle: ByteString): boolean;
  /** Told of each outcome that is kept no longer. */
  gone(entry: KeptEntry): void;
}

/** Outcomes at least so far apart are looked through for expired ones, milliseconds. */
const SWEEP_MS = 10_000;

/** Outcomes of ended jobs, in memory: bounded in time, count and bytes. */
export class KeptOutcomes implements Outcomes {
  readonly #parts: KeptOutcomesParts;
  /** The oldest end first. */
  #byHandle = new Map<ByteString, KeptEntry>();
  #bytes = 0;
  #nextSweep = Infinity;
  #lastSweep = -Infinity;

  constructor(parts: KeptOutcomesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#byHandle.size;
  }

  /** When `sweep` has something to do at the earliest, milliseconds since 1970; Infinity = never. */
  get nextSweep(): number {
    return this.#nextSweep;
  }

  find(handle: ByteString): KeptOutcome | undefined {
    const outcome = this.#byHandle.get(handle)?.outcome;
    return outcome === undefined || outcome.expiresAt <= this.#parts.now() ? undefined : outcome;
  }

  *all(): Iterable<KeptOutcome> {
    const now = this.#parts.now();
    for (const { outcome } of [...this.#byHandle.values()].reverse()) {
      if (outcome.expiresAt > now) yield outcome;
    }
  }

  wasMinted(handle: ByteString): boolean {
    return this.#parts.wasMinted(handle);
  }

  add(entry: KeptEntry): void {
    this.#insert(entry);
    this.#evict();
  }

  /** What the store held when the server started, in any order. */
  takeUp(entries: readonly KeptEntry[]): void {
    const byAge = entries.toSorted((a, b) => a.outcome.finishedAt - b.outcome.finishedAt);
    for (const entry of byAge) this.#insert(entry);
    this.#evict();
  }

  /** Lets go of what has expired. */
  sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#lastSweep = now;
    this.#nextSweep = Infinity;
    for (const entry of [...this.#byHandle.values()]) {
      if (entry.outcome.expiresAt <= now) this.#remove(entry);
      else this.#sweepAt(entry.outcome.expiresAt);
    }
  }

  #insert(entry: KeptEntry): void {
    const { outcome } = entry;
    this.#byHandle.set(outcome.handle, entry);
    this.#bytes += outcome.result.length;
    this.#sweepAt(outcome.expiresAt);
  }

  #sweepAt(at: number): void {
    this.#nextSweep = Math.min(this.#nextSweep, Math.max(at, this.#lastSweep + SWEEP_MS));
  }

  #evict(): void {
    const { maxOutcomes, maxOutcomeBytes } = this.#parts.limits;
    for (const entry of this.#byHandle.values()) {
      if (this.#byHandle.size <= maxOutcomes && this.#bytes <= maxOutcomeBytes) return;
      this.#remove(entry);
    }
  }

  #remove(entry: KeptEntry): void {
    this.#byHandle.delete(entry.outcome.handle);
    this.#bytes -= entry.outcome.result.length;
    this.#parts.gone(entry);
  }
}
