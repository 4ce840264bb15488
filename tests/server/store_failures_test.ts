import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { turn } from "./scripted_store.ts";
import { startDurableFixture as durable } from "./server_fixture.ts";

const CREATED = (n: number) => `JOB_CREATED H:t:${n}`;
const REFUSED = "ERROR QUEUE_ERROR|QUEUE_ERROR";

for (const code of ["FULL", "READ_ONLY", "FAILED", "DAMAGED"] as const) {
  test(`a job that the store refuses as ${code} is refused at once and forgotten`, async () => {
    const { store, client, clock, log } = await durable();
    client.send("SUBMIT_JOB_BG", "f", "u", "1");
    await turn();
    await store.fail(new StoreError(code, "Cannot write queue.db: disk"));
    assert.deepEqual(client.take(), [REFUSED]);
    assert.ok(log.some((line) => line === "ERROR Cannot commit jobs: Cannot write queue.db: disk"));
    client.send("GET_STATUS", "H:t:1");
    client.send("SUBMIT_JOB_BG", "f", "u", "2");
    await turn();
    clock.pass(50);
    await turn();
    await store.hold();
    assert.deepEqual(client.take(), ["STATUS_RES H:t:1|0|0|0|0", CREATED(2)]);
    assert.ok(log.some((line) => line.startsWith("ERROR The store takes jobs again")));
  });
}

test("one bad job does not take the others of its batch with it", async () => {
  const { store, client, clock } = await durable();
  for (const load of ["good", "bad", "fine"]) client.send("SUBMIT_JOB_BG", "f", "", load);
  await turn();
  const bad = new StoreError("FAILED", "no");
  await store.fail(bad);
  clock.pass(50);
  await turn();
  await store.hold();
  await store.fail(bad);
  clock.pass(50);
  await turn();
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(1), REFUSED, CREATED(3)]);
});

for (const code of ["AWAY", "LOCKED", "UNKNOWN_OUTCOME"] as const) {
  test(`while the store is ${code} a submission waits, and is stored when it is back`, async () => {
    const { store, client, clock } = await durable();
    client.send("SUBMIT_JOB_BG", "f", "", "1");
    await turn();
    await store.fail(new StoreError(code, "away"));
    clock.pass(50);
    await turn();
    await store.fail(new StoreError(code, "away"));
    assert.deepEqual(client.take(), []);
    clock.pass(100);
    await turn();
    await store.hold();
    assert.deepEqual(client.take(), [CREATED(1)]);
    assert.deepEqual(store.batches.map((batch) => batch.add.map((job) => job.key)), [[1], [1], [
      1,
    ]]);
  });
}

test("a submission that waited too long is refused; after an unknown outcome its row is removed", async () => {
  const { store, client, clock } = await durable({ limits: { storeWaitMs: 3000 } });
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  await store.fail(new StoreError("UNKNOWN_OUTCOME", "answer lost"));
  while (store.batches.length < 10 && client.received.length === 0) {
    clock.pass(1000);
    await turn();
    if (store.running > 0) await store.fail(new StoreError("AWAY", "away"));
  }
  assert.deepEqual(client.take(), [REFUSED]);
  clock.pass(2000);
  await turn();
  await store.hold();
  assert.deepEqual(store.batches.at(-1)!.add, []);
  assert.deepEqual(store.batches.at(-1)!.remove, [1]);
});

test("submissions behind a commit that hangs are refused when they waited too long", async () => {
  const { store, client, clock } = await durable({ limits: { storeWaitMs: 3000 } });
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  const other = client;
  other.send("SUBMIT_JOB_BG", "f", "", "2");
  await turn();
  clock.pass(4000);
  await turn();
  assert.deepEqual(client.take(), [], "the first one's outcome is not known yet");
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(1), REFUSED]);
});

test("removals are repeated until they hold", async () => {
  const { store, client, clock, connect } = await durable();
  store.automatic = true;
  const worker = connect();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  store.automatic = false;
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  await turn();
  await store.fail(new StoreError("FULL", "full"));
  clock.pass(50);
  await turn();
  await store.fail(new StoreError("AWAY", "away"));
  clock.pass(100);
  await turn();
  await store.hold();
  assert.deepEqual(store.batches.slice(1).map((batch) => [...batch.remove]), [[1], [1], [1]]);
});

test("in a full store removals are not held up by new jobs, which are refused with them", async () => {
  const { store, client, clock, connect } = await durable();
  store.automatic = true;
  const worker = connect();
  worker.send("CAN_DO", "f");
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  store.automatic = false;
  worker.send("GRAB_JOB");
  client.take();
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  await turn();
  worker.send("WORK_COMPLETE", "H:t:1", "");
  await store.fail(new StoreError("FULL", "full"));
  assert.deepEqual(client.take(), [REFUSED]);
  client.send("SUBMIT_JOB_BG", "f", "", "3");
  clock.pass(50);
  await turn();
  await store.fail(new StoreError("FULL", "full"));
  assert.deepEqual(client.take(), [REFUSED]);
  client.send("SUBMIT_JOB_BG", "f", "", "4");
  clock.pass(100);
  await turn();
  await store.hold();
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(4)]);
  assert.deepEqual(
    store.batches.slice(1).map(({ add, remove }) => [add.map(({ key }) => key), remove]),
    [[[2], []], [[], [1]], [[], [1]], [[4], []]],
  );
});

