/** The suite that every store passes, on a real PostgreSQL, by a user with no more than needed. */

import test from "node:test";
import { exerciseStore } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("postgres");
const MAX_WORKLOAD_BYTES = 256 * 1024 * 1024;

if (missing === false) {
  const server = await startPostgres();
  for (const encoding of ["UTF8", "LATIN1", "SQL_ASCII"]) {
    exerciseStore({
      name: `postgres (${encoding})`,
      durability: "power-loss",
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      newPlace: () => TestDatabase.create(server, { encoding }),
    });
  }
  test("postgres: the server of these tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("postgres: conformance", { skip: missing }, () => {});
}
