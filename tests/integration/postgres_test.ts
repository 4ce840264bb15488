/** The executables hold the driver: the same suite as from source, on a real PostgreSQL. */

import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { drainQueue, eventually, exerciseServed, SubmitLoad } from "../databases/mod.ts";
import { startPostgres } from "../support/databases/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  Random,
  seedFrom,
  startCogd,
  TcpProxy,
} from "../support/mod.ts";

const ROUNDS = Number(process.env["COGD_FAULT_ROUNDS"] ?? 20);

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

  test(`${flavour} on postgres: connections that are cut anywhere lose and double nothing`, async () => {
    const seed = seedFrom(process.env);
    console.error(`note: ${flavour} on postgres: cuts with seed ${seed}`);
    const random = new Random(seed);
    await using proxy = await TcpProxy.start(server.port);
    const database = `served_${++databases}`;
    await server.sqlIn("postgres", `CREATE DATABASE ${database}`);
    const rows = async () =>
      Number((await server.sqlIn(database, "SELECT count(*) FROM cogd_job")).trim());
    await using cogd = await startCogd({
      flavour,
      args: ["--queue", server.urlFor({ database, port: proxy.port })],
    });
    const load = await SubmitLoad.connect(cogd.port);
    load.start();
    await load.progress(100);
    for (let round = 0; round < ROUNDS; round++) {
      const direction = random.chance(0.5) ? "to-server" : "to-client";
      await proxy.cutAfter(direction, random.below(direction === "to-server" ? 8000 : 600));
      await load.progress(1);
    }
    await load.stop();
    assert.deepEqual(load.refused, []);
    assert.equal(await rows(), load.acknowledged.size, "rows in the database");
    const done = await drainQueue(cogd.port);
    assert.deepEqual(
      done.map(({ handle, workload }) => [handle, workload]),
      [...load.acknowledged],
      "each job once, in order, as it was submitted",
    );
    await eventually(async () => await rows() === 0, "all rows to be removed");
    await cogd.stop();
    await server.sqlIn("postgres", `DROP DATABASE ${database}`);
  });
}

test(
  "postgres: the server of the executables' tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
