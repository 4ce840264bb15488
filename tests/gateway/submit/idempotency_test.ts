import assert from "node:assert/strict";
import test from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { grabbed, SubmitScene } from "../submit_scene.ts";

const KEY = { "Idempotency-Key": "k1" };

test("a background request with a key makes one job, and is answered the same again", async () => {
  const scene = await SubmitScene.start();
  const asked = { body: "w", headers: KEY };
  const first = await scene.ask("POST /jobs/f?background=true", asked);
  const second = await scene.ask("POST /jobs/f?background=true", asked);
  assert.deepEqual(second.json, first.json);
  assert.equal(second.status, 202);
  assert.equal(first.headers.get("idempotent-replayed"), null);
  assert.equal(second.headers.get("idempotent-replayed"), "true");
  assert.equal(second.headers.get("location"), first.headers.get("location"));
  assert.equal(scene.jobs, 1);
  const worker = scene.worker("f");
  worker.send("WORK_COMPLETE", await grabbed(worker), "done");
  const third = await scene.ask("POST /jobs/f?background=true", asked);
  assert.equal(third.status, 202);
  assert.equal(third.json["handle"], first.json["handle"]);
  assert.equal(third.json["state"], "succeeded");
  assert.equal(scene.jobs, 0, "no job was made again");
  assert.equal(scene.gateway.figures.jobs.keys.replay, 2);
});

test("a key that comes with another request is 422", async () => {
  const scene = await SubmitScene.start();
  const what = "POST /jobs/f?background=true";
  const { json } = await scene.ask(what, { body: "w", headers: KEY });
  for (
    const [other, body] of [
      [what, "x"],
      [`${what}&priority=high`, "w"],
      ["POST /jobs/g?background=true", "w"],
      ["POST /jobs/f", "w"],
    ] as const
  ) {
    const answer = await scene.ask(other, { body, headers: KEY });
    assert.equal(answer.status, 422, other);
    assert.equal(answer.json["type"], "/problems/idempotency-mismatch");
    assert.equal(answer.json["handle"], json["handle"]);
  }
  const byHeader = await scene.ask("POST /jobs/f", {
    body: "w",
    headers: { ...KEY, "X-Gearman-Background": "true" },
  });
  assert.equal(byHeader.status, 202, "the same request, spelled otherwise");
});

test("two requests with one key at the same moment make one job", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const asked = { body: "w", headers: KEY };
  const first = await scene.begin("POST /jobs/f?background=true", asked);
  const second = await scene.begin("POST /jobs/f?background=true", asked);
  assert.equal(second.answer, undefined, "the second waits for the store like the first");
  assert.equal(scene.jobs, 1);
  await store.hold();
  assert.equal((await first.answered).status, 202);
  assert.equal((await second.answered).status, 202);
  assert.equal((await first.answered).text, (await second.answered).text);
  assert.equal(store.batches.flatMap(({ add }) => add).length, 1);
});

test("a key whose job the store refused may be used again", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const asked = { body: "w", headers: KEY };
  const first = await scene.begin("POST /jobs/f?background=true", asked);
  const second = await scene.begin("POST /jobs/f?background=true", asked);
  await store.fail(new StoreError("FULL", "The disk is full"));
  assert.equal((await first.answered).status, 503);
  assert.equal((await second.answered).status, 503);
  store.automatic = true;
  scene.clock.pass(60_000);
  await turn();
  assert.equal((await scene.ask("POST /jobs/f?background=true", asked)).status, 202);
  assert.equal(scene.jobs, 1);
});

test("a key that joined a foreground job is not accepted before the store has that job", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  await scene.begin("POST /jobs/f?unique=u");
  const asked = { headers: KEY };
  const refused = await scene.begin("POST /jobs/f?unique=u&background=true", asked);
  await store.fail(new StoreError("FULL", "disk full"));
  assert.equal(refused.answer?.status, 503);
  const again = await scene.begin("POST /jobs/f?unique=u&background=true", asked);
  assert.equal(again.answer, undefined);
  scene.clock.pass(60_000);
  await turn();
  await store.hold();
  assert.equal((await again.answered).status, 202);
});

test("a second key of a job that is stored is in the store before its request is answered", async () => {
  for (const what of ["POST /jobs/f?unique=u&background=true", "POST /jobs/f?unique=u"]) {
    const store = new ScriptedStore();
    const scene = await SubmitScene.start({ store });
    const first = await scene.begin("POST /jobs/f?unique=u&background=true");
    await store.hold();
    assert.equal((await first.answered).status, 202);
    const second = await scene.begin(what, { headers: KEY });
    const repeated = await scene.begin("POST /jobs/f?unique=u&background=true", {
      headers: { "Idempotency-Key": "k2" },
    });
    const worker = scene.worker("f");
    const handle = await grabbed(worker);
    worker.send("WORK_COMPLETE", handle, "done");
    await turn();
    assert.deepEqual([second.answer, repeated.answer], [undefined, undefined]);
    store.automatic = true;
    await store.hold();
    assert.equal((await second.answered).status, what.includes("background") ? 202 : 200);
    assert.equal((await repeated.answered).status, 202);
  }
});

test("a synchronous request with a key survives its connection", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await SubmitScene.start({ store });
  const worker = scene.worker("f");
  const asked = { body: "w", headers: KEY };
  const first = await scene.begin("POST /jobs/f", asked);
  await first.leave();
  assert.equal(scene.jobs, 1, "kept as a background job");
  const early = await scene.ask("POST /jobs/f", asked);
  assert.equal(early.status, 409);
  assert.equal(early.json["type"], "/problems/idempotency-in-progress");
  assert.equal(early.json["handle"], "H:t:1");
  assert.equal(early.headers.get("location"), "/jobs/H:t:1");
  assert.equal(early.headers.get("retry-after"), "1");
  worker.send("WORK_COMPLETE", await grabbed(worker), "done");
  const late = await scene.ask("POST /jobs/f", asked);
  assert.equal(late.status, 200);
  assert.equal(late.text, "done");
  assert.equal(late.headers.get("idempotent-replayed"), "true");
  assert.equal(late.headers.get("gearman-job-handle"), "H:t:1");
  assert.equal(scene.jobs, 0);
});

