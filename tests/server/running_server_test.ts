/** The server as its peers without a socket see it: records, policies, connections, its condition. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { byteStringFrom, encodeText } from "../../src/protocol/mod.ts";
import type { Records, RunningServer } from "../../src/server/mod.ts";
import { temporaryFolder } from "../support/mod.ts";
import { submitHttp } from "./http_job.ts";
import { ScriptedStore, turn } from "./scripted_store.ts";
import { startDurableFixture, startFixture } from "./server_fixture.ts";
import { openSqlite } from "./sqlite_queue.ts";

const put = (records: Records, name: string, value: string | null) =>
  records.put(name, value === null ? null : encodeText(value));

function entries(records: Records, prefix = "s/"): Record<string, string> {
  return Object.fromEntries(
    [...records.entries(prefix)].map(([name, value]) => [name, byteStringFrom(value)]),
  );
}

/** How a promise ended, or that it has not. */
function outcome(promise: Promise<unknown>): { text: string } {
  const seen = { text: "pending" };
  promise.then(
    () => seen.text = "settled",
    (error) => seen.text = error instanceof StoreError ? error.code : String(error),
  );
  return seen;
}

function putsOf({ batches }: ScriptedStore): Record<string, string | null>[] {
  return batches.map((batch) =>
    Object.fromEntries(
      batch.put.map(({ name, value }) => [name, value === null ? null : byteStringFrom(value)]),
    )
  );
}

test("a record is known and its put settles when its commit holds", async () => {
  const { server: { records }, store } = await startDurableFixture();
  const first = outcome(put(records, "s/a", "1"));
  const other = outcome(put(records, "s/b", "2"));
  await turn();
  assert.deepEqual([first.text, other.text, entries(records)], ["pending", "pending", {}]);
  await store.hold();
  assert.deepEqual([first.text, other.text], ["settled", "settled"]);
  assert.deepEqual(entries(records), { "s/a": "1", "s/b": "2" });
  const removal = outcome(put(records, "s/a", null));
  await turn();
  await store.hold();
  assert.equal(removal.text, "settled");
  assert.deepEqual(entries(records), { "s/b": "2" });
  assert.deepEqual(putsOf(store), [{ "s/a": "1", "s/b": "2" }, { "s/a": null }]);
});

test("values put while one is written replace it when that fails, and follow it when it holds", async () => {
  for (const holds of [true, false]) {
    const { server: { records }, store, clock } = await startDurableFixture();
    const puts = [outcome(put(records, "s/a", "0"))];
    await turn();
    puts.push(outcome(put(records, "s/a", "1")), outcome(put(records, "s/a", "2")));
    if (holds) await store.hold();
    else await store.fail(new StoreError("AWAY", "away"));
    clock.pass(50);
    await turn();
    assert.deepEqual(puts.map(({ text }) => text), [
      holds ? "settled" : "pending",
      "pending",
      "pending",
    ]);
    await store.hold();
    assert.deepEqual(puts.map(({ text }) => text), ["settled", "settled", "settled"]);
    assert.deepEqual(putsOf(store), [{ "s/a": "0" }, { "s/a": "2" }]);
    assert.deepEqual(entries(records), { "s/a": "2" });
  }
});

test("records that the store refuses, or that wait too long, are refused and not known", async () => {
  const { server, store, clock } = await startDurableFixture({ limits: { storeWaitMs: 1000 } });
  const { records } = server;
  const refused = outcome(put(records, "s/a", "1"));
  await turn();
  await store.fail(new StoreError("FULL", "disk full"));
  assert.equal(refused.text, "FULL");
  const { up, problem, failedCommits } = server.storeCondition();
  assert.deepEqual([up, problem, failedCommits], [false, "disk full", 1]);
  const late = outcome(put(records, "s/a", "1"));
  for (let i = 0; i < 20 && late.text === "pending"; i++) {
    clock.pass(200);
    await turn();
    if (store.running > 0) await store.fail(new StoreError("AWAY", "no answer"));
  }
  assert.equal(late.text, "AWAY");
  assert.deepEqual(entries(records), {});
  const again = outcome(put(records, "s/a", "1"));
  clock.pass(2000);
  await turn();
  await store.hold();
  assert.equal(again.text, "settled");
  assert.deepEqual(entries(records), { "s/a": "1" });
  assert.equal(server.storeCondition().up, true);
});

