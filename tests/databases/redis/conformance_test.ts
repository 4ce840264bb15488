/** The Redis store against the suite that every store must pass. Each case has a Redis of its own. */

import test from "node:test";
import { runCase, STORE_TOPICS, type StorePlace } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { openRedis } from "./redis_places.ts";

async function newPlace(): Promise<StorePlace> {
  const redis = await startRedis();
  return {
    open: () => openRedis({ url: redis.url }),
    remove: () => redis[Symbol.asyncDispose](),
  };
}

const STORE = {
  name: "redis",
  durability: "power-loss",
  maxWorkloadBytes: 512 * 1024 * 1024 - 32 * 1024,
  newPlace,
} as const;

const skip = programMissing("redis-server");

for (const { name, cases } of STORE_TOPICS) {
  for (const one of cases) {
    if (one.concerns?.(STORE) === false) continue;
    test(`redis, ${name}: ${one.name}`, { skip }, () => runCase(one, STORE));
  }
}
