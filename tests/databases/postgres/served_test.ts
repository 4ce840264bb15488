/** What clients of cogd notice of a PostgreSQL server that fails. */

import assert from "node:assert/strict";
import test from "node:test";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing, startCogd, WireClient } from "../../support/mod.ts";
import { eventually, exerciseServed, LOAD_FUNCTION } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

/** gearmand's options; the password where nobody sees it. */
function commandLine({ server, name, database, password }: TestSchema) {
  const conninfo = `host=127.0.0.1 port=${server.port} user=${name} dbname=${database}`;
  return {
    args: ["-q", "Postgres", `--libpq-conninfo=${conninfo}`],
    env: { PGPASSWORD: password },
  };
}

if (server !== null) {
  exerciseServed({
    name: "postgres",
    server,
    async newPlace() {
      const schema = await TestSchema.create(server);
      return {
        ...commandLine(schema),
        open: (options) => schema.open(options),
        killSessions: () => schema.killSessions(),
        countSessions: async () => (await schema.sessions()).length,
        keys: async () => (await schema.rows("SELECT key FROM cogd_job")).map(Number),
        remove: () => schema.remove(),
      };
    },
  });
}

test("cogd on postgres: with idle_session_timeout and pauses no submission fails", {
  skip: missing,
}, async () => {
  await using schema = await TestSchema.create(server!);
  await schema.rows(`ALTER USER ${schema.name} SET idle_session_timeout TO '700ms'`);
  await using cogd = await startCogd(commandLine(schema));
  await using client = await WireClient.connect(cogd.port);
  for (let i = 0; i < 3; i++) {
    await eventually(async () => (await schema.sessions()).length === 0, "idle_session_timeout");
    client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: "x" });
    await client.expect("JOB_CREATED");
  }
  assert.doesNotMatch(cogd.process.stderr, /ERROR|WARNING/);
});

test("cogd on postgres: the start line tells what acknowledged jobs survive", {
  skip: missing,
}, async () => {
  await using schema = await TestSchema.create(server!);
  const startLine = async () => {
    await using cogd = await startCogd(commandLine(schema));
    return cogd.startLine;
  };
  assert.match(await startLine(), /queue postgres 127\.0\.0\.1:[0-9]+\/cogd: .*survive power loss/);
  await schema.rows(`ALTER USER ${schema.name} SET synchronous_commit TO off`);
  assert.match(
    await startLine(),
    /survive a restart of cogd; a crash of the database server loses those of the last second/,
  );
});

test(
  "postgres: the server of the served tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
