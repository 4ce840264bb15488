/** Two servers on one queue: the one that lost it ends. */

import test from "node:test";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseTakeOver } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

if (server !== null) {
  exerciseTakeOver({ name: "postgres", newPlace: () => TestSchema.create(server) });
}

test(
  "postgres: the server of the tests of lost queues ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
