/** What happens to a MySQL server happens to a real MariaDB here. */

import test from "node:test";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");

if (missing === false) {
  const server = await startMariadb();
  exerciseFaults({ name: "mysql", server, newPlace: () => TestDatabase.create(server) });
  test("mysql: the server of the fault tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("mysql: faults", { skip: missing }, () => {});
}
