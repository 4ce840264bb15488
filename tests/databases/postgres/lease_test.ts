/** Two servers on one store by mistake, or on purpose: a standby that takes over. */

import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import type { ProcessWitness } from "../../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  replayed,
  sampleJob,
  sampleJobs,
} from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { deadline, programMissing, TcpProxy } from "../../support/mod.ts";
import { eventually } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

/** A process by the name of a host; whether others have ended is what it is told. */
function witness(host: string, othersAreGone = false): ProcessWitness {
  return {
    self: { host, pid: 42, startedAt: Date.UTC(2027, 0, 15, 8), machine: "m", birth: "b" },
    isGone: () => othersAreGone,
  };
}

function leaseTest(name: string, run: (schema: TestSchema) => Promise<void>): void {
  test(`postgres: ${name}`, { skip: missing }, async () => {
    await using schema = await TestSchema.create(server!);
    await run(schema);
  });
}

leaseTest("a second server is refused, and told who holds the queue", async (schema) => {
  const first = await schema.open({ process: witness("web1") });
  await assert.rejects(schema.open({ process: witness("web2") }), (error: Error) => {
    assert.match(
      error.message,
      /cogd on web1, process 42, started 2027-01-15 08:00:00 UTC holds it/,
    );
    return true;
  });
  await first.commit(batchOf({ add: sampleJobs(3) }));
  await first.close();
  const second = await schema.open({ process: witness("web2") });
  assertSameJobs((await replayed(second)).jobs, sampleJobs(3));
  await second.close();
});

leaseTest(
  "servers with other namespaces share tables and do not see each other",
  async (schema) => {
    const [a, b] = await Promise.all([
      schema.open({ namespace: "a" }),
      schema.open({ namespace: "b" }),
    ]);
    const jobsOf = (namespace: string) =>
      sampleJobs(50).map((job) => ({ ...job, namespace, unique: namespace }));
    await Promise.all([
      a.commit(batchOf({ add: jobsOf("a") })),
      b.commit(batchOf({ add: jobsOf("b") })),
    ]);
    await b.commit(batchOf({ remove: sampleJobs(25).map(({ key }) => key) }));
    await Promise.all([a.close(), b.close()]);
    for (
      const [namespace, expected] of [["a", jobsOf("a")], ["b", jobsOf("b").slice(25)]] as const
    ) {
      const again = await schema.open({ namespace });
      assertSameJobs((await replayed(again)).jobs, expected);
      await again.close();
    }
  },
);

leaseTest(
  "the queue of a server that was killed is taken at once on its host",
  async (schema) => {
    const killed = await schema.open({ process: witness("web1") });
    await killed.commit(batchOf({ add: sampleJobs(3) }));
    const began = performance.now();
    const next = await schema.open({ process: witness("web1", true) });
    assert(performance.now() - began < 5000);
    assertSameJobs((await replayed(next)).jobs, sampleJobs(3));
    await next.close();
    await killed.close();
  },
);

leaseTest("a server whose queue was taken over commits nothing any more", async (schema) => {
  const first = await schema.open({ process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  const second = await schema.open({ process: witness("web2", true) });
  await assertRefuses(first.commit(batchOf({ add: [sampleJob(2)] })), "TAKEN_OVER");
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await second.commit(batchOf({ add: [sampleJob(3)] }));
  await second.close();
  // Not even when the other one has gone: what the first has in memory is out of date.
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await first.close();
  assert.deepEqual(await schema.rows("SELECT key FROM cogd_job ORDER BY 1"), ["1", "3"]);
  const fatal = schema.log.filter((line) => line.startsWith("FATAL"));
  assert.equal(fatal.length, 1);
  assert.match(fatal[0]!, /cogd on web2, process 42/);
});

leaseTest(
  "what a server wrote and never heard of is there for the standby, and nothing after it",
  async (schema) => {
    await using proxy = await TcpProxy.start(server!.port);
    const first = await schema.open({ port: proxy.port, process: witness("web1") });
    await first.commit(batchOf({ add: [sampleJob(1)] }));
    const held = proxy.holdAtTurn({ turn: 1, of: "reply" });
    const late = first.commit(batchOf({ add: [sampleJob(2)], remove: [1] }));
    late.catch(() => {});
    await deadline(held, 10_000, "the commit");
    const second = await schema.open({ process: witness("web2", true) });
    await second.commit(batchOf({ add: [sampleJob(3)] }));
    await proxy.resume();
    await assert.rejects(late);
    await assertRefuses(first.commit(batchOf({ add: [sampleJob(4)] })), "TAKEN_OVER");
    await Promise.all([first.close(), second.close()]);
    assert.deepEqual(await schema.rows("SELECT key FROM cogd_job ORDER BY 1"), ["2", "3"]);
  },
);

leaseTest(
  "a write that was stuck in the server takes no effect after a new session has begun",
  async (schema) => {
    const store = await schema.open({ process: witness("web1") });
    await store.commit(batchOf({ add: [sampleJob(1)] }));
    const [stuck] = await schema.sessions();
    process.kill(stuck!, "SIGSTOP");
    const late = store.commit(batchOf({ add: [sampleJob(2)] }));
    // Given up after its deadline; the next commit begins a session, which ends the one that is stuck.
    await assertRefuses(late, "UNKNOWN_OUTCOME");
    await store.commit(batchOf({ add: [sampleJob(3)] }));
    process.kill(stuck!, "SIGCONT");
    await eventually(async () => !(await schema.sessions()).includes(stuck!), "its end");
    await store.close();
    assert.deepEqual(await schema.rows("SELECT key FROM cogd_job ORDER BY 1"), ["1", "3"]);
  },
);

leaseTest(
  "a lease that is not renewed is waited for until it runs out, and then taken",
  async (schema) => {
    const left = await schema.open({ process: witness("web1") });
    await left.close();
    // As if that server had vanished with its machine six seconds before the end of its lease.
    await schema.rows(
      `UPDATE cogd_queue SET holder = '{"id":"x","host":"web1","pid":1,` +
        `"startedAt":0,"machine":"","birth":""}', expires_at = clock_timestamp() + INTERVAL '6 s'`,
    );
    const began = performance.now();
    const next = await schema.open({ process: witness("web2") });
    const ms = performance.now() - began;
    assert(ms > 4000 && ms < 15_000, `it took ${ms.toFixed(0)} ms`);
    assert(schema.log.some((line) => /NOTICE .* is held by cogd on web1, process 1,/.test(line)));
    await next.close();
  },
);

leaseTest(
  "a lease is kept over any number of idle seconds and lost connections",
  async (schema) => {
    const store = await schema.open({ process: witness("web1") });
    const [term] = await schema.rows("SELECT term FROM cogd_queue");
    for (let i = 0; i < 3; i++) {
      await schema.killSessions();
      await eventually(async () => (await schema.sessions()).length === 0, "the session's end");
      await store.commit(batchOf({ add: [sampleJob(i + 1)] }));
    }
    const [later] = await schema.rows("SELECT term FROM cogd_queue");
    assert.equal(Number(later), Number(term) + 3);
    await store.close();
    const [released] = await schema.rows("SELECT holder = '' FROM cogd_queue");
    assert.equal(released, "t");
  },
);

test(
  "postgres: the server of the lease tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
