/** Two servers on one queue in PostgreSQL, and what a session that was given up still does there. */

import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { assertRefuses, batchOf, sampleJob } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { deadline, PATIENCE_MS, programMissing, TcpProxy } from "../../support/mod.ts";
import { assertKeys, commitUntilHeld, eventually, exerciseLease, witness } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

if (server !== null) {
  exerciseLease({ name: "postgres", newPlace: () => TestSchema.create(server) });
}

test(
  "postgres: what a server wrote and never heard of is there for the standby, and nothing after it",
  {
    skip: missing,
  },
  async () => {
    await using schema = await TestSchema.create(server!);
    await using proxy = await TcpProxy.start(server!.port);
    const first = await schema.open({ port: proxy.port, process: witness("web1") });
    await first.commit(batchOf({ add: [sampleJob(1)] }));
    const held = proxy.holdAtTurn({ turn: 1, of: "reply" });
    const late = first.commit(batchOf({ add: [sampleJob(2)], remove: [1] }));
    late.catch(() => {});
    await deadline(held, PATIENCE_MS, "the commit");
    const second = await schema.open({ process: witness("web2", true) });
    await second.commit(batchOf({ add: [sampleJob(3)] }));
    await proxy.resume();
    await assert.rejects(late);
    await assertRefuses(first.commit(batchOf({ add: [sampleJob(4)] })), "TAKEN_OVER");
    await Promise.all([first.close(), second.close()]);
    await assertKeys(schema, [2, 3]);
  },
);

test(
  "postgres: a write that was stuck in the server takes no effect after a new session has begun",
  {
    skip: missing,
  },
  async () => {
    await using schema = await TestSchema.create(server!);
    const store = await schema.open({ process: witness("web1") });
    await store.commit(batchOf({ add: [sampleJob(1)] }));
    const [stuck] = await schema.sessions();
    process.kill(stuck!, "SIGSTOP");
    const late = store.commit(batchOf({ add: [sampleJob(2)] }));
    // Given up after its deadline; the next commit begins a session, which ends the one that is stuck.
    await assertRefuses(late, "UNKNOWN_OUTCOME");
    await commitUntilHeld(store, batchOf({ add: [sampleJob(3)] }));
    process.kill(stuck!, "SIGCONT");
    await eventually(async () => !(await schema.sessions()).includes(stuck!), "its end");
    await store.close();
    await assertKeys(schema, [1, 3]);
  },
);

test(
  "postgres: the server of the lease tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
