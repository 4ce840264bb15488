/** What happens to a PostgreSQL server happens to a real one here. */

import test from "node:test";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");

if (missing === false) {
  const server = await startPostgres();
  exerciseFaults({ name: "postgres", server, newPlace: () => TestSchema.create(server) });
  test("postgres: the server of the fault tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("postgres: faults", { skip: missing }, () => {});
}
