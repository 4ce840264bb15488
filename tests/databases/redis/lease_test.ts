/** Two servers on one queue by mistake, or on purpose; and a Redis that has lost what it held. */

import assert from "node:assert/strict";
import test from "node:test";
import {
  highWaterFrom,
  type ProcessWitness,
  recordsOfHighWater,
} from "../../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  replayed,
  sampleJob,
  sampleJobs,
} from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { deadline, programMissing, TcpProxy } from "../../support/mod.ts";
import { commitUntilHeld } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const redis = missing === false ? await startRedis() : null;

/** A process by the name of a host; whether others have ended is what it is told. */
function witness(host: string, othersAreGone = false): ProcessWitness {
  return {
    self: { host, pid: 42, startedAt: Date.UTC(2027, 0, 15, 8), machine: "m", birth: "b" },
    isGone: () => othersAreGone,
  };
}

function leaseTest(name: string, run: (place: TestPrefix) => Promise<void>): void {
  test(`redis: ${name}`, { skip: missing }, async () => {
    await using place = await TestPrefix.create(redis!);
    await run(place);
  });
}

/** Fields of the hash that holds the lease, by name. */
async function queueOf(place: TestPrefix): Promise<Map<string, string>> {
  const lines = await place.lines(`HGETALL cogd:${place.prefix}::queue`);
  return new Map(lines.flatMap((name, i) => i % 2 === 0 ? [[name, lines[i + 1]!] as const] : []));
}

async function marksIn(place: TestPrefix): Promise<unknown> {
  const store = await place.open();
  const { records } = await replayed(store);
  await store.close();
  return highWaterFrom([...records].map(([name, value]) => ({ name, value })));
}

leaseTest("a second server is refused, and told who holds the queue", async (place) => {
  const first = await place.open({ process: witness("web1") });
  await assert.rejects(place.open({ process: witness("web2") }), {
    code: "LOCKED",
    message: /cogd on web1, process 42, started 2027-01-15 08:00:00 UTC holds it/,
  });
  await first.commit(batchOf({ add: sampleJobs(3) }));
  await first.close();
  const second = await place.open({ process: witness("web2") });
  assertSameJobs((await replayed(second)).jobs, sampleJobs(3));
  await second.close();
});

leaseTest("servers with other namespaces do not see each other", async (place) => {
  const [a, b] = await Promise.all([
    place.open({ namespace: "a:%*ä" }),
    place.open({ namespace: "a" }),
  ]);
  const jobsOf = (unique: string) => sampleJobs(50).map((job) => ({ ...job, unique }));
  await Promise.all([
    a.commit(batchOf({ add: jobsOf("a") })),
    b.commit(batchOf({ add: jobsOf("b") })),
  ]);
  await b.commit(batchOf({ remove: sampleJobs(25).map(({ key }) => key) }));
  await Promise.all([a.close(), b.close()]);
  const cases = [["a:%*ä", jobsOf("a")], ["a", jobsOf("b").slice(25)], ["", []]] as const;
  for (const [namespace, expected] of cases) {
    const again = await place.open({ namespace });
    assertSameJobs((await replayed(again)).jobs, expected);
    await again.close();
  }
});

leaseTest("a server whose queue was taken over commits nothing any more", async (place) => {
  const first = await place.open({ process: witness("web1") });
  await first.commit(batchOf({ add: [sampleJob(1)] }));
  const began = performance.now();
  const second = await place.open({ process: witness("web2", true) });
  assert(performance.now() - began < 5000, "the queue of a killed server is taken at once");
  await assertRefuses(first.commit(batchOf({ add: [sampleJob(2)] })), "TAKEN_OVER");
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await second.commit(batchOf({ add: [sampleJob(3)] }));
  await second.close();
  // Not even when the other one has gone: what the first has in memory is out of date.
  await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
  await first.close();
  assert.deepEqual((await place.keys()).sort(), [1, 3]);
  const fatal = place.log.filter((line) => line.startsWith("FATAL"));
  assert.equal(fatal.length, 1);
  assert.match(fatal[0]!, /cogd on web2, process 42/);
});

leaseTest(
  "a server that was cut off while another came and went has lost the queue",
  async (place) => {
    const first = await place.open({ process: witness("web1") });
    await first.commit(batchOf({ add: [sampleJob(1)] }));
    const second = await place.open({ process: witness("web2", true) });
    await second.close();
    await place.killSessions();
    await assertRefuses(first.commit(batchOf({ remove: [1] })), "TAKEN_OVER");
    await first.close();
    assert.deepEqual(await place.keys(), [1]);
  },
);

leaseTest("a commit that arrives after its session was given up takes no effect", async (place) => {
  await using proxy = await TcpProxy.start(redis!.port);
  const store = await place.open({ port: proxy.port });
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  // The request stays in the network; its connection is not cut.
  const held = proxy.holdAtTurn({ turn: 1, of: "request" });
  const late = store.commit(batchOf({ add: [sampleJob(2)] }));
  late.catch(() => {});
  await deadline(held, 10_000, "the request");
  const next = await place.open({ process: witness("", true) });
  await next.commit(batchOf({ add: [sampleJob(3)] }));
  await proxy.resume();
  await assert.rejects(late);
  assert.deepEqual((await place.keys()).sort(), [1, 3]);
  await Promise.all([store.close(), next.close()]);
});

