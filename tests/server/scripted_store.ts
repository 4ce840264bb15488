import type { JobStore, ReplayPage, StoreBatch, StoreTraits } from "../../src/plugin_api/mod.ts";

/** A store whose every commit is answered by the test: to see what the writer does meanwhile. */
export class ScriptedStore implements JobStore {
  readonly traits: StoreTraits = {
    durability: "power-loss",
    maxWorkloadBytes: 1000,
    description: "scripted",
  };
  /** Batches as the writer sent them. */
  readonly batches: StoreBatch[] = [];
  readonly #answers: { hold: () => void; fail: (error: Error) => void }[] = [];
  pages: ReplayPage[] = [];
  /** Answers commits at once with success; high-water marks alone are always answered so. */
  automatic = false;
  closed = false;

  commit(batch: StoreBatch): Promise<void> {
    const { add, remove, update, put } = batch;
    const isMarks = put.every(({ name }) => name.startsWith("next-"));
    if (isMarks && add.length + remove.length + update.length === 0) return Promise.resolve();
    this.batches.push(batch);
    if (this.automatic) return Promise.resolve();
    return new Promise((resolve, reject) => this.#answers.push({ hold: resolve, fail: reject }));
  }

  /** The running commit succeeds. */
  async hold(): Promise<void> {
    this.#answers.shift()!.hold();
    await turn();
  }

  /** The running commit fails. */
  async fail(error: Error): Promise<void> {
    this.#answers.shift()!.fail(error);
    await turn();
  }

  get running(): number {
    return this.#answers.length;
  }

  async *replay(): AsyncIterable<ReplayPage> {
    yield* this.pages;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Lets promises that have settled run their continuations, and the end of the turn with them. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
