import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { Limits } from "../../src/core/mod.ts";
import { type JobStore, StoreError } from "../../src/plugin_api/mod.ts";
import { byteStringFrom, encodeText } from "../../src/protocol/mod.ts";
import type { KeptOutcome, RunningServer } from "../../src/server/mod.ts";
import { replayed } from "../conformance/stores/mod.ts";
import { openFile } from "../plugins/sqlite_files.ts";
import { temporaryFolder } from "../support/mod.ts";
import { FakeClock } from "./fake_clock.ts";
import { keyHash, submitHttp } from "./http_job.ts";
import type { MemoryPeer } from "./memory_network.ts";
import { type ScriptedStore, turn } from "./scripted_store.ts";
import { type Fixture, startDurableFixture, startFixture } from "./server_fixture.ts";

/** A worker that has the next job of `f`. */
function workerWithJob({ connect }: Fixture): MemoryPeer {
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  return worker;
}

function shown(outcome: KeptOutcome | undefined): string | undefined {
  if (outcome === undefined) return undefined;
  const { handle, end, attempts, result, resultDropped } = outcome;
  return `${handle} ${end} ${attempts} "${byteStringFrom(result)}"${
    resultDropped ? " dropped" : ""
  }`;
}

const all = (server: RunningServer) => [...server.outcomes.all()].map(shown);
const textOf = (value: Uint8Array | null | undefined) => value ? byteStringFrom(value) : value;

/** What a commit is about, short. */
function batchText(store: ScriptedStore): string[] {
  return store.batches.map(({ add, update, remove, put }) =>
    [
      ...add.map(({ key, state }) => `add ${key} ${state}`),
      ...update.map(({ key, state, outcome }) =>
        `update ${key} ${state} ${outcome === null ? "" : byteStringFrom(outcome.result)}`.trim()
      ),
      ...remove.map((key) => `remove ${key}`),
      ...put.filter(({ name }) => !name.startsWith("next-")).map(({ name, value }) =>
        `${name} ${textOf(value) ?? "gone"}`
      ),
    ].join("; ")
  );
}

/** Runs `check` with a server on the SQLite file of a folder, one start after the other. */
async function withFile(
  ...steps: ((fixture: Fixture, store: JobStore) => Promise<void> | void)[]
): Promise<void> {
  await using folder = await temporaryFolder();
  for (const step of steps) {
    const store = await openFile(join(folder.path, "queue.db"));
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

/** Settles when the store has all that was written up to now. */
const written = (server: RunningServer) => server.records.put("test", null);

test("an outcome joins the pieces of the result, and tells how and when the job ended", async () => {
  const fixture = await startFixture();
  const { server, clock } = fixture;
  submitHttp(server, { unique: "u" });
  const acceptedAt = clock.now();
  clock.pass(1000);
  const worker = workerWithJob(fixture);
  clock.pass(2000);
  worker.send("WORK_DATA", "H:t:1", "one ");
  worker.send("WORK_WARNING", "H:t:1", "not a part");
  worker.send("WORK_DATA", "H:t:1", "two ");
  worker.send("WORK_COMPLETE", "H:t:1", "three");
  const outcome = server.outcomes.find("H:t:1")!;
  assert.deepEqual(outcome, {
    key: 1,
    handle: "H:t:1",
    functionName: "f",
    unique: "u",
    priority: 1,
    end: "complete",
    acceptedAt,
    assignedAt: acceptedAt + 1000,
    finishedAt: acceptedAt + 3000,
    expiresAt: acceptedAt + 3000 + 3_600_000,
    attempts: 1,
    result: encodeText("one two three"),
    resultDropped: false,
  });
  await server.stop();
});

test("every end has its outcome, and a job that comes back begins its result anew", async () => {
  const fixture = await startFixture();
  const { server, connect } = fixture;
  for (const load of ["1", "2", "3", "4"]) submitHttp(server, { workload: load });
  const first = workerWithJob(fixture);
  first.send("WORK_DATA", "H:t:1", "lost");
  first.hangUp();
  const worker = connect();
  worker.send("CAN_DO", "f");
  for (let i = 0; i < 3; i++) worker.send("GRAB_JOB");
  worker.send("WORK_DATA", "H:t:2", "a piece");
  worker.send("WORK_FAIL", "H:t:2");
  worker.send("WORK_EXCEPTION", "H:t:3", "why");
  server.act((jobServer) => jobServer.cancel("H:t:4"));
  worker.send("WORK_COMPLETE", "H:t:4", "too late");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "kept");
  assert.deepEqual(all(server), [
    'H:t:1 complete 2 "kept"',
    'H:t:4 cancelled 1 ""',
    'H:t:3 exception 1 "why"',
    'H:t:2 fail 1 ""',
  ]);
  await server.stop();
});

test("jobs of the binary port, and those that ask for nothing, leave no outcome", async () => {
  const fixture = await startFixture();
  const { server, connect } = fixture;
  connect().send("SUBMIT_JOB_BG", "f", "", "x");
  submitHttp(server, { retainMs: 0 });
  const worker = workerWithJob(fixture);
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "x");
  worker.send("WORK_COMPLETE", "H:t:2", "x");
  assert.equal(server.outcomes.size, 0);
  assert.equal(server.outcomes.find("H:t:1"), undefined);
  const handles = ["H:t:1", "H:t:2", "H:t:3", "H:t:0", "H:t:01", "H:t:", "H:other:1", "H:t:1x"];
  assert.deepEqual(handles.filter((handle) => server.outcomes.wasMinted(handle)), [
    "H:t:1",
    "H:t:2",
  ]);
  await server.stop();
});

