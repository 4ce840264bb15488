/** Two servers on one queue in Redis, and what lies in its place that is none. */

import assert from "node:assert/strict";
import test from "node:test";
import { batchOf, sampleJob } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { deadline, PATIENCE_MS, programMissing, TcpProxy } from "../../support/mod.ts";
import { assertKeys, exerciseLease, witness } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const redis = missing === false ? await startRedis() : null;

if (redis !== null) {
  exerciseLease({ name: "redis", newPlace: () => TestPrefix.create(redis) });
}

function leaseTest(name: string, run: (place: TestPrefix) => Promise<void>): void {
  test(`redis: ${name}`, { skip: missing }, async () => {
    await using place = await TestPrefix.create(redis!);
    await run(place);
  });
}

leaseTest("a commit that arrives after its session was given up takes no effect", async (place) => {
  await using proxy = await TcpProxy.start(redis!.port);
  const store = await place.open({ port: proxy.port });
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  // The request stays in the network; its connection is not cut.
  const held = proxy.holdAtTurn({ turn: 1, of: "request" });
  const late = store.commit(batchOf({ add: [sampleJob(2)] }));
  late.catch(() => {});
  await deadline(held, PATIENCE_MS, "the request");
  const next = await place.open({ process: witness("", true) });
  await next.commit(batchOf({ add: [sampleJob(3)] }));
  await proxy.resume();
  await assert.rejects(late);
  await assertKeys(place, [1, 3]);
  await Promise.all([store.close(), next.close()]);
});

leaseTest("a lease that was given back leaves the queue's own figures", async (place) => {
  const store = await place.open();
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  await store.close();
  const queue = await place.queue();
  assert.deepEqual([...queue.keys()].sort(), ["commits", "jobs", "term", "version"]);
  assert.deepEqual([queue.get("jobs"), queue.get("version")], ["1", "1"]);
});

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

test(
  "redis: the server of the lease tests ends",
  { skip: missing },
  () => redis![Symbol.asyncDispose](),
);
