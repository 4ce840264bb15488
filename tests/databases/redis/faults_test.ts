/** What happens to a Redis server happens to a real one here. */

import test from "node:test";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");

if (missing === false) {
  const server = await startRedis();
  exerciseFaults({ name: "redis", server, newPlace: () => TestPrefix.create(server) });
  test("redis: the server of the fault tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("redis: faults", { skip: missing }, () => {});
}
