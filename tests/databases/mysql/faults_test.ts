/** What happens to a MySQL server happens to a real MariaDB here. */

import test from "node:test";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults, type FaultPlace } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");

if (missing === false) {
  const server = await startMariadb();
  exerciseFaults({
    name: "mysql",
    server,
    async newPlace(): Promise<FaultPlace> {
      const database = await TestDatabase.create(server);
      return {
        open: (options) => database.open(options),
        killSessions: () => database.killSessions(),
        countSessions: async () => (await database.sessions()).length,
        keys: async () => (await database.rows("SELECT job_key FROM cogd_jobs")).map(Number),
        remove: () => database.remove(),
      };
    },
  });
  test("mysql: the server of these tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("mysql: faults", { skip: missing }, () => {});
}