test("with nobody to show steps to, the core is not asked to", async () => {
  const { server } = await startFixture();
  assert.equal(server.jobServer.witness, null);
  const seen: string[] = [];
  const ignore = () => {};
  const end = server.watch({
    submitted: (job) => seen.push(job.handle),
    refused: ignore,
    queued: ignore,
    assigned: ignore,
    returned: ignore,
    reported: ignore,
    ended: ignore,
  });
  submitHttp(server);
  end();
  submitHttp(server);
  assert.deepEqual(seen, ["H:t:1"]);
  assert.notEqual(server.jobServer.witness, null, "outcomes are still kept");
  await server.stop();
});

const TIGHT: { name: string; limits: Partial<Limits>; results: string[]; kept: string[] }[] = [
  {
    name: "count",
    limits: { maxOutcomes: 2 },
    results: ["1", "2", "3"],
    kept: ['H:t:3 complete 1 "3"', 'H:t:2 complete 1 "2"'],
  },
  {
    name: "bytes of all results",
    limits: { maxOutcomeBytes: 5 },
    results: ["12", "34", "567"],
    kept: ['H:t:3 complete 1 "567"', 'H:t:2 complete 1 "34"'],
  },
  {
    name: "bytes of one result",
    limits: { maxResultBytes: 3 },
    results: ["123", "1234"],
    kept: ['H:t:2 complete 1 "" dropped', 'H:t:1 complete 1 "123"'],
  },
];
for (const { name, limits, results, kept } of TIGHT) {
  test(`outcomes are bounded by ${name}: the oldest go first`, async () => {
    const fixture = await startFixture({ limits });
    const { server } = fixture;
    results.forEach(() => submitHttp(server));
    const worker = workerWithJob(fixture);
    results.forEach((result, i) => {
      worker.send("WORK_COMPLETE", `H:t:${i + 1}`, result);
      worker.send("GRAB_JOB");
    });
    assert.deepEqual(all(server), kept);
    await server.stop();
  });
}

