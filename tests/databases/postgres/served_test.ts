/** What clients of cogd notice of a PostgreSQL server that fails. */

import assert from "node:assert/strict";
import test from "node:test";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing, startCogd } from "../../support/mod.ts";
import { exerciseServed } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

if (server !== null) {
  exerciseServed({ name: "postgres", server, newPlace: () => TestSchema.create(server) });
}

test("cogd on postgres: the start line tells what acknowledged jobs survive", {
  skip: missing,
}, async () => {
  await using schema = await TestSchema.create(server!);
  const startLine = async () => {
    await using cogd = await startCogd(schema.commandLine());
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
