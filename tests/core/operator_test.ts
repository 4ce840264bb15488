import assert from "node:assert/strict";
import { test } from "node:test";
import { Priority, type WakeUpPolicy } from "../../src/core/mod.ts";
import { jobOf, RecordingLog, Scene } from "./scene.ts";
import { StepBook } from "./step_book.ts";

// Pause and resume

test("workers get no jobs of a paused function and are not woken for it; running jobs go on", () => {
  const scene = new Scene();
  const [client, busy, asleep] = [scene.peer(), scene.worker("f"), scene.worker("f")];
  client.submit("f");
  busy.grab();
  asleep.sleep();
  scene.server.pause("f");
  assert.equal(client.submit("f").kind, "queued");
  assert.equal(asleep.noops, 0);
  assert.equal(busy.complete("H:t:1"), true);
  assert.equal(busy.grab(), null);
  busy.sleep();
  assert.equal(busy.noops, 0);
  assert.deepEqual(scene.status("f"), [1, 0, 2]);
  scene.pass(60_000);
  assert.equal(asleep.noops, 0);
});

test("a paused function holds up no other one, and keeps its place in the order", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("g", "f")];
  client.submit("f", { priority: Priority.HIGH });
  client.submit("g", { priority: Priority.LOW });
  scene.server.pause("f");
  worker.sleep();
  assert.equal(worker.takeNoops(), 1);
  assert.equal(worker.grab(), "H:t:2");
  assert.deepEqual(worker.functions(), ["f", "g"]);
});

test("resume wakes workers as the jobs would have", () => {
  const expected: readonly (readonly [WakeUpPolicy, number[]])[] = [
    ["one per job", [1, 1, 0]],
    [0, [1, 1, 1]],
    [1, [1, 1, 0]],
  ];
  for (const [wakeUps, noops] of expected) {
    const scene = new Scene({ wakeUps });
    const workers = [scene.worker("f"), scene.worker("f"), scene.worker("f")];
    for (const worker of workers) worker.sleep();
    scene.server.pause("f");
    for (let i = 0; i < 2; i++) scene.peer().submit("f");
    scene.server.resume("f", scene.now);
    assert.deepEqual(workers.map((worker) => worker.takeNoops()), noops, `policy ${wakeUps}`);
    scene.server.resume("f", scene.now);
    assert.deepEqual(workers.map((worker) => worker.takeNoops()), [0, 0, 0]);
  }
});

test("a function that is paused before it is known comes into being", () => {
  const scene = new Scene();
  scene.server.pause("f");
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
  scene.server.resume("g", scene.now);
  assert.equal(scene.server.table.findFunction("g"), undefined);
  assert.equal(scene.server.dropFunction("f"), "dropped");
  scene.peer().submit("f");
  assert.deepEqual(scene.drain("f"), ["H:t:1"], "a dropped function's pause is forgotten");
});

// Purge

test("a purge cancels all jobs that no worker has, and forgets them", () => {
  const log = new RecordingLog();
  const scene = new Scene({ log });
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f", { priority: Priority.HIGH });
  worker.grab();
  client.submit("f", { unique: "u" });
  client.submitBackground("f", { notBefore: scene.epochIn(60) });
  scene.server.jobStored(log.waiting[0]!, scene.now);
  log.answered(log.waiting[0]!);
  const storing = jobOf(client.submitBackground("f"));
  client.submit("g");
  log.calls();
  assert.equal(scene.server.purge("f"), 3);
  assert.deepEqual(log.calls(), ["remove H:t:3", "remove H:t:4"]);
  assert.deepEqual(client.told(), ["JOB_CREATED H:t:3", "WORK_FAIL H:t:2"]);
  assert.deepEqual(scene.status("f"), [2, 1, 1], "one runs, one is still with the store");
  scene.server.jobStored(storing, scene.now);
  worker.complete("H:t:1");
  assert.deepEqual(scene.status("f"), [0, 0, 1]);
  assert.deepEqual(scene.status("g"), [1, 0, 0]);
  assert.equal(scene.server.nextWake(), Infinity);
  assert.equal(client.submit("f", { unique: "u" }).kind, "queued");
  assert.equal(scene.server.purge("unknown"), 0);
});

