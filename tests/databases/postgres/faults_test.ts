/** What happens to a PostgreSQL server happens to a real one here. */

import test from "node:test";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { exerciseFaults, type FaultPlace } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");

if (missing === false) {
  const server = await startPostgres();
  exerciseFaults({
    name: "postgres",
    server,
    async newPlace(): Promise<FaultPlace> {
      const schema = await TestSchema.create(server);
      return {
        open: (options) => schema.open(options),
        killSessions: () => schema.killSessions(),
        countSessions: async () => (await schema.sessions()).length,
        keys: async () => (await schema.rows("SELECT key FROM cogd_job")).map(Number),
        remove: () => schema.remove(),
      };
    },
  });
  test("postgres: the server of the fault tests ends", () => server[Symbol.asyncDispose]());
} else {
  test("postgres: faults", { skip: missing }, () => {});
}
