/** Outcomes and extras of jobs in the store: with their rows, and over restarts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobStore, StoreError } from "../../src/plugin_api/mod.ts";
import type { RunningServer } from "../../src/server/mod.ts";
import { replayed } from "../conformance/stores/mod.ts";
import { temporaryFolder } from "../support/mod.ts";
import { FakeClock } from "./fake_clock.ts";
import { keyHash, submitHttp } from "./http_job.ts";
import { allOutcomes, batchTexts, shown, workerWithJob } from "./outcome_reading.ts";
import { turn } from "./scripted_store.ts";
import { type Fixture, startDurableFixture, startFixture } from "./server_fixture.ts";
import { openSqlite } from "./sqlite_queue.ts";

/** Runs each step with a server of its own, all on one SQLite file. */
async function withFile(
  ...steps: ((fixture: Fixture, store: JobStore) => Promise<void> | void)[]
): Promise<void> {
  await using folder = await temporaryFolder();
  for (const step of steps) {
    const store = await openSqlite(folder.path);
    const fixture = await startFixture({ store });
    try {
      await step(fixture, store);
    } finally {
      await fixture.server.stop();
    }
  }
}

/** A background job over HTTP that is stored. */
async function stored(server: RunningServer, job: Parameters<typeof submitHttp>[1] = {}) {
  const admission = submitHttp(server, job);
  assert.ok(admission.kind === "awaits store");
  await new Promise<void>((resolve, reject) =>
    server.act((jobServer) =>
      jobServer.awaitStore(admission.job, {
        jobStored: () => resolve(),
        jobRefused: () => reject(new Error("refused")),
      })
    )
  );
  return admission.job;
}

test("a job at the latest time that a client can name is taken up after a restart", async () => {
  await withFile(async ({ connect, server }) => {
    const client = connect();
    client.send("SUBMIT_JOB_EPOCH", "f", "", "9223372036854775807", "x");
    await written(server);
    assert.deepEqual(client.take(), ["JOB_CREATED H:t:1"]);
  }, ({ server }) => {
    assert.equal(server.jobServer.table.jobCount, 1);
  });
});

/** Settles when the store has all that was written up to now. */
const written = (server: RunningServer) => server.records.put("test", null);

test("an outcome goes when its time is over, from the store as well", async () => {
  const fixture = await startDurableFixture();
  const { server, store, clock } = fixture;
  store.automatic = true;
  for (const retainMs of [5000, 60_000]) submitHttp(server, { retainMs });
  await turn();
  const worker = workerWithJob(fixture);
  worker.send("WORK_COMPLETE", "H:t:1", "1");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "2");
  await turn();
  clock.pass(4999);
  assert.equal(shown(server.outcomes.find("H:t:1")), 'H:t:1 complete 1 "1"');
  clock.pass(1);
  assert.equal(server.outcomes.find("H:t:1"), undefined);
  await turn();
  assert.equal(batchTexts(store).at(-1), "remove 1; job/1 gone");
  clock.pass(60_000);
  await turn();
  assert.equal(batchTexts(store).at(-1), "remove 2; job/2 gone");
  assert.equal(server.outcomes.size, 0);
  await server.stop();
  assert.equal(clock.timers, 0);
});

test("a job's extras and its row are written and removed in one commit", async () => {
  const fixture = await startDurableFixture();
  const { server, store, client } = fixture;
  store.automatic = true;
  client.send("SUBMIT_JOB_BG", "f", "", "binary");
  submitHttp(server, { retainMs: 0 });
  submitHttp(server, { retainMs: 7, key: "k" });
  await turn();
  const key = `"idem":["${keyHash("k")}","fingerprint of k",1700003600000]`;
  assert.deepEqual(batchTexts(store), [
    `add 1 queued; add 2 queued; add 3 queued; job/2 {}; job/3 {"retain":7,${key}}`,
  ]);
  const worker = workerWithJob(fixture);
  worker.send("WORK_COMPLETE", "H:t:1", "");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:3", "done");
  await turn();
  assert.deepEqual(
    batchTexts(store).slice(1).join("; "),
    `update 3 done done; remove 1; remove 2; job/3 {"retain":7,${key},"end":"complete",` +
      `"at":1700000000000}; job/2 gone`,
  );
  await server.stop();
});

test("a job that ends before its row is written is written with its outcome", async () => {
  const { server, store } = await startDurableFixture();
  submitHttp(server);
  submitHttp(server, { unique: "second" });
  await turn();
  // The commit runs; one of its jobs and one that gathers behind it end meanwhile.
  submitHttp(server);
  for (const handle of ["H:t:1", "H:t:3"]) server.act((core) => core.cancel(handle));
  await store.hold();
  await store.hold();
  assert.deepEqual(batchTexts(store), [
    'add 1 queued; add 2 queued; job/1 {"retain":3600000}; job/2 {"retain":3600000}',
    'add 3 failed; update 1 failed; job/3 {"retain":3600000,"end":"cancelled"}; ' +
    'job/1 {"retain":3600000,"end":"cancelled"}',
  ]);
  server.act((core) => core.cancel("H:t:2"));
  await turn();
  await store.fail(new StoreError("AWAY", "away"));
  assert.equal(server.outcomes.size, 3);
  store.automatic = true;
  await server.stop();
});