test("a synchronous request with a key gets its result, and its failure again", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const call = await scene.begin("POST /jobs/f", { headers: KEY });
  worker.send("WORK_EXCEPTION", await grabbed(worker), "bad");
  for (const answer of [await call.answered, await scene.ask("POST /jobs/f", { headers: KEY })]) {
    assert.equal(answer.status, 502);
    assert.equal(answer.json["exception"], "bad");
    assert.equal(answer.json["attempts"], 1);
  }
});

test("a synchronous request with a key that takes too long goes on", async () => {
  const scene = await SubmitScene.start();
  const asked = { headers: KEY };
  const call = await scene.begin("POST /jobs/f?timeout=1", asked);
  scene.clock.pass(1000);
  const { status, json } = await call.answered;
  assert.equal(status, 504);
  assert.match(String(json["detail"]), /it goes on/);
  const worker = scene.worker("f");
  worker.send("WORK_COMPLETE", await grabbed(worker), "late");
  assert.equal((await scene.ask("POST /jobs/f?timeout=2", asked)).text, "late");
});

test("a synchronous request with a key promises nothing that the store has not taken", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const call = await scene.begin("POST /jobs/f?timeout=1", { headers: KEY });
  scene.clock.pass(1000);
  const { status, json } = await call.answered;
  assert.equal(status, 504);
  assert.match(String(json["detail"]), /the store has not taken it yet.*again/);
  const again = await scene.begin("POST /jobs/f?timeout=1", { headers: KEY });
  assert.equal((await again.answered).status, 409, "it has a job");
  await store.fail(new StoreError("FULL", "The disk is full"));
  store.automatic = true;
  scene.clock.pass(5000);
  await turn();
  const anew = await scene.begin("POST /jobs/f?timeout=1", { headers: KEY });
  assert.equal(anew.answer, undefined, "the first came to nothing");
  scene.clock.pass(1000);
  assert.match(String((await anew.answered).json["detail"]), /it goes on/);
});

test("a wait that is repeated waits again for the same job", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const asked = { headers: { ...KEY, Prefer: "wait=10" } };
  const first = await scene.begin("POST /jobs/f", asked);
  const handle = await grabbed(worker);
  scene.clock.pass(10_000);
  assert.equal((await first.answered).status, 202);
  const second = await scene.begin("POST /jobs/f", asked);
  const third = await scene.begin("POST /jobs/f", asked);
  assert.equal(scene.waits.counts.sync, 2);
  await third.leave();
  worker.send("WORK_COMPLETE", handle, "done");
  const { status, text } = await second.answered;
  assert.equal(status, 200);
  assert.equal(text, "done");
  assert.equal(scene.waits.counts.sync, 0);
  assert.equal((await scene.ask("POST /jobs/f", asked)).text, "done");
});

test("a result that is no longer kept is 410, the job is not made again", async () => {
  const scene = await SubmitScene.start({ limits: { maxOutcomes: 1, maxResultBytes: 10 } });
  const worker = scene.worker("f");
  const ask = async (key: string, result: string) => {
    const call = await scene.begin("POST /jobs/f", { headers: { "Idempotency-Key": key } });
    worker.send("WORK_COMPLETE", await grabbed(worker), result);
    return await call.answered;
  };
  assert.equal((await ask("a", "short")).status, 200);
  assert.equal((await ask("b", "longer than what is kept")).status, 200);
  for (const key of ["a", "b"]) {
    const { status, json } = await scene.ask("POST /jobs/f", {
      headers: { "Idempotency-Key": key },
    });
    assert.equal(status, 410, key);
    assert.equal(json["type"], "/problems/job-expired");
  }
  assert.equal(scene.jobs, 0);
  const background = { headers: { "Idempotency-Key": "c" } };
  const { json } = await scene.ask("POST /jobs/f?background=true", background);
  worker.send("WORK_COMPLETE", await grabbed(worker), "");
  await ask("d", "");
  const again = await scene.ask("POST /jobs/f?background=true", background);
  assert.equal(again.status, 202);
  assert.equal(again.json["handle"], json["handle"]);
  assert.equal(again.json["state"], null);
});

test("a key counts for its time, and for its caller", async () => {
  const scene = await SubmitScene.start({ tokens: { one: "*", two: "*" } });
  const asked = { headers: KEY, token: "one" };
  const first = await scene.ask("POST /jobs/f?background=true", asked);
  const other = await scene.ask("POST /jobs/f?background=true", { ...asked, token: "two" });
  assert.notEqual(other.json["handle"], first.json["handle"]);
  scene.clock.pass(86_400_000);
  const late = await scene.ask("POST /jobs/f?background=true", asked);
  assert.notEqual(late.json["handle"], first.json["handle"]);
});

test("events of a job that a key has made can be had again", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const asked = { headers: { ...KEY, accept: "text/event-stream" } };
  const first = await scene.begin("POST /jobs/f", asked);
  const second = await scene.begin("POST /jobs/f", asked);
  worker.send("WORK_COMPLETE", await grabbed(worker), "done");
  assert.match((await first.answered).text, /event: complete/);
  assert.equal((await second.answered).text, (await first.answered).text);
  assert.equal((await second.answered).headers.get("idempotent-replayed"), "true");
  assert.equal((await scene.ask("POST /jobs/f", asked)).text, "done");
});
