/** What happens to a Redis server happens to a real one here. */

import test from "node:test";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");

if (missing === false) {
  const redis = await startRedis();
  exerciseFaults({
    name: "redis",
    server: redis,
    newPlace: () => TestPrefix.create(redis),
  });
  test("redis: the server of these tests ends", () => redis[Symbol.asyncDispose]());
} else {
  test("redis: faults", { skip: missing }, () => {});
}