test("outcomes wait for a store that is away, and one that is forgotten meanwhile is removed", async () => {
  const fixture = await startDurableFixture({ limits: { maxOutcomes: 1 } });
  const { server, store, clock } = fixture;
  store.automatic = true;
  submitHttp(server);
  submitHttp(server);
  await turn();
  store.automatic = false;
  const worker = workerWithJob(fixture);
  worker.send("WORK_COMPLETE", "H:t:1", "1");
  await turn();
  await store.fail(new StoreError("UNKNOWN_OUTCOME", "answer lost"));
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "2");
  clock.pass(50);
  await turn();
  await store.hold();
  const end = '{"retain":3600000,"end":"complete","at":1700000000000}';
  assert.deepEqual(batchTexts(store).slice(1), [
    `update 1 done 1; job/1 ${end}`,
    `update 2 done 2; remove 1; job/2 ${end}; job/1 gone`,
  ]);
  await server.stop();
});

test("a store that takes no outcomes gets them without results, then loses the rows", async () => {
  const fixture = await startDurableFixture();
  const { server, store, clock } = fixture;
  store.automatic = true;
  submitHttp(server);
  await turn();
  store.automatic = false;
  workerWithJob(fixture).send("WORK_COMPLETE", "H:t:1", "result");
  for (let i = 0; i < 2; i++) {
    await turn();
    await store.fail(new StoreError("FULL", "disk full"));
    clock.pass(2000);
  }
  await turn();
  await store.hold();
  assert.deepEqual(batchTexts(store).slice(1).map((text) => text.split(";")[0]), [
    "update 1 done result",
    "update 1 done",
    "remove 1",
  ]);
  assert.equal(shown(server.outcomes.find("H:t:1")), 'H:t:1 complete 1 "result"');
  await server.stop();
});

test("extras, outcomes and keys are there again after a restart", async () => {
  const handles: string[] = [];
  await withFile(async (fixture) => {
    const { server } = fixture;
    for (const key of ["waits", "done"]) {
      handles.push((await stored(server, { key, functionName: key })).handle);
    }
    const worker = fixture.connect();
    worker.send("CAN_DO", "done");
    worker.send("GRAB_JOB");
    worker.send("WORK_DATA", handles[1]!, "\0\xff");
    worker.send("WORK_COMPLETE", handles[1]!, "!");
    await written(server);
  }, (fixture) => {
    const { server } = fixture;
    assert.deepEqual(allOutcomes(server), [`${handles[1]} complete 1 "\0\xff!"`]);
    assert.equal(server.outcomes.find(handles[1]!)?.functionName, "done");
    assert.equal(server.outcomes.find(handles[1]!)?.payloadBytes, 4);
    assert.notEqual(server.outcomes.find(handles[1]!)?.assignedAt, null);
    const keys = ["waits", "done"].map((name) => server.idempotencyKeys.find(keyHash(name)));
    assert.deepEqual(keys.map((key) => key?.handle), handles);
    assert.equal(server.jobServer.table.findJob(handles[0]!)?.extras?.retainMs, 3_600_000);
    fixture.clock.pass(1000);
    const worker = fixture.connect();
    worker.send("CAN_DO", "waits");
    worker.send("GRAB_JOB");
    worker.send("WORK_FAIL", handles[0]!);
  }, (fixture) => {
    assert.deepEqual(allOutcomes(fixture.server), [
      `${handles[0]} fail 1 ""`,
      `${handles[1]} complete 1 "\0\xff!"`,
    ]);
    const first = submitHttp(fixture.server);
    assert.ok(first.kind !== "refused" && !handles.includes(first.job.handle));
  });
});

test("outcomes that expired while the server did not run are removed from the store", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const clock = new FakeClock();
  const first = await startFixture({ store: await openSqlite(path), clock });
  for (const retainMs of [1000, 1_000_000]) {
    await stored(first.server, { retainMs, key: `${retainMs}`, keyMs: retainMs });
  }
  const worker = workerWithJob(first);
  worker.send("WORK_COMPLETE", "H:t:1", "1");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "2");
  await first.server.stop();
  clock.pass(2000);
  const second = await startFixture({
    store: await openSqlite(path),
    clock,
    limits: { maxOutcomes: 1 },
  });
  assert.deepEqual(allOutcomes(second.server), ['H:t:2 complete 1 "2"']);
  await second.server.stop();
  const store = await openSqlite(path);
  const { jobs, records } = await replayed(store);
  await store.close();
  assert.deepEqual(jobs.map(({ key, state }) => [key, state]), [[2, "done"]]);
  assert.deepEqual([...records.keys()].filter((name) => name.startsWith("job/")), ["job/2"]);
});
