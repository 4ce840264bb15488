import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredJob } from "../../src/plugin_api/mod.ts";
import { encodeText } from "../../src/protocol/mod.ts";
import { request } from "./memory_network.ts";
import { ScriptedStore, turn } from "./scripted_store.ts";
import { startDurableFixture as durable, startFixture } from "./server_fixture.ts";

const CREATED = (n: number) => `JOB_CREATED H:t:${n}`;

test("a background job is acknowledged only after its commit", async () => {
  const { store, client } = await durable();
  client.send("SUBMIT_JOB_BG", "f", "u", "x");
  await turn();
  assert.deepEqual(client.take(), []);
  assert.equal(store.batches.length, 1);
  const [job] = store.batches[0]!.add;
  assert.deepEqual(
    { ...job, workload: [...job!.workload], acceptedAt: 0 },
    {
      key: 1,
      handle: "H:t:1",
      functionName: "f",
      unique: "u",
      workload: [120],
      priority: 1,
      notBefore: 0,
      reducer: "",
      acceptedAt: 0,
      attempts: 0,
      namespace: "",
      state: "queued",
      outcome: null,
    },
  );
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(1)]);
});

test("a job does not run before it is stored", async () => {
  const { store, client, connect } = await durable();
  const worker = connect();
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("PRE_SLEEP");
  await turn();
  assert.deepEqual(worker.take(), ["NO_JOB"]);
  await store.hold();
  assert.deepEqual(worker.take(), ["NOOP"]);
});

test("while one commit runs the next batch gathers", async () => {
  const { store, client } = await durable();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  for (let i = 2; i <= 5; i++) client.send("SUBMIT_JOB_BG", "f", "", `${i}`);
  await turn();
  assert.deepEqual(store.batches.map((batch) => batch.add.length), [1]);
  await store.hold();
  assert.deepEqual(store.batches.map((batch) => batch.add.length), [1, 4]);
  await store.hold();
  assert.deepEqual(client.take(), [1, 2, 3, 4, 5].map(CREATED));
});

test("the next commit is on its way before the answers to the last one are", async () => {
  const { store, client } = await durable();
  const answeredBefore: string[][] = [];
  const commit = store.commit.bind(store);
  store.commit = (batch) => {
    answeredBefore.push(client.take());
    return commit(batch);
  };
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  await turn();
  await store.hold();
  assert.deepEqual(answeredBefore, [[], []]);
  assert.deepEqual(client.take(), [CREATED(1)]);
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(2)]);
});

test("answers keep their order when a commit settles before the last one was told of", async () => {
  const { store, client } = await durable({ limits: { maxCommitJobs: 1 } });
  store.automatic = true;
  for (let i = 1; i <= 5; i++) client.send("SUBMIT_JOB_BG", "f", "", `${i}`);
  await turn();
  await turn();
  assert.deepEqual(store.batches.map((batch) => batch.add.length), [1, 1, 1, 1, 1]);
  assert.deepEqual(client.take(), [1, 2, 3, 4, 5].map(CREATED));
});

test("a batch is bounded by jobs and by bytes", async () => {
  const { store, client } = await durable({ limits: { maxCommitJobs: 3, maxCommitBytes: 10 } });
  store.automatic = true;
  for (const size of [1, 1, 1, 1, 8, 8, 20, 1]) {
    client.send("SUBMIT_JOB_BG", "f", "", "x".repeat(size));
  }
  await turn();
  await turn();
  assert.deepEqual(
    store.batches.map((batch) => batch.add.map((job) => job.workload.length)),
    [[1, 1, 1], [1, 8], [8], [20], [1]],
  );
  assert.deepEqual(client.take().length, 8);
});

test("replies keep the order of requests while one of them waits", async () => {
  const { store, client } = await durable();
  client.send("ECHO_REQ", "a");
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  client.send("ECHO_REQ", "b");
  client.sendText("version\n");
  client.send("SUBMIT_JOB", "g", "", "2");
  client.send("SUBMIT_JOB_BG", "f", "", "3");
  client.send("GET_STATUS", "H:t:2");
  await turn();
  assert.deepEqual(client.take(), ["ECHO_RES a"]);
  await store.hold();
  assert.deepEqual(client.take(), [
    CREATED(1),
    "ECHO_RES b",
    "OK 1.2.3",
    CREATED(2),
    CREATED(3),
    "STATUS_RES H:t:2|1|0|0|0",
  ]);
});

