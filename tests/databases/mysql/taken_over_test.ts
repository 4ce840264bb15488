/** Two servers on one queue: the one that lost it ends. */

import test from "node:test";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseTakeOver } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

if (server !== null) {
  exerciseTakeOver({ name: "mysql", newPlace: () => TestDatabase.create(server) });
}

test(
  "mysql: the server of the tests of lost queues ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