test("a purge can be told which jobs", () => {
  const book = new StepBook();
  const scene = new Scene({ witness: book });
  const client = scene.peer();
  for (const unique of ["a", "b", "c"]) client.submit("f", { unique });
  assert.equal(scene.server.purge("f", (job) => job.unique !== "b"), 2);
  assert.deepEqual(book.takeEnds(), ["H:t:1 cancelled", "H:t:3 cancelled"]);
  assert.deepEqual(scene.drain("f"), ["H:t:2"]);
});

test("the time of a purge rises with the jobs, not with their square", () => {
  const scene = new Scene();
  const client = scene.peer();
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    client.submitBackground("f", { notBefore: i % 2 === 0 ? 0 : scene.epochIn(60) });
  }
  const start = performance.now();
  assert.equal(scene.server.purge("f"), count);
  const ms = performance.now() - start;
  assert.equal(scene.server.table.jobCount, 0);
  // A walk of the queue per job would take minutes.
  assert.ok(ms < 60_000, `${ms} ms`);
});

// Forced drop

test("a function is dropped by force with its jobs, and its workers lose it", () => {
  const book = new StepBook();
  const scene = new Scene({ witness: book });
  const [client, worker, asleep] = [scene.peer(), scene.worker("f", "g"), scene.worker("f", "g")];
  client.submit("f", { unique: "u" });
  worker.grab();
  asleep.sleep();
  client.submit("f");
  client.submitBackground("f", { notBefore: scene.epochIn(60) });
  assert.equal(scene.server.dropFunction("f"), "in use");
  assert.equal(scene.server.dropFunction("f", { force: true }), "dropped");
  assert.equal(scene.server.dropFunction("f", { force: true }), "not found");
  assert.deepEqual(client.told().sort(), ["WORK_FAIL H:t:1", "WORK_FAIL H:t:2"]);
  assert.deepEqual(book.takeEnds().sort(), [1, 2, 3].map((i) => `H:t:${i} cancelled`));
  assert.deepEqual([worker, asleep].map((peer) => peer.functions()), [["g"], ["g"]]);
  assert.equal(worker.complete("H:t:1"), true, "its worker is told nothing");
  assert.equal(scene.server.table.jobCount, 0);
  assert.equal(asleep.takeNoops(), 1);
  assert.equal(asleep.grab(), null);
  client.submit("f", { unique: "u" });
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
});

// Draining workers

test("a worker that is drained finishes its jobs and gets no others", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  client.submit("f");
  worker.grab();
  scene.server.drainWorker(worker.workerRole, true, scene.now);
  assert.equal(worker.complete("H:t:1"), true);
  assert.equal(worker.grab(), null);
  worker.sleep();
  worker.canDo("g");
  client.submit("g");
  assert.equal(worker.noops, 0);
  assert.deepEqual(scene.status("f"), [1, 0, 1]);
  scene.server.drainWorker(worker.workerRole, false, scene.now);
  assert.equal(worker.takeNoops(), 1);
  assert.equal(worker.grab(), "H:t:3");
});

test("a worker without work that may have jobs again sleeps until there is some", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  worker.sleep();
  for (const draining of [true, true, false, false]) {
    scene.server.drainWorker(worker.workerRole, draining, scene.now);
  }
  assert.equal(worker.noops, 0);
  scene.peer().submit("f");
  assert.equal(worker.noops, 1);
});

test("the wake-up of a worker that is drained passes to another one", () => {
  const scene = new Scene();
  const workers = [scene.worker("f"), scene.worker("f")];
  for (const worker of workers) worker.sleep();
  scene.peer().submit("f");
  assert.deepEqual(workers.map((worker) => worker.takeNoops()), [1, 0]);
  scene.server.drainWorker(workers[0]!.workerRole, true, scene.now);
  assert.deepEqual(workers.map((worker) => worker.takeNoops()), [0, 1]);
  scene.pass(60_000);
  assert.equal(workers[0]!.noops, 0, "nor is its own repeated");
});

// Cancel

test("a running job is left alone when that is asked for", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  client.submit("f");
  worker.grab();
  const cancel = (handle: string) => scene.server.cancel(handle, { running: false });
  assert.equal(cancel("H:t:1"), "running");
  assert.equal(cancel("H:t:2"), "cancelled");
  assert.equal(cancel("H:t:3"), "unknown");
  assert.deepEqual(client.told(), ["WORK_FAIL H:t:2"]);
  assert.equal(scene.server.cancel("H:t:1"), "cancelled");
  assert.equal(cancel("H:t:1"), "cancelled", "it was, already");
  assert.deepEqual(client.told(), ["WORK_FAIL H:t:1"]);
});