test("results overtake a waiting reply only if their own JOB_CREATED has left", async () => {
  const { store, client, connect } = await durable();
  const worker = connect();
  worker.send("CAN_DO", "fg");
  client.send("SUBMIT_JOB", "fg", "", "early");
  client.send("SUBMIT_JOB_BG", "bg", "", "waits");
  client.send("SUBMIT_JOB", "fg", "", "late");
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:3", "3");
  worker.send("WORK_COMPLETE", "H:t:1", "1");
  await turn();
  assert.deepEqual(client.take(), [CREATED(1), "WORK_COMPLETE H:t:1|1"]);
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(2), CREATED(3), "WORK_COMPLETE H:t:3|3"]);
});

test("while others of its client still wait, a job whose JOB_CREATED has left waits no more", async () => {
  const { store, client, connect } = await durable();
  const worker = connect();
  for (const ability of ["b", "f"]) worker.send("CAN_DO", ability);
  const complete = (handle: string) => worker.send("WORK_COMPLETE", handle, "");
  client.send("SUBMIT_JOB_BG", "b", "", "1");
  client.send("SUBMIT_JOB", "f", "", "2");
  client.send("SUBMIT_JOB", "f", "", "3");
  await turn();
  client.send("SUBMIT_JOB_BG", "b", "", "4");
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  // Behind the last reply that waits: what comes later of this job must not overtake it.
  worker.send("WORK_DATA", "H:t:2", "first");
  await turn();
  await store.hold();
  assert.deepEqual(client.take(), ["H:t:1", "H:t:2", "H:t:3"].map((h) => `JOB_CREATED ${h}`));
  for (const handle of ["H:t:2", "H:t:3"]) complete(handle);
  await turn();
  assert.deepEqual(client.take(), ["WORK_COMPLETE H:t:3|"]);
  await store.hold();
  assert.deepEqual(client.take(), [
    "JOB_CREATED H:t:4",
    "WORK_DATA H:t:2|first",
    "WORK_COMPLETE H:t:2|",
  ]);
});

test("a submission that joins a job on its way to the store waits with it", async () => {
  const { store, client, connect } = await durable();
  const other = connect();
  client.send("SUBMIT_JOB_BG", "f", "u", "1");
  other.send("SUBMIT_JOB_BG", "f", "u", "2");
  await turn();
  assert.deepEqual(other.take(), []);
  await store.hold();
  assert.deepEqual([client.take(), other.take()], [[CREATED(1)], [CREATED(1)]]);
  assert.equal(store.batches.length, 1);
});

test("finished jobs are removed; one that came back has its attempts updated", async () => {
  const { store, client, connect } = await durable();
  store.automatic = true;
  const [first, second] = [connect(), connect()];
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  first.send("CAN_DO", "f");
  first.send("GRAB_JOB");
  first.hangUp();
  await turn();
  second.send("CAN_DO", "f");
  second.send("GRAB_JOB");
  second.send("WORK_COMPLETE", "H:t:1", "");
  await turn();
  const [, updated, removed] = store.batches;
  assert.deepEqual(updated!.update.map(({ key, attempts }) => [key, attempts]), [[1, 1]]);
  assert.deepEqual(removed!.remove, [1]);
});

test("a job that came back while its row was written has its attempts updated behind it", async () => {
  const { store, client, connect } = await durable();
  const [worker, other] = [connect(), connect()];
  client.send("SUBMIT_JOB", "f", "u", "1");
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  other.send("SUBMIT_JOB_BG", "f", "u", "1");
  await turn();
  worker.hangUp();
  await turn();
  await store.hold();
  assert.deepEqual(
    store.batches.map(({ add, update }) => [
      add.map(({ attempts }) => attempts),
      update.map(({ key, attempts }) => [key, attempts]),
    ]),
    [[[0], []], [[], [[1, 1]]]],
  );
});

test("a job cancelled while it is written is removed by the next commit", async () => {
  const { store, client } = await durable();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  client.sendText("cancel job H:t:1\n");
  await turn();
  await store.hold();
  assert.deepEqual(client.take(), [CREATED(1), "OK"]);
  await turn();
  assert.deepEqual(store.batches[1]!.remove, [1]);
});

test("a job cancelled before its commit began is never written", async () => {
  const { store, client } = await durable();
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  client.sendText("cancel job H:t:2\n");
  await turn();
  await store.hold();
  await turn();
  if (store.running > 0) await store.hold();
  assert.deepEqual(client.take(), [CREATED(1), CREATED(2), "OK"]);
  assert.deepEqual(store.batches.flatMap((batch) => batch.add.map((job) => job.key)), [1]);
  assert.deepEqual(store.batches.flatMap((batch) => [...batch.remove]), []);
});

