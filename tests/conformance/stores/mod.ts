/**
 * What every store must do, as tests. A store's own test file calls `exerciseStore`; see
 * plugins/README.md. The suite itself is examined by `suite_test.ts`.
 */

import test from "node:test";
import { ADDING } from "./adding.ts";
import { ATOMICITY } from "./atomicity.ts";
import { HIGH_WATER } from "./high_water.ts";
import { NAMES } from "./names.ts";
import { OPENING } from "./opening.ts";
import { RECORDS } from "./records.ts";
import { REMOVING } from "./removing.ts";
import { REPEATING } from "./repeating.ts";
import { SERVING_MEANWHILE } from "./serving_meanwhile.ts";
import type { StoreCase, StoreTopic, StoreUnderTest } from "./store_case.ts";
import { UPDATING } from "./updating.ts";
import { VOLUME } from "./volume.ts";
import { WORKLOADS } from "./workloads.ts";

export { assertRefuses, assertSameJobs, type Held, replayed } from "./expectations.ts";
export { emptyDisk, type ModelDisk, ModelStore } from "./model_store.ts";
export { batchOf, bytesFrom, recordOf, sampleJob, sampleJobs, updateOf } from "./samples.ts";
export type { StorePlace, StoreUnderTest } from "./store_case.ts";

/** The whole suite, by topic. */
export const STORE_TOPICS: readonly StoreTopic[] = [
  OPENING,
  ADDING,
  REPEATING,
  UPDATING,
  REMOVING,
  RECORDS,
  ATOMICITY,
  NAMES,
  WORKLOADS,
  VOLUME,
  HIGH_WATER,
  SERVING_MEANWHILE,
];

/** Registers the suite as tests of this store. No store may leave out a case: traits decide. */
export function exerciseStore(store: StoreUnderTest): void {
  for (const topic of STORE_TOPICS) {
    for (const one of topic.cases) {
      if (one.concerns?.(store) === false) continue;
      test(`${store.name}, ${topic.name}: ${one.name}`, () => runCase(one, store));
    }
  }
}

/** Runs one case in a place of its own. Rejects when the store does not do what it must. */
export async function runCase(one: StoreCase, store: StoreUnderTest): Promise<void> {
  const place = await store.newPlace();
  try {
    await one.run(place, store);
  } finally {
    await place.remove();
  }
}
