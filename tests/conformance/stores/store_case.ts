import type { Durability, JobStore } from "../../../src/plugin_api/mod.ts";

/** Where a store keeps its things: a folder, a database, a key prefix. Used by one case only. */
export interface StorePlace {
  /** Opens the store there. Opening it again after `close` finds what was kept. */
  open(): Promise<JobStore>;
  /** Deletes the place with all it holds. */
  remove(): Promise<void>;
}

/** A store to be examined, and what its author says of it. */
export interface StoreUnderTest {
  /** Stands before the name of each test. */
  readonly name: string;
  /** Its `traits.durability`. The suite expects back what that promises, and nothing if it is nothing. */
  readonly durability: Durability;
  /** Its `traits.maxWorkloadBytes`. */
  readonly maxWorkloadBytes: number;
  /** A new, empty place. */
  newPlace(): Promise<StorePlace>;
}

/** One thing that every store must do. */
export interface StoreCase {
  /** A sentence. */
  readonly name: string;
  /** Whether it concerns a store with these traits; without it, it concerns all. */
  concerns?(store: StoreUnderTest): boolean;
  run(place: StorePlace, store: StoreUnderTest): Promise<void>;
}

/** Cases that belong together; one file each. */
export interface StoreTopic {
  readonly name: string;
  readonly cases: readonly StoreCase[];
}
