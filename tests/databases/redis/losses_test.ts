/** A Redis that has lost what it held, or a part of it. */

import assert from "node:assert/strict";
import test from "node:test";
import { highWaterFrom, recordsOfHighWater } from "../../../src/plugin_api/mod.ts";
import {
  assertSameJobs,
  batchOf,
  replayed,
  sampleJob,
  sampleJobs,
} from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { assertKeys, commitUntilHeld } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const redis = missing === false ? await startRedis() : null;

function lossTest(name: string, run: (place: TestPrefix) => Promise<void>): void {
  test(`redis: ${name}`, { skip: missing }, async () => {
    await using place = await TestPrefix.create(redis!);
    await run(place);
  });
}

async function marksIn(place: TestPrefix): Promise<unknown> {
  const store = await place.open();
  const { records } = await replayed(store);
  await store.close();
  return highWaterFrom([...records].map(([name, value]) => ({ name, value })));
}

lossTest("a Redis that was emptied is noticed; numbers go on where they were", async (place) => {
  const store = await place.open();
  const marks = { nextKey: 1001, nextHandle: 501 };
  await store.commit(batchOf({ add: [sampleJob(1)], put: recordsOfHighWater(marks) }));
  await store.commit(batchOf({ add: [sampleJob(2)] }));
  await redis!.sql("FLUSHALL\n");
  const codes = await commitUntilHeld(store, batchOf({ add: [sampleJob(3)] }));
  // None where the session's upkeep has noticed it first.
  assert(["", "UNKNOWN_OUTCOME"].includes(codes.join(" ")), codes.join(" "));
  await store.commit(batchOf({ add: [sampleJob(4)] }));
  await store.close();
  assert(place.log.some((line) => /^ERROR .* has lost the whole queue: .* was emptied/.test(line)));
  await assertKeys(place, [3, 4]);
  assert.deepEqual(await marksIn(place), marks);
});

lossTest("a Redis that comes back without its last commits is noticed", async (place) => {
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

lossTest("jobs whose keys were deleted are missed at the next start", async (place) => {
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

lossTest(
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
  "redis: the server of the loss tests ends",
  { skip: missing },
  () => redis![Symbol.asyncDispose](),
);
