/** What only PostgreSQL does: each session is a process, and one that dies takes all others with it. */

import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { assertSameJobs, replayed } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { CommitLoad, eventually } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

/** One row per job, none lost, none doubled, the last state kept. */
function crashTest(
  name: string,
  disturb: (load: CommitLoad, schema: TestSchema) => Promise<void>,
): void {
  test(`postgres: ${name}`, { skip: missing }, async () => {
    await using schema = await TestSchema.create(server!);
    const store = await schema.open();
    const load = new CommitLoad(store);
    load.start();
    await load.progress(5);
    await disturb(load, schema);
    await load.stop();
    await store.close();
    const keys = (await schema.rows("SELECT key FROM cogd_job ORDER BY key")).map(Number);
    assert.deepEqual(keys, load.expected.map(({ key }) => key));
    const again = await schema.open();
    assertSameJobs((await replayed(again)).jobs, load.expected);
    await again.close();
  });
}

crashTest("the session's own process is killed with -9 under load", async (load, schema) => {
  for (let round = 0; round < 3; round++) {
    const [pid] = await schema.sessions();
    process.kill(pid!, "SIGKILL");
    await load.progress(5);
    // The server restarts itself after that, and takes no sessions meanwhile.
    await eventually(() => schema.sessions().then(() => true, () => false), "the server");
  }
});

crashTest("the server is stopped like in a crash, under load", async (load) => {
  await server!.crash();
  await server!.restart();
  await load.progress(5);
});

crashTest("the session's own process is stopped in the middle of things", async (load, schema) => {
  const [pid] = await schema.sessions();
  process.kill(pid!, "SIGSTOP");
  try {
    // It may hold locks and may yet commit: until it is gone, no other session may write.
    await eventually(() => load.codes.length > 0, "a commit that was given up");
  } finally {
    process.kill(pid!, "SIGCONT");
  }
  await load.progress(5);
  assert(!(await schema.sessions()).includes(pid!), "the stopped session was ended");
});

crashTest("the server comes back as a standby, and is promoted, under load", async (load) => {
  await server!.stop();
  await server!.place("standby.signal", "");
  await server!.restart();
  const failed = load.codes.length;
  await eventually(() => load.codes.length >= failed + 3, "commits that are refused");
  assert(load.codes.every((code) => code === "AWAY" || code === "UNKNOWN_OUTCOME"));
  await server!.sql("SELECT pg_promote()");
  await load.progress(5);
});

crashTest("somebody else holds the queue's row for a while, under load", async (load, schema) => {
  await schema.rows("BEGIN; SELECT 1 FROM cogd_queue FOR UPDATE; SELECT pg_sleep(4); COMMIT");
  assert(load.codes.every((code) => code === "LOCKED"), load.codes.join(" "));
  await load.progress(5);
});

test(
  "postgres: the server of the crash tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
