/** Two servers on one queue: the one that lost it ends. */

import test from "node:test";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseTakeOver } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const server = missing === false ? await startRedis() : null;

if (server !== null) {
  exerciseTakeOver({ name: "redis", newPlace: () => TestPrefix.create(server) });
}

test(
  "redis: the server of the tests of lost queues ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