test("jobs in memory are given out while the store is away", async () => {
  const { store, client, clock, connect } = await durable();
  store.automatic = true;
  const worker = connect();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  store.automatic = false;
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  await turn();
  await store.fail(new StoreError("AWAY", "away"));
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  client.send("SUBMIT_JOB", "f", "", "fg");
  worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(worker.take(), ["JOB_ASSIGN H:t:1|f|1", "JOB_ASSIGN H:t:3|f|fg"]);
  clock.pass(0);
});

test("too many waiting submissions, and too large ones, are refused at once", async () => {
  const { store, client } = await durable({
    // A submission takes 800 bytes beside its workload.
    limits: { maxStoreWaiting: 2, maxStoreWaitingBytes: 1700 },
  });
  client.send("SUBMIT_JOB_BG", "f", "", "x".repeat(1001));
  client.send("SUBMIT_JOB_BG", "f", "", "x".repeat(901));
  await turn();
  assert.deepEqual(client.take(), [REFUSED, REFUSED]);
  for (let i = 0; i < 3; i++) client.send("SUBMIT_JOB_BG", "f", "", "y");
  await turn();
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(3), CREATED(4), REFUSED]);
});

test("a job whose row is to be removed and that is promised anew keeps its row", async () => {
  const { store, client, clock, connect } = await durable({ limits: { storeWaitMs: 3000 } });
  const other = connect();
  client.send("SUBMIT_JOB", "f", "u", "1");
  other.send("SUBMIT_JOB_BG", "f", "u", "1");
  await turn();
  client.take();
  await store.fail(new StoreError("UNKNOWN_OUTCOME", "answer lost"));
  while (other.received.length === 0) {
    clock.pass(1000);
    await turn();
    if (store.running > 0) await store.fail(new StoreError("AWAY", "away"));
  }
  assert.deepEqual(other.take(), [REFUSED]);
  other.send("SUBMIT_JOB_BG", "f", "u", "1");
  await turn();
  clock.pass(2000);
  await turn();
  await store.hold();
  assert.deepEqual(other.take(), [CREATED(1)]);
  const { add, remove } = store.batches.at(-1)!;
  assert.deepEqual([add.map((job) => job.key), [...remove]], [[1], []]);
});

test("of submissions that waited too long, only those of a doubtful commit have rows to remove", async () => {
  const { store, client, clock } = await durable({ limits: { storeWaitMs: 3000 } });
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  await store.fail(new StoreError("UNKNOWN_OUTCOME", "answer lost"));
  while (client.received.length < 2) {
    clock.pass(1000);
    await turn();
    if (store.running > 0) await store.fail(new StoreError("AWAY", "away"));
  }
  assert.deepEqual(client.take(), [REFUSED, REFUSED]);
  clock.pass(2000);
  await turn();
  await store.hold();
  assert.deepEqual([...store.batches.at(-1)!.remove], [1]);
});

test("removals are bounded per commit, too", async () => {
  const { store, client, connect } = await durable({ limits: { maxCommitJobs: 2 } });
  store.automatic = true;
  for (let i = 0; i < 5; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  await turn();
  const before = store.batches.length;
  const worker = connect();
  worker.send("CAN_DO", "f");
  for (let i = 1; i <= 5; i++) {
    worker.send("GRAB_JOB");
    worker.send("WORK_COMPLETE", `H:t:${i}`, "");
  }
  await turn();
  await turn();
  assert.deepEqual(
    store.batches.slice(before).map((batch) => [...batch.remove]),
    [[1, 2], [3, 4], [5]],
  );
});

test("when another server has taken the store over, no job is given out any more", async () => {
  const { server, store, client, log, connect } = await durable();
  const worker = connect();
  store.automatic = true;
  for (const load of ["1", "2"]) client.send("SUBMIT_JOB_BG", "f", "", load);
  await turn();
  assert.deepEqual(client.take(), [CREATED(1), CREATED(2)]);
  store.automatic = false;
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "done");
  await turn();
  const fault = new StoreError("TAKEN_OVER", "web2 has taken this queue over");
  await store.fail(fault);
  assert.equal(await server.lost, fault);
  assert.deepEqual([client.destroyed, worker.destroyed], [true, true]);
  assert.ok(log.includes("ERROR Ending all connections: web2 has taken this queue over"));
  worker.take();
  worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(worker.take(), []);
  await server.stop();
  assert.equal(store.batches.length, 2, "nothing more is written");
});

test("a job that is given up is told in the log, of a background job as an error", async () => {
  const { store, client, connect, log } = await durable({ config: { maxAttempts: 1 } });
  store.automatic = true;
  client.send("SUBMIT_JOB_BG", "f", "u1", "1");
  client.send("SUBMIT_JOB", "f", "u2", "2");
  await turn();
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  await turn();
  worker.send("RESET_ABILITIES");
  await turn();
  const given = log.filter((line) => line.includes("max retry count"));
  assert.deepEqual(given.toSorted(), [
    "ERROR Dropped job due to max retry count: H:t:1 u1 (function f, attempts 1)",
    "NOTICE Dropped job due to max retry count: H:t:2 u2 (function f, attempts 1)",
  ]);
});
