import assert from "node:assert/strict";
import test from "node:test";
import { type MemoryPeer, ScriptedStore, turn } from "../../server/mod.ts";
import { asked, grabbed, SubmitScene } from "../submit_scene.ts";

test("a synchronous call gets the result, byte for byte, and what there is to know", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("reverse");
  const call = await scene.begin("POST /jobs/reverse", {
    body: "hello",
    headers: { traceparent: "00-aa-bb-01" },
  });
  assert.equal(call.answer, undefined);
  assert.equal(scene.waits.counts.sync, 1);
  scene.clock.pass(30);
  assert.equal(await asked(worker, "GRAB_JOB"), "JOB_ASSIGN H:t:1|reverse|hello");
  scene.clock.pass(12);
  worker.send("WORK_DATA", "H:t:1", "\x00\xffol");
  worker.send("WORK_WARNING", "H:t:1", "careful");
  worker.send("WORK_STATUS", "H:t:1", "1", "2");
  worker.send("WORK_COMPLETE", "H:t:1", "leh");
  const { status, headers, bytes } = await call.answered;
  assert.equal(status, 200);
  assert.deepEqual([...bytes], [0, 0xff, ...new TextEncoder().encode("olleh")]);
  assert.equal(headers.get("gearman-job-handle"), "H:t:1");
  assert.equal(headers.get("x-gearman-job-handle"), "H:t:1");
  assert.equal(headers.get("gearman-function"), "reverse");
  assert.equal(headers.get("gearman-workers"), "1");
  assert.equal(headers.get("gearman-warnings"), "1");
  assert.equal(headers.get("gearman-attempts"), "1");
  assert.equal(headers.get("server-timing"), "queue;dur=30, run;dur=12");
  assert.equal(headers.get("traceparent"), "00-aa-bb-01");
  assert.equal(headers.get("content-type"), "application/octet-stream");
  assert.equal(scene.waits.counts.sync, 0);
  assert.equal(scene.jobs, 0);
});

test("a failure is 502 with its kind, an exception with its bytes", async () => {
  const scene = await SubmitScene.start({ config: { maxAttempts: 1 } });
  const ends: [(worker: MemoryPeer, handle: string) => void, string][] = [
    [(worker, handle) => worker.send("WORK_FAIL", handle), "job-failed"],
    [(worker, handle) => worker.send("WORK_EXCEPTION", handle, "no bäd"), "job-exception"],
    [(worker) => worker.hangUp(), "worker-lost"],
    [(_, handle) => scene.server.act((jobServer) => jobServer.cancel(handle)), "job-cancelled"],
  ];
  for (const [end, type] of ends) {
    const worker = scene.worker("f");
    const call = await scene.begin("POST /jobs/f");
    const handle = await grabbed(worker);
    end(worker, handle);
    const { status, headers, json } = await call.answered;
    assert.equal(status, 502, type);
    assert.equal(json["type"], `/problems/${type}`);
    assert.equal(json["handle"], handle);
    assert.equal(json["function"], "f");
    assert.equal(json["attempts"], 1);
    assert.equal(headers.get("gearman-job-handle"), handle);
    assert.equal(headers.get("gearman-attempts"), "1");
    worker.hangUp();
  }
});

test("an exception of any bytes is Base64", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const call = await scene.begin("POST /jobs/f");
  worker.send("WORK_EXCEPTION", await grabbed(worker), "\xff\x00");
  const { json } = await call.answered;
  assert.equal(json["exception_base64"], "/wA=");
  assert.equal(json["exception"], undefined);
});

test("the pieces of a lost worker are no part of the result", async () => {
  const scene = await SubmitScene.start();
  const first = scene.worker("f");
  const call = await scene.begin("POST /jobs/f");
  first.send("WORK_DATA", await grabbed(first), "half");
  first.hangUp();
  const second = scene.worker("f");
  const handle = await grabbed(second);
  second.send("WORK_DATA", handle, "wh");
  second.send("WORK_COMPLETE", handle, "ole");
  const { text, headers } = await call.answered;
  assert.equal(text, "whole");
  assert.equal(headers.get("gearman-attempts"), "2");
});

