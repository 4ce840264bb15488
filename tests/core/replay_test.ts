import assert from "node:assert/strict";
import { test } from "node:test";
import { Priority, type ReplayedJob } from "../../src/core/mod.ts";
import { bytesOf } from "../../src/protocol/mod.ts";
import { jobOf, RecordingLog, Scene } from "./scene.ts";

/** A job as a store holds it. */
function stored(key: number, more: Partial<ReplayedJob> = {}): ReplayedJob {
  return {
    key,
    handle: `H:old:${key}`,
    functionName: "f",
    unique: "",
    workload: bytesOf("kept"),
    priority: Priority.NORMAL,
    notBefore: 0,
    reducer: "",
    acceptedAt: 1_600_000_000_000 + key,
    attempts: 0,
    ...more,
  };
}

test("replayed jobs keep their order, and come before those submitted since", () => {
  const scene = new Scene();
  scene.peer().submitBackground("f");
  for (const key of [3, 5, 8]) scene.server.replay(stored(key), scene.now);
  scene.server.replay(stored(9, { priority: Priority.HIGH }), scene.now);
  scene.peer().submitBackground("f");
  assert.deepEqual(scene.drain("f"), [
    "H:old:9",
    "H:old:3",
    "H:old:5",
    "H:old:8",
    "H:t:1",
    "H:t:2",
  ]);
});

test("a replayed job is all that it was, and its key is not used again", () => {
  const scene = new Scene();
  const form = stored(17, {
    unique: "u",
    reducer: "r",
    attempts: 2,
    priority: Priority.LOW,
    notBefore: scene.epochIn(10),
  });
  scene.server.replay(form, scene.now);
  const job = scene.job("H:old:17");
  const { key, handle, unique, workload, priority, notBefore, reducer, acceptedAt, attempts } = job;
  assert.deepEqual(
    {
      key,
      handle,
      functionName: job.queue.name,
      unique,
      workload,
      priority,
      notBefore,
      reducer,
      acceptedAt,
      attempts,
    },
    form,
  );
  assert.equal(job.background, true);
  assert.equal(job.persisted, true);
  assert.equal(job.state, "delayed");
  assert.equal(scene.server.nextKey, 18);
  assert.equal(scene.server.nextHandle, 1);
});

test("the attempts of a replayed job count on", () => {
  const scene = new Scene({ maxAttempts: 3 });
  scene.server.replay(stored(1, { attempts: 2 }), scene.now);
  const worker = scene.worker("f");
  worker.grab();
  worker.leave();
  assert.equal(scene.knows("H:old:1"), false);
});

test("submissions join a replayed job, which wakes a sleeping worker", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  worker.sleep();
  scene.server.replay(stored(1, { unique: "u" }), scene.now);
  scene.server.replay(stored(2, { unique: "-" }), scene.now);
  assert.equal(worker.noops, 1);
  const peer = scene.peer();
  assert.equal(jobOf(peer.submit("f", { unique: "u" })).handle, "H:old:1");
  assert.equal(jobOf(peer.submit("f", { unique: "-", workload: "kept" })).handle, "H:old:2");
});

test("a replayed job is not written again, and its row is removed when it is done", () => {
  const log = new RecordingLog();
  const scene = new Scene({ log });
  scene.server.replay(stored(1), scene.now);
  scene.server.replay(stored(2, { unique: "u" }), scene.now);
  assert.equal(scene.job("H:old:1").row, "stored");
  assert.equal(scene.peer().submitBackground("f", { unique: "u" }).kind, "joined");
  assert.deepEqual(log.calls(), []);
  const worker = scene.worker("f");
  worker.grab();
  worker.grab();
  worker.complete("H:old:1");
  worker.leave();
  assert.deepEqual(log.calls(), ["remove H:old:1", "update H:old:2 attempts 1"]);
});
