/** The suite is examined: a correct store passes it, and each broken store fails where it must. */

import assert from "node:assert/strict";
import test from "node:test";
import type { JobStore } from "../../../src/plugin_api/mod.ts";
import { BROKEN_STORES } from "./broken_stores.ts";
import { exerciseStore, runCase, STORE_TOPICS, type StoreUnderTest } from "./mod.ts";
import { MODEL_WORKLOAD_BYTES, type ModelDisk, modelPlace } from "./model_store.ts";

function modelUnderTest(make?: (disk: ModelDisk) => JobStore): StoreUnderTest {
  return {
    name: "model",
    durability: "restart",
    maxWorkloadBytes: MODEL_WORKLOAD_BYTES,
    newPlace: () => modelPlace(make),
  };
}

exerciseStore(modelUnderTest());

/** The topic's cases that the store fails, with the reason. */
async function failures(store: StoreUnderTest, topicName: string): Promise<Map<string, unknown>> {
  const topic = STORE_TOPICS.find(({ name }) => name === topicName);
  assert(topic !== undefined, `the suite has no topic "${topicName}"`);
  const failed = new Map<string, unknown>();
  for (const one of topic.cases) {
    try {
      await runCase(one, store);
    } catch (error) {
      failed.set(one.name, error);
    }
  }
  return failed;
}

for (const { defect, topic, make } of BROKEN_STORES) {
  test(`the suite's "${topic}" finds a store that ${defect}`, async () => {
    const failed = await failures(modelUnderTest(make), topic);
    assert(failed.size > 0, "every case passed");
  });
}

test("each topic of the suite has a broken store to find", () => {
  const covered = new Set(BROKEN_STORES.map(({ topic }) => topic));
  assert.deepEqual(STORE_TOPICS.map(({ name }) => name).filter((name) => !covered.has(name)), []);
});

test("a store that promises nothing and keeps something fails", async () => {
  const store: StoreUnderTest = { ...modelUnderTest(), durability: "nothing" };
  assert((await failures(store, "adding and replaying")).size > 0);
});

test("a store that says other traits than its author fails", async () => {
  const store: StoreUnderTest = { ...modelUnderTest(), durability: "power-loss" };
  assert((await failures(store, "opening and closing")).size > 0);
});