test("a record that is refused does not take jobs with it, nor a job records", async () => {
  for (const guilty of ["job", "record"]) {
    const { server: { records }, store, client, clock } = await startDurableFixture();
    client.send("SUBMIT_JOB_BG", "f", "", "1");
    const record = outcome(put(records, "s/a", "1"));
    await turn();
    for (let i = 0; i < 3 && store.running > 0; i++) {
      const { add, put } = store.batches.at(-1)!;
      const fails = guilty === "job" ? add.length > 0 : put.length > 0;
      if (fails) await store.fail(new StoreError("FAILED", "no"));
      else await store.hold();
      clock.pass(2000);
      await turn();
    }
    assert.deepEqual(client.take(), [
      guilty === "job" ? "ERROR QUEUE_ERROR|QUEUE_ERROR" : "JOB_CREATED H:t:1",
    ]);
    assert.equal(record.text, guilty === "job" ? "settled" : "FAILED");
  }
});

test("names and values out of bounds are refused, and so is what comes after the stop", async () => {
  const { server, store } = await startDurableFixture();
  for (const name of ["", "x".repeat(201), "é", "a\n"]) {
    await assert.rejects(put(server.records, name, ""), { code: "TOO_LARGE" });
  }
  await assert.rejects(server.records.put("s/a", new Uint8Array(1024 * 1024 + 1)), {
    code: "TOO_LARGE",
  });
  store.automatic = true;
  const last = outcome(put(server.records, "s/last", "1"));
  await server.stop();
  assert.equal(last.text, "settled", "what waits is written before the stop");
  await assert.rejects(put(server.records, "s/a", ""), { code: "CLOSED" });
});

test("records and policies are there again after a restart; without a store they are kept in memory", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const binary = "é\xff function ".repeat(50);
  const first = await startFixture({ store: await openSqlite(path) });
  await put(first.server.records, "s/a", "1");
  await put(first.server.records, "s/gone", "1");
  await put(first.server.records, "s/gone", null);
  await first.server.queuePolicies.set(binary, { limits: [1, 2, 3], paused: true });
  await first.server.queuePolicies.set("dropped", { limits: [1, 0, 0], paused: false });
  const admin = first.connect();
  admin.sendText("drop function dropped\n");
  await turn();
  assert.deepEqual(admin.take(), ["OK"]);
  await first.server.stop();
  const second = await startFixture({ store: await openSqlite(path) });
  assert.deepEqual(entries(second.server.records), { "s/a": "1" });
  assert.deepEqual(second.server.queuePolicies.of(binary), { limits: [1, 2, 3], paused: true });
  assert.deepEqual([...second.server.jobServer.table.functions].map(({ name }) => name), [binary]);
  await second.server.queuePolicies.forget(binary);
  await second.server.stop();
  const third = await startFixture({ store: await openSqlite(path) });
  assert.deepEqual([...third.server.jobServer.table.functions], []);
  await third.server.stop();

  const { server } = await startFixture();
  await put(server.records, "s/a", "1");
  assert.deepEqual(entries(server.records), { "s/a": "1" });
  await server.stop();
});

test("a policy applies at once, also while the store is away", async () => {
  const { server, store, connect } = await startDurableFixture();
  store.automatic = true;
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("PRE_SLEEP");
  const none = { limits: [0, 0, 0], paused: false } as const;
  assert.deepEqual(server.queuePolicies.of("f"), none);
  assert.deepEqual(server.queuePolicies.of("unknown"), none);
  store.automatic = false;
  const set = outcome(server.queuePolicies.set("f", { limits: [0, 1, 0], paused: true }));
  submitHttp(server, { background: false });
  assert.equal(submitHttp(server, { background: false }).kind, "refused");
  await turn();
  assert.deepEqual(worker.take(), []);
  await store.fail(new StoreError("READ_ONLY", "read-only"));
  assert.equal(set.text, "READ_ONLY");
  assert.deepEqual(server.queuePolicies.of("f"), { limits: [0, 1, 0], paused: true });
  void server.queuePolicies.set("f", none).catch(() => {});
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
});

test("connections are shown, ended and drained by their number", async () => {
  const { server, connect, clock } = await startFixture();
  const startedAt = clock.now();
  assert.equal(server.startedAt, startedAt);
  const client = connect();
  clock.pass(1000);
  const worker = connect();
  worker.send("SET_CLIENT_ID", "worker 1");
  worker.send("CAN_DO_TIMEOUT", "f", "5000");
  client.send("SUBMIT_JOB", "f", "", "1");
  clock.pass(1000);
  worker.send("GRAB_JOB");
  const [shown, other] = server.connections();
  assert.deepEqual({ ...shown, running: shown!.running.map(({ handle }) => handle) }, {
    number: 2,
    remoteAddress: "127.0.0.1",
    remotePort: 40_000,
    clientId: "worker 1",
    connectedAt: startedAt + 1000,
    lastPacketAt: startedAt + 2000,
    functions: [{ name: "f", timeoutMs: 5000 }],
    running: ["H:t:1"],
    workerState: "awake",
    draining: false,
    waitingFor: 0,
    jobsDone: 0,
    jobsFailed: 0,
    submitted: 0,
    unsentBytes: shown!.unsentBytes,
  });
  assert.deepEqual([other!.number, other!.submitted, other!.waitingFor], [1, 1, 1]);
  assert.equal(server.drainWorker(2, true), true);
  worker.send("WORK_COMPLETE", "H:t:1", "");
  submitHttp(server);
  worker.send("GRAB_JOB");
  await turn();
  assert.equal(worker.take().at(-1), "NO_JOB");
  worker.send("PRE_SLEEP");
  assert.equal(server.drainWorker(2, false), true);
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
  assert.equal(server.disconnect(2), true);
  assert.equal(worker.destroyed, true);
  assert.equal(server.traffic.closed.ordered, 1);
  assert.deepEqual([server.disconnect(2), server.drainWorker(2, true)], [false, false]);
  await server.stop();
});

