/** Two servers on one store by mistake, or on purpose: a standby that takes over. */

import assert from "node:assert/strict";
import test from "node:test";
import type { ProcessWitness } from "../../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  bytesFrom,
  replayed,
  sampleJob,
  sampleJobs,
} from "../../conformance/stores/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { deadline, programMissing, TcpProxy } from "../../support/mod.ts";
import { TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

/** A process by the name of a host; whether others have ended is what it is told. */
function witness(host: string, othersAreGone = false): ProcessWitness {
  return {
    self: { host, pid: 42, startedAt: Date.UTC(2027, 0, 15, 8), machine: "m", birth: "b" },
    isGone: () => othersAreGone,
  };
}

function leaseTest(name: string, run: (database: TestDatabase) => Promise<void>): void {
  test(`mysql: ${name}`, { skip: missing }, async () => {
    await using database = await TestDatabase.create(server!);
    await run(database);
  });
}

leaseTest("a second server is refused, and told who holds the queue", async (database) => {
  const first = await database.open({ process: witness("web1") });
  await assert.rejects(database.open({ process: witness("web2") }), (error: Error) => {
    assert.match(
      error.message,
      /cogd on web1, process 42, started 2027-01-15 08:00:00 UTC holds it/,
    );
    return true;
  });
  await first.commit(batchOf({ add: sampleJobs(3) }));
  await first.close();
  const second = await database.open({ process: witness("web2") });
  assertSameJobs((await replayed(second)).jobs, sampleJobs(3));
  await second.close();
});

leaseTest(
  "servers with other namespaces share a database and do not see each other",
  async (database) => {
    const [a, b] = await Promise.all([
      database.open({ namespace: "a" }),
      database.open({ namespace: "b" }),
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
      const again = await database.open({ namespace });
      assertSameJobs((await replayed(again)).jobs, expected);
      await again.close();
    }
  },
);

leaseTest(
  "the queue of a server that was killed is taken at once on its host",
  async (database) => {
    const killed = await database.open({ process: witness("web1") });
    await killed.commit(batchOf({ add: sampleJobs(3) }));
    const began = performance.now();
    const next = await database.open({ process: witness("web1", true) });
    assert(performance.now() - began < 5000);
    assertSameJobs((await replayed(next)).jobs, sampleJobs(3));
    await next.close();
    await killed.close();
  },
);

leaseTest("a server whose queue was taken over commits nothing any more", async (database) => {
  const first = await database.open({ process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  const second = await database.open({ process: witness("web2", true) });
  await assertRefuses(first.commit(batchOf({ add: [sampleJob(2)] })), "TAKEN_OVER");
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await second.commit(batchOf({ add: [sampleJob(3)] }));
  await second.close();
  // Not even when the other one has gone: what the first has in memory is out of date.
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await first.close();
  assert.deepEqual(await database.rows("SELECT job_key FROM cogd_jobs ORDER BY 1"), ["1", "3"]);
  const fatal = database.log.filter((line) => line.startsWith("FATAL"));
  assert.equal(fatal.length, 1);
  assert.match(fatal[0]!, /cogd on web2, process 42/);
});

leaseTest(
  "a transaction that its server left open does not keep a standby out",
  async (database) => {
    await using proxy = await TcpProxy.start(server!.port);
    const first = await database.open({ port: proxy.port, process: witness("web1") });
    await first.commit(batchOf({ add: [sampleJob(1)] }));
    // From the third request on its machine is gone: the server has an open transaction with locks.
    // Large enough to be sent in several pieces.
    const large = sampleJob(2, { workload: bytesFrom(2, 100_000) });
    const held = proxy.holdAtTurn({ turn: 2, of: "reply" });
    const late = first.commit(batchOf({ add: [large], remove: [1] }));
    late.catch(() => {});
    await deadline(held, 10_000, "the open transaction");
    const second = await database.open({ process: witness("web2", true) });
    await second.commit(batchOf({ add: [sampleJob(3)] }));
    await proxy.resume();
    await assert.rejects(late);
    await assertRefuses(first.commit(batchOf({ add: [sampleJob(4)] })), "TAKEN_OVER");
    await Promise.all([first.close(), second.close()]);
    assert.deepEqual(await database.rows("SELECT job_key FROM cogd_jobs ORDER BY 1"), ["1", "3"]);
  },
);

leaseTest(
  "a lease that is not renewed is waited for until it runs out, and then taken",
  async (database) => {
    const left = await database.open({ process: witness("web1") });
    await left.close();
    // As if that server had vanished with its machine six seconds before the end of its lease.
    await database.rows(
      `UPDATE cogd_lease SET holder_id = 'x', holder = '{"id":"x","host":"web1","pid":1,` +
        `"startedAt":0,"machine":"","birth":""}', expires_at = UTC_TIMESTAMP(3) + INTERVAL 6 SECOND`,
    );
    const began = performance.now();
    const next = await database.open({ process: witness("web2") });
    const ms = performance.now() - began;
    assert(ms > 4000 && ms < 15_000, `it took ${ms.toFixed(0)} ms`);
    assert(database.log.some((line) => /NOTICE .* is held by cogd on web1, process 1,/.test(line)));
    await next.close();
  },
);

leaseTest(
  "a lease is kept over any number of idle seconds and lost connections",
  async (database) => {
    const store = await database.open({ process: witness("web1") });
    const [term] = await database.rows("SELECT term FROM cogd_lease");
    for (let i = 0; i < 3; i++) {
      await database.killSessions();
      await store.commit(batchOf({ add: [sampleJob(i + 1)] }));
    }
    const [later] = await database.rows("SELECT term FROM cogd_lease");
    assert.equal(Number(later), Number(term) + 3);
    await store.close();
    const [released] = await database.rows("SELECT holder_id = '' FROM cogd_lease");
    assert.equal(released, "1");
  },
);

test(
  "mysql: the server of the lease tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