test("a call that takes too long is 504 and says why; a job that has not begun is withdrawn", async () => {
  const scene = await SubmitScene.start();
  const call = await scene.begin("POST /jobs/f?timeout=5s");
  scene.clock.pass(4999);
  await turn();
  assert.equal(call.answer, undefined);
  scene.clock.pass(1);
  const { status, json } = await call.answered;
  assert.equal(status, 504);
  assert.equal(json["type"], "/problems/job-timeout");
  assert.equal(json["workers"], 0);
  assert.equal(json["position"], 0);
  assert.match(String(json["reason"]), /No connected worker/);
  assert.equal(json["handle"], "H:t:1");
  assert.equal(scene.jobs, 0);
});

test("the result of a job that runs on is dropped, unless others wait for it", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const short = await scene.begin("POST /jobs/f?timeout=1s&unique=u");
  const long = await scene.begin("POST /jobs/f?timeout=9s&unique=u");
  const handle = await grabbed(worker);
  scene.clock.pass(1000);
  const timedOut = await short.answered;
  assert.equal(timedOut.status, 504);
  assert.equal(timedOut.json["position"], null);
  assert.match(String(timedOut.json["reason"]), /runs it since/);
  worker.send("WORK_COMPLETE", handle, "done");
  assert.equal((await long.answered).text, "done");
  assert.equal((await long.answered).headers.get("gearman-coalesced"), "true");
});

test("a caller that leaves withdraws a job that has not begun", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const calls = [];
  for (let i = 0; i < 3; i++) calls.push(await scene.begin("POST /jobs/f"));
  const running = await grabbed(worker);
  for (const call of calls) await call.leave();
  assert.equal(scene.waits.counts.sync, 0);
  worker.send("WORK_COMPLETE", running, "for nobody");
  assert.equal(await asked(worker, "GRAB_JOB"), "NO_JOB");
  assert.equal(scene.jobs, 0);
});

test("a caller that leaves takes nothing from others and from background jobs", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const one = await scene.begin("POST /jobs/f?unique=u");
  const other = await scene.begin("POST /jobs/f?unique=u");
  await one.leave();
  const waiting = await scene.begin("POST /jobs/f", { headers: { Prefer: "wait=10" } });
  await waiting.leave();
  worker.send("WORK_COMPLETE", await grabbed(worker), "for the other");
  assert.equal((await other.answered).text, "for the other");
  assert.match(await grabbed(worker), /^H:t:/, "the background job is still there");
});

test("Prefer: wait=N is the result if it comes in time", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await SubmitScene.start({ store });
  const worker = scene.worker("f");
  const call = await scene.begin("POST /jobs/f", { headers: { Prefer: "wait=10" } });
  worker.send("WORK_COMPLETE", await grabbed(worker), "in time");
  const { status, text, headers } = await call.answered;
  assert.equal(status, 200);
  assert.equal(text, "in time");
  assert.equal(headers.get("preference-applied"), "wait=10");
  const late = await scene.begin("POST /jobs/f", { headers: { Prefer: "respond-async, wait=10" } });
  const handle = await grabbed(worker);
  scene.clock.pass(10_000);
  const answer = await late.answered;
  assert.equal(answer.status, 202);
  assert.equal(answer.json["state"], "running");
  assert.equal(answer.headers.get("preference-applied"), "respond-async, wait=10");
  worker.send("WORK_COMPLETE", handle, "later");
  assert.equal(new TextDecoder().decode(scene.server.outcomes.find(handle)!.result), "later");
});

test("a wait that is over before the store has answered still waits for that", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const call = await scene.begin("POST /jobs/f?wait=1");
  scene.clock.pass(1000);
  await turn();
  assert.equal(call.answer, undefined, "no 202 for a job that is not kept");
  await store.hold();
  assert.equal((await call.answered).status, 202);
});

test("calls that wait when the gateway closes are told to come again", async () => {
  const scene = await SubmitScene.start();
  const call = await scene.begin("POST /jobs/f");
  scene.openCalls.close();
  const { status, json } = await call.answered;
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/draining");
  assert.equal(scene.jobs, 0);
});

test("one caller's waits are bounded", async () => {
  const scene = await SubmitScene.start();
  for (let i = 0; i < 3; i++) await scene.begin("POST /jobs/f");
  const { status, json } = await scene.ask("POST /jobs/f");
  assert.equal(status, 429);
  assert.equal(json["type"], "/problems/too-many-requests");
  assert.equal(scene.jobs, 3);
  const other = await SubmitScene.start();
  for (let i = 0; i < 2; i++) await other.begin("POST /jobs/f");
  const events = await other.ask("POST /jobs/f", { headers: { accept: "text/event-stream" } });
  assert.equal(events.status, 429, "a stream and its job are two");
  assert.deepEqual(other.waits.counts, { sync: 2, poll: 0, stream: 0 });
  const { runnable } = other.server.jobServer.table.findFunction("f")!;
  assert.equal(runnable, 2, "its job was withdrawn");
});

