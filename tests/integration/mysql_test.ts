/** The executables hold the driver: the same suite as from source, on a real MariaDB. */

import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { exerciseServed, LOAD_FUNCTION } from "../databases/mod.ts";
import { startMariadb } from "../support/databases/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  startCogd,
  WireClient,
} from "../support/mod.ts";

/** How long a client submits every 3 s to a server with wait_timeout=1; 0 leaves the test out. */
const IDLE_MINUTES = Number(process.env["COGD_IDLE_MINUTES"] ?? 0.2);
const EVERY_MS = 3000;

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;
let databases = 0;

for (const flavour of COGD_BINARIES) {
  const skip = missing || flavourMissing(flavour);
  if (server === null || skip !== false) {
    test(`${flavour} on mysql`, { skip }, () => {});
    continue;
  }
  exerciseServed({
    name: "mysql",
    flavour,
    server,
    async newPlace() {
      const name = `served_${++databases}`;
      await server.sql(`CREATE DATABASE ${name}`);
      const sessions = async () =>
        (await server.sql(
          `SELECT id FROM information_schema.processlist WHERE db = '${name}'`,
        )).split("\n").slice(0, -1);
      return {
        args: ["--queue", server.urlFor({ database: name })],
        open: () => Promise.reject(new Error("cogd alone opens it")),
        async killSessions() {
          for (const id of await sessions()) await server.sql(`KILL ${id}`);
        },
        countSessions: async () => (await sessions()).length,
        keys: async () =>
          (await server.sql(`SELECT job_key FROM ${name}.cogd_jobs`)).split("\n").slice(0, -1)
            .map(Number),
        remove: async () => void await server.sql(`DROP DATABASE ${name}`),
      };
    },
  });

  test(`${flavour} on mysql: wait_timeout=1 is a non-event for ${IDLE_MINUTES} minutes`, async () => {
    await server.sql("SET GLOBAL wait_timeout = 1; CREATE DATABASE idle");
    try {
      await using cogd = await startCogd({
        flavour,
        args: ["--queue", server.urlFor({ database: "idle" })],
      });
      await using client = await WireClient.connect(cogd.port);
      const rounds = Math.ceil(IDLE_MINUTES * 60_000 / EVERY_MS);
      for (let i = 0; i < rounds; i++) {
        await sleep(EVERY_MS);
        client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: String(i) });
        await client.expect("JOB_CREATED");
      }
      const [count] = (await server.sql("SELECT COUNT(*) FROM idle.cogd_jobs")).split("\n");
      assert.equal(Number(count), rounds);
      assert.doesNotMatch(cogd.process.stderr, /ERROR|WARNING/);
    } finally {
      await server.sql("SET GLOBAL wait_timeout = 28800; DROP DATABASE idle");
    }
  });
}

test(
  "mysql: the server of the executables' tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
