/** The executables hold the driver: the same suite as from source, on a real PostgreSQL. */

import test from "node:test";
import { exerciseServed } from "../databases/mod.ts";
import { startPostgres } from "../support/databases/mod.ts";
import { COGD_BINARIES, flavourMissing, programMissing } from "../support/mod.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;
let databases = 0;

for (const flavour of COGD_BINARIES) {
  const skip = missing || flavourMissing(flavour);
  if (server === null || skip !== false) {
    test(`${flavour} on postgres`, { skip }, () => {});
    continue;
  }
  exerciseServed({
    name: "postgres",
    flavour,
    server,
    async newPlace() {
      const name = `served_${++databases}`;
      await server.sqlIn("postgres", `CREATE DATABASE ${name}`);
      const rows = async (sql: string) => (await server.sqlIn(name, sql)).split("\n").slice(0, -1);
      const sessions = "FROM pg_stat_activity WHERE datname = current_database() AND " +
        "application_name = 'cogd'";
      return {
        // gearmand's own name and option, and libpq's environment.
        args: ["-q", "Postgres", `--libpq-conninfo=dbname=${name} user=tester`],
        env: { PGHOST: "127.0.0.1", PGPORT: `${server.port}` },
        open: () => Promise.reject(new Error("cogd alone opens it")),
        killSessions: async () => void await rows(`SELECT pg_terminate_backend(pid) ${sessions}`),
        countSessions: async () => (await rows(`SELECT pid ${sessions}`)).length,
        keys: async () => (await rows("SELECT key FROM cogd_job")).map(Number),
        remove: async () =>
          void await server.sqlIn("postgres", `DROP DATABASE ${name} WITH (FORCE)`),
      };
    },
  });
}

test(
  "postgres: the server of the executables' tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
