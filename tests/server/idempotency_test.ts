/** Idempotency keys: how long a key stands for its job. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { keyHash, submitHttp } from "./http_job.ts";
import { allOutcomes, batchTexts, workerWithJob } from "./outcome_reading.ts";
import { turn } from "./scripted_store.ts";
import { startDurableFixture, startFixture } from "./server_fixture.ts";

test("the outcome of a foreground job with a key is kept in memory only", async () => {
  const fixture = await startDurableFixture();
  const { server, store } = fixture;
  submitHttp(server, { background: false, key: "k", retainMs: 0 });
  workerWithJob(fixture).send("WORK_EXCEPTION", "H:t:1", "why");
  await turn();
  assert.deepEqual(allOutcomes(server), ['H:t:1 exception 1 "why"']);
  assert.equal(server.idempotencyKeys.find(keyHash("k"))?.handle, "H:t:1");
  assert.deepEqual(store.batches, []);
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
    batchTexts(store).at(-1)!,
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
  assert.match(batchTexts(store).at(-1)!, /^idempotency\/736563\S* \{"handle":"H:t:1"/);
  await server.stop();
});

test("the key of a request that joined a job which the store refuses may be used again", async () => {
  const { server, store } = await startDurableFixture();
  submitHttp(server, { unique: "u", key: "first" });
  submitHttp(server, { unique: "u", key: "second" });
  await turn();
  await store.fail(new StoreError("FULL", "disk full"));
  for (const name of ["first", "second"]) {
    assert.equal(server.idempotencyKeys.find(keyHash(name)), undefined, name);
  }
  assert.equal(store.running, 0, "the record goes with the next attempt");
  store.automatic = true;
  await server.stop();
});

test("a key outlives an outcome that is not kept for a moment", async () => {
  const fixture = await startDurableFixture({ limits: { maxOutcomes: 0 } });
  const { server, store } = fixture;
  store.automatic = true;
  submitHttp(server, { key: "k" });
  submitHttp(server, { functionName: "g" });
  await turn();
  workerWithJob(fixture).send("WORK_COMPLETE", "H:t:1", "");
  server.act((core) => core.cancel("H:t:2"));
  submitHttp(server, { functionName: "g" });
  await turn();
  assert.equal(server.idempotencyKeys.find(keyHash("k"))?.handle, "H:t:1");
  assert.match(
    batchTexts(store).at(-1)!,
    /^add 3 queued; remove 1; remove 2; job\/3 \S*; job\/1 gone; idempotency\/6b\S* .*; job\/2 gone$/,
  );
  // Also the count of rows is right: the only job left has one.
  await server.drain();
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

test("a key whose request joined a job that is stored counts when the store has it, not before", async () => {
  for (const first of [undefined, "first"]) {
    const { server, store } = await startDurableFixture();
    submitHttp(server, { unique: "u", ...(first === undefined ? {} : { key: first }) });
    await turn();
    await store.hold();
    submitHttp(server, { unique: "u", key: "second" });
    const recorded = { answer: undefined as boolean | undefined };
    void server.idempotencyKeys.recorded(keyHash("second")).then((one) => recorded.answer = one);
    await turn();
    assert.equal(recorded.answer, undefined);
    assert.equal(server.idempotencyKeys.find(keyHash("second"))?.handle, "H:t:1");
    await store.hold();
    assert.equal(recorded.answer, true);
    const written = JSON.stringify(
      store.batches.at(-1)!.put.map(({ name, value }) =>
        `${name} ${new TextDecoder().decode(value!)}`
      ),
    );
    assert.ok(written.includes(keyHash("second")), written);
    await server.stop();
  }
});

test("a key that the store refuses is forgotten, and its request can be made again", async () => {
  for (const first of [undefined, "first"]) {
    const { server, store, clock } = await startDurableFixture();
    const find = () => server.idempotencyKeys.find(keyHash("second"))?.handle;
    submitHttp(server, { unique: "u", ...(first === undefined ? {} : { key: first }) });
    await turn();
    await store.hold();
    submitHttp(server, { unique: "u", key: "second" });
    const recorded = server.idempotencyKeys.recorded(keyHash("second"));
    await turn();
    await store.fail(new StoreError("READ_ONLY", "the disk is read-only"));
    assert.equal(await recorded, false);
    assert.equal(find(), undefined);
    assert.equal(submitHttp(server, { unique: "u", key: "second" }).kind, "joined");
    store.automatic = true;
    clock.pass(5_000);
    assert.equal(await server.idempotencyKeys.recorded(keyHash("second")), true);
    assert.equal(find(), "H:t:1");
    await server.stop();
  }
});