for (const durable of [true, false]) {
  const store = durable ? "with a store" : "in memory";
  test(`what a step causes, ${store}, is sent at the end of the turn and when it is due`, async () => {
    const fixture = durable ? await startDurableFixture() : await startFixture();
    const { server, connect, clock } = fixture;
    if ("store" in fixture) (fixture.store as ScriptedStore).automatic = true;
    const worker = connect();
    worker.send("CAN_DO", "f");
    worker.send("PRE_SLEEP");
    submitHttp(server, { delayS: 10 });
    await turn();
    assert.deepEqual(worker.take(), []);
    clock.pass(10_000);
    await turn();
    assert.deepEqual(worker.take(), ["NOOP"]);
    await server.stop();
  });
}

test("phases: loading, serving, draining and back, stopped", async () => {
  const store = new ScriptedStore();
  let read = () => {};
  const gate = new Promise<void>((resolve) => read = resolve);
  store.replay = async function* () {
    await gate;
    yield { records: [], jobs: [] };
  };
  const fixture = await startFixture({ store, stillLoading: true });
  const { server } = fixture;
  const phases = [server.phase];
  read();
  await server.loaded;
  phases.push(server.phase);
  server.setDraining(true);
  phases.push(server.phase);
  const client = fixture.connect();
  client.send("SUBMIT_JOB", "f", "", "1");
  await turn();
  assert.deepEqual(client.take(), ["JOB_CREATED H:t:1"]);
  server.setDraining(false);
  phases.push(server.phase);
  const drained = outcome(server.drain());
  server.setDraining(false);
  phases.push(server.phase);
  await turn();
  assert.equal(drained.text, "pending", "a client waits");
  client.hangUp();
  await turn();
  assert.equal(drained.text, "settled");
  await server.stop();
  phases.push(server.phase);
  assert.deepEqual(phases, ["loading", "serving", "draining", "serving", "draining", "stopped"]);
});

test("a drain does not wait for jobs whose rows are stored, whatever became of others", async () => {
  const { server, store, client, connect } = await startDurableFixture();
  store.automatic = true;
  for (let i = 0; i < 4; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
  submitHttp(server);
  submitHttp(server);
  await turn();
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  worker.send("CANT_DO", "f");
  for (const handle of ["H:t:2", "H:t:5"]) server.act((core) => core.cancel(handle));
  store.automatic = false;
  client.send("SUBMIT_JOB_BG", "f", "", "on its way");
  await turn();
  const drained = outcome(server.drain());
  await turn();
  assert.equal(drained.text, "pending", "one job is not stored yet");
  while (store.running > 0) await store.hold();
  assert.equal(drained.text, "settled");
  await server.stop();
});

test("a drain notices the end of a job whose only client has no socket", async () => {
  const { server, connect } = await startFixture();
  submitHttp(server, { background: false });
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  await turn();
  const drained = outcome(server.drain());
  await turn();
  assert.equal(drained.text, "pending", "a job runs");
  worker.send("WORK_COMPLETE", "H:t:1", "done");
  await turn();
  assert.equal(drained.text, "settled");
  await server.stop();
});

test("the store's condition counts commits and says what went wrong", async () => {
  const { server, store, client } = await startDurableFixture();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  assert.equal(server.storeCondition().waiting, 1);
  await store.hold();
  assert.deepEqual(server.storeCondition(), {
    description: "scripted",
    durability: "power-loss",
    promise: undefined,
    up: true,
    problem: undefined,
    waiting: 0,
    largestWorkload: 1000,
    commits: 1,
    failedCommits: 0,
    reconnects: undefined,
  });
  const memory: RunningServer = (await startFixture()).server;
  const { description, durability, up } = memory.storeCondition();
  assert.deepEqual([description, durability, up], ["memory", "nothing", true]);
  await memory.stop();
});