test("results that come in pieces are bounded while they come", async () => {
  const fixture = await startFixture({ limits: { maxResultBytes: 6, maxOutcomeBytes: 8 } });
  const { server } = fixture;
  for (const load of ["1", "2", "3"]) submitHttp(server, { workload: load });
  const worker = workerWithJob(fixture);
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  for (const handle of ["H:t:1", "H:t:1", "H:t:2", "H:t:3", "H:t:2"]) {
    worker.send("WORK_DATA", handle, "abc");
  }
  for (const handle of ["H:t:1", "H:t:2", "H:t:3"]) worker.send("WORK_COMPLETE", handle, "");
  assert.deepEqual(all(server), [
    'H:t:3 complete 1 "" dropped',
    'H:t:2 complete 1 "" dropped',
    'H:t:1 complete 1 "abcabc"',
  ]);
  await server.stop();
});

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
  assert.equal(batchText(store).at(-1), "remove 1; job/1 gone");
  clock.pass(60_000);
  await turn();
  assert.equal(batchText(store).at(-1), "remove 2; job/2 gone");
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
  assert.deepEqual(batchText(store), [
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
    batchText(store).slice(1).join("; "),
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
  assert.deepEqual(batchText(store), [
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
  assert.deepEqual(batchText(store).slice(1), [
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
  assert.deepEqual(batchText(store).slice(1).map((text) => text.split(";")[0]), [
    "update 1 done result",
    "update 1 done",
    "remove 1",
  ]);
  assert.equal(shown(server.outcomes.find("H:t:1")), 'H:t:1 complete 1 "result"');
  await server.stop();
});

test("a key is found while its job lives, while its outcome is kept, and until it expires", async () => {
  const fixture = await startDurableFixture({ limits: { maxOutcomes: 1 } });
  const { server, store, clock } = fixture;
  const find = (name: string) => server.idempotencyKeys.find(keyHash(name))?.handle;
  store.automatic = true;
  submitHttp(server, { key: "a", retainMs: 0, keyMs: 10_000 });
  submitHttp(server, { key: "b", retainMs: 0, keyMs: 20_000 });
  assert.deepEqual([find("a"), find("b"), find("c")], ["H:t:1", "H:t:2", undefined]);
  assert.equal(server.idempotencyKeys.find(keyHash("a"))?.fingerprint, "fingerprint of a");
  await turn();
  const worker = workerWithJob(fixture);
  worker.send("WORK_COMPLETE", "H:t:1", "1");
  worker.send("GRAB_JOB");
  await turn();
  assert.equal(server.outcomes.size, 1, "kept for its key");
  worker.send("WORK_COMPLETE", "H:t:2", "2");
  await turn();
  assert.equal(server.outcomes.find("H:t:1"), undefined);
  assert.deepEqual([find("a"), find("b")], ["H:t:1", "H:t:2"]);
  assert.match(
    batchText(store).at(-1)!,
    /remove 1; .*; job\/1 gone; idempotency\/61\S* \{"handle":"H:t:1"/,
  );
  clock.pass(10_000);
  assert.deepEqual([find("a"), find("b")], [undefined, "H:t:2"]);
  clock.pass(10_000);
  assert.deepEqual([find("a"), find("b")], [undefined, undefined]);
  await server.stop();
});

test("the key of a job that was refused, or withdrawn before it ran, may be used again", async () => {
  const { server, store } = await startDurableFixture();
  submitHttp(server, { key: "refused" });
  await turn();
  await store.fail(new StoreError("FULL", "disk full"));
  assert.equal(server.idempotencyKeys.find(keyHash("refused")), undefined);
  assert.equal(server.outcomes.size, 0);
  const port = { workPacket: () => {}, workFailed: () => {} };
  const client = server.act((core) => core.connectClient(port));
  submitHttp(server, { key: "withdrawn", background: false }, client);
  assert.equal(server.idempotencyKeys.find(keyHash("withdrawn"))?.handle, "H:t:2");
  server.act((core) => core.clientGone(client));
  assert.equal(server.idempotencyKeys.find(keyHash("withdrawn")), undefined);
  submitHttp(server, { key: "withdrawn", background: false });
  assert.equal(server.idempotencyKeys.find(keyHash("withdrawn"))?.handle, "H:t:3");
  await server.stop();
});

test("a key whose request joined another job's is kept by itself", async () => {
  const { server, store } = await startDurableFixture();
  store.automatic = true;
  submitHttp(server, { unique: "u", key: "first" });
  await turn();
  assert.equal(submitHttp(server, { unique: "u", key: "second" }).kind, "joined");
  await turn();
  for (const name of ["first", "second"]) {
    assert.equal(server.idempotencyKeys.find(keyHash(name))?.handle, "H:t:1");
  }
  assert.match(batchText(store).at(-1)!, /^idempotency\/736563\S* \{"handle":"H:t:1"/);
  await server.stop();
});

test("the outcome of a foreground job with a key is kept in memory only", async () => {
  const fixture = await startDurableFixture();
  const { server, store } = fixture;
  submitHttp(server, { background: false, key: "k", retainMs: 0 });
  workerWithJob(fixture).send("WORK_EXCEPTION", "H:t:1", "why");
  await turn();
  assert.deepEqual(all(server), ['H:t:1 exception 1 "why"']);
  assert.equal(server.idempotencyKeys.find(keyHash("k"))?.handle, "H:t:1");
  assert.deepEqual(store.batches, []);
  await server.stop();
});

test("keys without outcomes are bounded, the oldest go first", async () => {
  const fixture = await startFixture({ limits: { maxOutcomes: 0, maxIdempotencyKeys: 2 } });
  const { server } = fixture;
  for (const key of ["a", "b", "c"]) submitHttp(server, { key, background: false });
  const worker = workerWithJob(fixture);
  for (const handle of ["H:t:1", "H:t:2", "H:t:3"]) {
    worker.send("WORK_COMPLETE", handle, "");
    worker.send("GRAB_JOB");
  }
  const found = ["a", "b", "c"].map((name) => server.idempotencyKeys.find(keyHash(name))?.handle);
  assert.deepEqual(found, [undefined, "H:t:2", "H:t:3"]);
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
    assert.deepEqual(all(server), [`${handles[1]} complete 1 "\0\xff!"`]);
    assert.equal(server.outcomes.find(handles[1]!)?.functionName, "done");
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
    assert.deepEqual(all(fixture.server), [
      `${handles[0]} fail 1 ""`,
      `${handles[1]} complete 1 "\0\xff!"`,
    ]);
    const first = submitHttp(fixture.server);
    assert.ok(first.kind !== "refused" && !handles.includes(first.job.handle));
  });
});

test("outcomes that expired while the server did not run are removed from the store", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const clock = new FakeClock();
  const first = await startFixture({ store: await openFile(path), clock });
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
    store: await openFile(path),
    clock,
    limits: { maxOutcomes: 1 },
  });
  assert.deepEqual(all(second.server), ['H:t:2 complete 1 "2"']);
  await second.server.stop();
  const store = await openFile(path);
  const { jobs, records } = await replayed(store);
  await store.close();
  assert.deepEqual(jobs.map(({ key, state }) => [key, state]), [[2, "done"]]);
  assert.deepEqual([...records.keys()].filter((name) => name.startsWith("job/")), ["job/2"]);
});