test("a background submission that joins a foreground job makes it durable", async () => {
  const { store, client, connect } = await durable();
  const other = connect();
  client.send("SUBMIT_JOB", "f", "u", "1");
  await turn();
  assert.deepEqual(client.take(), [CREATED(1)]);
  other.send("SUBMIT_JOB_BG", "f", "u", "2");
  await turn();
  assert.deepEqual(other.take(), []);
  assert.equal(store.batches[0]!.add[0]!.handle, "H:t:1");
  await store.hold();
  assert.deepEqual(other.take(), [CREATED(1)]);
  client.hangUp();
  other.sendText("show jobs\n");
  await turn();
  assert.deepEqual(other.take(), ["H:t:1\t0\t0\t1", "."]);
});

test("jobs of the store are taken up with their handles, and numbers go on behind them", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const row = (key: number, handle: string, more: Partial<StoredJob> = {}): StoredJob => ({
    key,
    handle,
    functionName: "f",
    unique: "",
    workload: encodeText(`w${key}`),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: 1,
    attempts: 0,
    namespace: "",
    state: "queued",
    outcome: null,
    ...more,
  });
  store.pages = [
    {
      records: [
        { name: "next-handle", value: encodeText("500") },
        { name: "next-key", value: encodeText("90") },
      ],
      jobs: [row(3, "H:old:7", { attempts: 2 })],
    },
    { records: [], jobs: [row(8, "H:t:41", { priority: 0 }), row(9, "H:t:42")] },
  ];
  const { connect } = await startFixture({ store });
  const [client, worker] = [connect(), connect()];
  client.sendText("show jobs\n");
  client.send("SUBMIT_JOB_BG", "f", "", "new");
  await turn();
  assert.deepEqual(client.take(), [
    "H:old:7\t2\t0\t1",
    "H:t:41\t0\t0\t1",
    "H:t:42\t0\t0\t1",
    ".",
    "JOB_CREATED H:t:500",
  ]);
  worker.send("CAN_DO", "f");
  for (let i = 0; i < 4; i++) worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(worker.take(), [
    "JOB_ASSIGN H:t:41|f|w8",
    "JOB_ASSIGN H:old:7|f|w3",
    "JOB_ASSIGN H:t:42|f|w9",
    "JOB_ASSIGN H:t:500|f|new",
  ]);
});

test("what becomes of jobs that the store held is written to it", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const row = (key: number) => ({
    key,
    handle: `H:t:${key}`,
    functionName: "f",
    unique: "",
    workload: encodeText("w"),
    priority: 1 as const,
    notBefore: 0,
    reducer: "",
    acceptedAt: 1,
    attempts: 0,
    namespace: "",
    state: "queued" as const,
    outcome: null,
  });
  store.pages = [{ records: [], jobs: [row(1), row(2)] }];
  const { connect } = await startFixture({ store });
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  worker.hangUp();
  await turn();
  assert.deepEqual(store.batches.flatMap((batch) => batch.remove), [1]);
  assert.deepEqual(
    store.batches.flatMap((batch) => batch.update).map(({ key, attempts }) => [key, attempts]),
    [[2, 1]],
  );
});

test("connections made while the store is read are served when it is done", async () => {
  const store = new ScriptedStore();
  let go = () => {};
  const gate = new Promise<void>((resolve) => go = resolve);
  store.replay = async function* () {
    await gate;
    yield { records: [], jobs: [] };
  };
  const { server, connect } = await startFixture({ store, stillLoading: true });
  const client = connect();
  await turn();
  assert.equal(client.paused, true);
  go();
  await server.loaded;
  assert.equal(client.paused, false);
});

test("a stop writes what waits, acknowledges nothing more, and closes the store", async () => {
  const { server, store, client } = await durable();
  client.sendBytes(request("SUBMIT_JOB_BG", "f", "", "1"));
  const stopping = server.stop();
  await turn();
  await store.hold();
  await stopping;
  assert.deepEqual(store.batches[0]!.add.map((job) => job.key), [1]);
  assert.deepEqual(client.take(), []);
  assert.equal(store.closed, true);
});

test("a stop does not count as a failed attempt of running jobs", async () => {
  const { server, store, client, connect } = await durable({ config: { maxAttempts: 1 } });
  store.automatic = true;
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  await turn();
  const worker = connect();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  await turn();
  await server.stop();
  assert.deepEqual(store.batches.flatMap((batch) => [...batch.remove, ...batch.update]), []);
});
