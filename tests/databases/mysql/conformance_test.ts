/** The suite that every store passes, on a real MariaDB, by a user with no more than needed. */

import test from "node:test";
import { exerciseStore } from "../../conformance/stores/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
/** MariaDB's default `max_allowed_packet`, less what a job needs beside its workload. */
const MAX_WORKLOAD_BYTES = 16 * 1024 * 1024 - 32 * 1024;

if (missing === false) {
  const server = await startMariadb();
  for (const charset of ["utf8mb4", "latin1"]) {
    exerciseStore({
      name: `mysql (${charset})`,
      durability: "power-loss",
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      newPlace: () => TestDatabase.create(server, { charset }),
    });
  }
  test("mysql: the server of these tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("mysql: conformance", { skip: missing }, () => {});
}
