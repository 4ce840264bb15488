/** The suite that every store passes, on a real PostgreSQL, by a user with no more than needed. */

import test from "node:test";
import { exerciseStore } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const MAX_WORKLOAD_BYTES = 256 * 1024 * 1024;

if (missing === false) {
  const server = await startPostgres();
  for (const encoding of ["UTF8", "LATIN1", "SQL_ASCII"]) {
    const database = `cogd_${encoding.toLowerCase()}`;
    await server.sql(
      `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' ` +
        "LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    exerciseStore({
      name: `postgres (${encoding})`,
      durability: "power-loss",
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      newPlace: () => TestSchema.create(server, { database }),
    });
  }
  test("postgres: the server of these tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("postgres: conformance", { skip: missing }, () => {});
}
