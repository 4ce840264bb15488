import {
  type JobStore,
  type ReplayPage,
  StoreError,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";

/** Promises nothing, so it keeps nothing: the server holds the jobs anyway. */
export class MemoryStore implements JobStore {
  readonly traits: StoreTraits = {
    durability: "nothing",
    // What the length field of a packet can say.
    maxWorkloadBytes: 0xffff_ffff,
    description: "memory",
  };
  #closed = false;

  commit(): Promise<void> {
    return this.#closed ? Promise.reject(closedError()) : Promise.resolve();
  }

  async *replay(): AsyncGenerator<ReplayPage> {
    if (this.#closed) throw closedError();
    yield* [];
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

function closedError(): StoreError {
  return new StoreError("CLOSED", "Cannot use the memory store: it is closed");
}