leaseTest("each session has a term of its own, and the lease is given back", async (place) => {
  const store = await place.open();
  const term = async () => Number((await queueOf(place)).get("term"));
  const first = await term();
  for (let key = 1; key <= 3; key++) {
    await place.killSessions();
    await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] }));
  }
  assert.equal(await term(), first + 3);
  await store.close();
  const queue = await queueOf(place);
  assert.deepEqual([...queue.keys()].sort(), ["commits", "jobs", "term", "version"]);
  assert.deepEqual([queue.get("jobs"), queue.get("version")], ["3", "1"]);
});

leaseTest(
  "a lease that is not renewed is waited for until it runs out, and then taken",
  async (place) => {
    await (await place.open()).close();
    // As if that server had vanished with its machine four seconds before the end of its lease.
    const holder = { id: "x", host: "web1", pid: 1, startedAt: 0, machine: "", birth: "" };
    const until = Date.now() + 4000;
    await redis!.sql(
      `HSET cogd:${place.prefix}::queue id x holder '${JSON.stringify(holder)}' until ${until}\n`,
    );
    const next = await place.open({ process: witness("web2") });
    assert(Date.now() >= until, "it was waited for");
    assert(Date.now() < until + 5000, "and not for longer");
    assert(place.log.some((line) => /NOTICE .* is held by cogd on web1, process 1,/.test(line)));
    await next.close();
  },
);

leaseTest("a queue of a newer cogd is refused", async (place) => {
  await redis!.sql(`HSET cogd:${place.prefix}::queue version 2 term 7\n`);
  await assert.rejects(place.open(), {
    code: "CANNOT_OPEN",
    message: /a newer cogd made this queue \(its layout has version 2, this cogd knows 1\)/,
  });
});

leaseTest("keys of others in the place of the queue are left alone, and named", async (place) => {
  await redis!.sql(`SET cogd:${place.prefix}::queue x\n`);
  await assert.rejects(place.open(), { code: "DAMAGED", message: /that cogd did not write/ });
  assert.deepEqual(await place.lines(`GET cogd:${place.prefix}::queue`), ["x"]);
});

leaseTest("a Redis that was emptied is noticed; numbers go on where they were", async (place) => {
  const store = await place.open();
  const marks = { nextKey: 1001, nextHandle: 501 };
  await store.commit(batchOf({ add: [sampleJob(1)], put: recordsOfHighWater(marks) }));
  await store.commit(batchOf({ add: [sampleJob(2)] }));
  await redis!.sql("FLUSHALL\n");
  assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(3)] })), [
    "UNKNOWN_OUTCOME",
  ]);
  await store.commit(batchOf({ add: [sampleJob(4)] }));
  await store.close();
  assert(place.log.some((line) => /^ERROR .* has lost the whole queue: .* was emptied/.test(line)));
  assert.deepEqual((await place.keys()).sort(), [3, 4]);
  assert.deepEqual(await marksIn(place), marks);
});

leaseTest("a Redis that comes back without its last commits is noticed", async (place) => {
  const store = await place.open();
  const marks = { nextKey: 1001, nextHandle: 501 };
  await store.commit(batchOf({ add: [sampleJob(1)], put: recordsOfHighWater(marks) }));
  await redis!.sql("CONFIG SET appendonly no\nSAVE\n");
  const later = { nextKey: 2001, nextHandle: 1501 };
  await store.commit(batchOf({ add: [sampleJob(2)], put: recordsOfHighWater(later) }));
  await store.commit(batchOf({ add: [sampleJob(3)] }));
  await redis!.kill9();
  await redis!.restart();
  await commitUntilHeld(store, batchOf({ add: [sampleJob(4)] }));
  await store.close();
  assert(
    place.log.some((line) => /^ERROR .* has lost the last [23] commits/.test(line)),
    place.log.join("\n"),
  );
  assert.deepEqual(await marksIn(place), later);
});

leaseTest("jobs whose keys were deleted are missed at the next start", async (place) => {
  const store = await place.open();
  await store.commit(batchOf({ add: sampleJobs(250) }));
  await store.close();
  await redis!.sql(`DEL cogd:${place.prefix}::jobs:00000000000001\n`);
  for (const mentions of [1, 1]) {
    const again = await place.open();
    assertSameJobs(
      (await replayed(again)).jobs,
      sampleJobs(250).filter(({ key }) => key < 100 || key >= 200),
    );
    await again.close();
    const lost = place.log.filter((line) => /^ERROR .* has lost 100 of the 250 jobs/.test(line));
    assert.equal(lost.length, mentions);
  }
});

leaseTest(
  "a job whose bytes were changed is refused, with the way to give it up",
  async (place) => {
    const store = await place.open();
    await store.commit(batchOf({ add: sampleJobs(3) }));
    await store.close();
    await redis!.sql(`HSET cogd:${place.prefix}::jobs:00000000000000 02 nonsense\n`);
    const damaged = await place.open();
    await assert.rejects(replayed(damaged), (error: Error) => {
      assert.match(error.message, /Cannot read job 2 .*checksum/);
      const advice = /HDEL \S+ "02"/.exec(error.message)?.[0];
      assert(advice !== undefined);
      return true;
    });
    await damaged.close();
  },
);

test(
  "redis: the server of the lease tests ends",
  { skip: missing },
  () => redis![Symbol.asyncDispose](),
);
