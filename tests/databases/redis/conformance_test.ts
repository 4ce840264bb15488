/** The suite that every store passes, on a real Redis, by a user who may no more than needed. */

import test from "node:test";
import { exerciseStore } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
/** Redis's default `proto-max-bulk-len`, less what a job needs beside its workload. */
const MAX_WORKLOAD_BYTES = 512 * 1024 * 1024 - 32 * 1024;

if (missing === false) {
  const redis = await startRedis();
  exerciseStore({
    name: "redis",
    durability: "power-loss",
    maxWorkloadBytes: MAX_WORKLOAD_BYTES,
    newPlace: () => TestPrefix.create(redis),
  });
  test("redis: the server of these tests ends", () => redis[Symbol.asyncDispose]());
} else {
  test("redis: conformance", { skip: missing }, () => {});
}
