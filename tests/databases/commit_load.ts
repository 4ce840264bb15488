import { setTimeout as sleep } from "node:timers/promises";
import {
  backOffMs,
  type JobStore,
  type StoreBatch,
  type StoredJob,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { batchOf, sampleJob, updateOf } from "../conformance/stores/mod.ts";
import { deadline } from "../support/mod.ts";
import { eventually } from "./eventually.ts";

/** Codes after which the server repeats a batch (`StoreWriter`). */
const PASSING = new Set(["AWAY", "LOCKED", "UNKNOWN_OUTCOME"]);

/**
 * Commits as the server does: the same batch again, with its pauses. Answers the codes of failed
 * attempts, which are added to `codes` as they come.
 */
export async function commitUntilHeld(
  store: JobStore,
  batch: StoreBatch,
  boundMs = 120_000,
  codes: string[] = [],
): Promise<string[]> {
  let failures = 0;
  const end = performance.now() + boundMs;
  for (;;) {
    try {
      await deadline(store.commit(batch), boundMs, "a commit to settle");
      return codes;
    } catch (error) {
      if (!(error instanceof StoreError) || !PASSING.has(error.code)) throw error;
      if (performance.now() > end) throw error;
      codes.push(error.code);
      await sleep(backOffMs(++failures));
    }
  }
}

/** Commits one batch after the other, and knows what must be held. */
export class CommitLoad {
  readonly #store: JobStore;
  readonly #expected = new Map<number, StoredJob>();
  #nextKey: number;
  #held = 0;
  #stopping = false;
  #failure: unknown = null;
  #running: Promise<void> = Promise.resolve();
  /** Codes of failed attempts, in their order. */
  readonly codes: string[] = [];

  constructor(store: JobStore, firstKey = 1) {
    this.#store = store;
    this.#nextKey = firstKey;
  }

  /** Batches held so far. */
  get held(): number {
    return this.#held;
  }

  /** What the store must hold once the load has stopped, by rising keys. */
  get expected(): StoredJob[] {
    return [...this.#expected.values()];
  }

  start(): void {
    this.#running = this.#run();
    this.#running.catch((error) => this.#failure = error);
  }

  /** Settles when so many more batches are held. Rejects if the load ended or `ms` have passed: a server that was
   * away may need long to be itself again. */
  async progress(batches: number, ms = 120_000): Promise<void> {
    const goal = this.#held + batches;
    await eventually(
      () => {
        if (this.#failure !== null) throw this.#failure;
        return this.#held >= goal;
      },
      `${batches} commits (failed attempts: ${this.codes.join(" ")})`,
      ms,
    );
  }

  /** Lets the commit under way be held. Rejects with what ended the load early. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await deadline(this.#running, 120_000, "the last commit");
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const { batch, take } = this.#nextBatch();
      await commitUntilHeld(this.#store, batch, 120_000, this.codes);
      take();
      this.#held++;
    }
  }

  /** Ten jobs come, five of the oldest go, two come back. */
  #nextBatch(): { batch: StoreBatch; take: () => void } {
    const add = Array.from({ length: 10 }, () => sampleJob(this.#nextKey++));
    const old = [...this.#expected.keys()];
    const remove = old.slice(0, 5);
    const update = old.slice(-2).filter((key) => !remove.includes(key))
      .map((key) => updateOf(key, { attempts: this.#held + 1 }));
    return {
      batch: batchOf({ add, remove, update }),
      take: () => {
        for (const job of add) this.#expected.set(job.key, job);
        for (const key of remove) this.#expected.delete(key);
        for (const { key, attempts } of update) {
          this.#expected.set(key, { ...this.#expected.get(key)!, attempts });
        }
      },
    };
  }
}