test("events are the answer where they are accepted", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const headers = { accept: "text/event-stream" };
  const call = await scene.begin("POST /jobs/f", { headers });
  const handle = await grabbed(worker);
  worker.send("WORK_DATA", handle, "a");
  worker.send("WORK_COMPLETE", handle, "b");
  const { status, text, headers: answered } = await call.answered;
  assert.equal(status, 200);
  assert.equal(answered.get("gearman-job-handle"), handle);
  const names = text.match(/(?<=event: )\w+/g);
  assert.deepEqual(names, ["queued", "assigned", "data", "complete"]);
  const left = await scene.begin("POST /jobs/f", { headers });
  await left.leave();
  assert.equal(scene.jobs, 0, "a foreground job is withdrawn when its reader leaves");
  assert.equal((await scene.ask("POST /jobs/f?timeout=5", { headers })).status, 400);
});

test("stream=true passes pieces on as they come", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const answered = scene.respond("POST /jobs/f?stream=true");
  await turn();
  const handle = await grabbed(worker);
  worker.send("WORK_DATA", handle, "one");
  const response = await answered;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-length"), null);
  const reader = response.body!.getReader();
  const decode = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
  assert.equal(decode((await reader.read()).value), "one");
  worker.send("WORK_DATA", handle, "two");
  assert.equal(decode((await reader.read()).value), "two");
  worker.send("WORK_COMPLETE", handle, "three");
  assert.equal(decode((await reader.read()).value), "three");
  assert.equal((await reader.read()).done, true);
  assert.equal(scene.waits.counts.stream, 0);
});

test("a stream that fails has its own status before the first piece, and breaks off after", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const early = await scene.begin("POST /jobs/f?stream=true");
  worker.send("WORK_FAIL", await grabbed(worker));
  assert.equal((await early.answered).status, 502);
  const whole = await scene.begin("POST /jobs/f?stream=true");
  worker.send("WORK_COMPLETE", await grabbed(worker), "at once");
  assert.equal((await whole.answered).text, "at once");
  const ends: ((handle: string) => void | Promise<void>)[] = [
    (handle) => worker.send("WORK_FAIL", handle),
    (handle) => scene.server.act((jobServer) => jobServer.cancel(handle)),
    () => scene.clock.pass(60_000),
    async (handle) => {
      worker.send("RESET_ABILITIES");
      worker.send("CAN_DO", "f");
      assert.equal(await grabbed(worker), handle);
      worker.send("WORK_COMPLETE", handle, "anew");
    },
  ];
  for (const end of ends) {
    const answered = scene.respond("POST /jobs/f?stream=true");
    await turn();
    const handle = await grabbed(worker);
    worker.send("WORK_DATA", handle, "piece");
    const reader = (await answered).body!.getReader();
    await reader.read();
    await end(handle);
    await assert.rejects(async () => await reader.read(), /did not come to its end/);
    assert.equal(scene.waits.counts.stream, 0);
  }
});

test("a reader that leaves a stream leaves the job", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const answered = scene.respond("POST /jobs/f?stream=true");
  await turn();
  const handle = await grabbed(worker);
  worker.send("WORK_DATA", handle, "piece");
  const response = await answered;
  assert.equal(scene.waits.counts.stream, 1);
  await response.body!.cancel();
  assert.equal(scene.waits.counts.stream, 0);
  worker.send("WORK_COMPLETE", handle, "for nobody");
  assert.equal(scene.jobs, 0);
});

test("a result that nobody could hold is 502, and can be streamed", async () => {
  const scene = await SubmitScene.start({ limits: { maxSendBytes: 100 } });
  const worker = scene.worker("f");
  const call = await scene.begin("POST /jobs/f");
  const handle = await grabbed(worker);
  for (let i = 0; i < 3; i++) worker.send("WORK_DATA", handle, "x".repeat(40));
  const { status, json } = await call.answered;
  assert.equal(status, 502);
  assert.equal(json["type"], "/problems/result-too-large");
  worker.send("WORK_COMPLETE", handle, "");
});
