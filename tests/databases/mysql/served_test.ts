/** What clients of cogd notice of a MySQL server that fails. */

import assert from "node:assert/strict";
import test from "node:test";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing, startCogd, WireClient } from "../../support/mod.ts";
import { eventually, exerciseServed, LOAD_FUNCTION } from "../mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

/** gearmand's options; the password where nobody sees it. */
function commandLine(database: TestDatabase) {
  const url = new URL(database.url());
  return {
    args: [
      "-q",
      "MySQL",
      `--mysql-host=${url.hostname}`,
      `--mysql-port=${url.port}`,
      `--mysql-user=${url.username}`,
      `--mysql-db=${database.name}`,
    ],
    env: { COGD_MYSQL_PASSWORD: decodeURIComponent(url.password) },
  };
}

if (server !== null) {
  exerciseServed({
    name: "mysql",
    server,
    async newPlace() {
      const database = await TestDatabase.create(server);
      return {
        ...commandLine(database),
        open: (options) => database.open(options),
        killSessions: () => database.killSessions(),
        countSessions: async () => (await database.sessions()).length,
        keys: async () => (await database.rows("SELECT job_key FROM cogd_jobs")).map(Number),
        remove: () => database.remove(),
      };
    },
  });
}

test(
  "cogd on mysql: with wait_timeout=1 and pauses no submission fails",
  { skip: missing },
  async () => {
    await using database = await TestDatabase.create(server!);
    await server!.sql("SET GLOBAL wait_timeout = 1");
    try {
      await using cogd = await startCogd(commandLine(database));
      await using client = await WireClient.connect(cogd.port);
      for (let i = 0; i < 3; i++) {
        await eventually(async () => (await database.sessions()).length === 0, "wait_timeout");
        client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: "x" });
        await client.expect("JOB_CREATED");
      }
      assert.doesNotMatch(cogd.process.stderr, /ERROR|WARNING/);
    } finally {
      await server!.sql("SET GLOBAL wait_timeout = 28800");
    }
  },
);

test("cogd on mysql: a workload beyond max_allowed_packet is refused at once, nothing is sent", {
  skip: missing,
}, async () => {
  await using database = await TestDatabase.create(server!);
  await server!.sql("SET GLOBAL max_allowed_packet = 1048576");
  try {
    await using cogd = await startCogd(commandLine(database));
    await using client = await WireClient.connect(cogd.port);
    const sessions = await database.sessions();
    for (const size of [1024 * 1024, 1000]) {
      client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: new Uint8Array(size) });
    }
    assert.equal((await client.expect("ERROR")).args[0], "QUEUE_ERROR");
    await client.expect("JOB_CREATED");
    assert.deepEqual(await database.sessions(), sessions);
  } finally {
    await server!.sql("SET GLOBAL max_allowed_packet = 16777216");
  }
});

test(
  "mysql: the server of these tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
