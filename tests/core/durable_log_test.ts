import assert from "node:assert/strict";
import { test } from "node:test";
import { type DurableLog, Priority, statusOf } from "../../src/core/mod.ts";
import { jobOf, RecordingLog, Scene } from "./scene.ts";

interface Durable {
  readonly scene: Scene;
  readonly log: RecordingLog;
  stored(handle: string): void;
  refused(handle: string): void;
}

/** A scene whose background jobs wait for a store that answers when the test says so. */
function durable(maxAttempts = -1): Durable {
  const log = new RecordingLog();
  const scene = new Scene({ log, maxAttempts });
  const answer = (handle: string) => {
    const job = log.waiting.find((waiting) => waiting.handle === handle);
    assert.ok(job !== undefined, `${handle} does not wait for the store`);
    log.answered(job);
    return job;
  };
  return {
    scene,
    log,
    stored: (handle) => scene.server.jobStored(answer(handle), scene.now),
    refused: (handle) => scene.server.jobRefused(answer(handle), scene.now),
  };
}

test("a background job is acknowledged and runs when it is stored, not before", () => {
  const { scene, log, stored } = durable();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  worker.sleep();
  assert.equal(client.submitBackground("f").kind, "awaits store");
  assert.deepEqual(log.calls(), ["add H:t:1"]);
  assert.deepEqual(client.told(), []);
  assert.equal(worker.noops, 0);
  assert.equal(worker.grab(), null);
  assert.deepEqual(scene.status("f"), [1, 0, 1]);
  worker.sleep();
  stored("H:t:1");
  assert.deepEqual(client.told(), ["JOB_CREATED H:t:1"]);
  assert.equal(worker.noops, 1);
  assert.equal(worker.grab(), "H:t:1");
});

test("a foreground job needs no store", () => {
  const { scene, log } = durable();
  assert.equal(scene.peer().submit("f").kind, "queued");
  scene.drain("f");
  assert.deepEqual(log.calls(), []);
});

test("a refused job is gone, and its submitter is told once", () => {
  const { scene, log, refused } = durable();
  const client = scene.peer();
  client.submitBackground("f", { unique: "u" });
  refused("H:t:1");
  assert.deepEqual(client.told(), ["REFUSED H:t:1"]);
  assert.equal(scene.knows("H:t:1"), false);
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
  assert.deepEqual(log.calls(), ["add H:t:1"]);
  assert.equal(client.submitBackground("f", { unique: "u" }).kind, "awaits store");
});

test("a store that takes no more refuses at once; the handle is used up", () => {
  const { scene, log, stored } = durable();
  const client = scene.peer();
  log.full = true;
  assert.deepEqual(client.submitBackground("f"), { kind: "refused", reason: "store full" });
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
  assert.equal(scene.server.table.jobCount, 0);
  log.full = false;
  assert.equal(jobOf(client.submitBackground("f")).handle, "H:t:2");
  stored("H:t:2");
});

test("jobs run in the order of their submission, in whatever order they were stored", () => {
  const { scene, stored } = durable();
  const client = scene.peer();
  for (let i = 0; i < 3; i++) client.submitBackground("f");
  client.submit("f");
  client.submitBackground("f");
  for (const handle of ["H:t:5", "H:t:3", "H:t:1", "H:t:2"]) stored(handle);
  assert.deepEqual(scene.drain("f"), ["H:t:1", "H:t:2", "H:t:3", "H:t:4", "H:t:5"]);
});

test("jobs that are being stored count for maxqueue", () => {
  const { scene } = durable();
  const client = scene.peer();
  client.submitBackground("f");
  scene.server.setQueueLimits("f", [1, 1, 1]);
  assert.equal(client.submit("f").kind, "refused");
});

test("a delayed job is stored first, and then waits for its time", () => {
  const { scene, stored } = durable();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  scene.pass(10_000);
  assert.equal(worker.grab(), null);
  stored("H:t:1");
  assert.equal(worker.grab(), "H:t:1");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  stored("H:t:2");
  assert.equal(worker.grab(), null);
  scene.pass(5000);
  assert.equal(worker.grab(), "H:t:2");
});

test("everybody who joins a job that is being stored waits for it too", () => {
  for (const good of [true, false]) {
    const { scene, log, stored, refused } = durable();
    const peers = [scene.peer(), scene.peer(), scene.peer()];
    peers[0]!.submitBackground("f", { unique: "u" });
    assert.equal(peers[1]!.submit("f", { unique: "u" }).kind, "awaits store");
    assert.equal(peers[2]!.submitBackground("f", { unique: "u" }).kind, "awaits store");
    assert.deepEqual(log.calls(), ["add H:t:1"]);
    (good ? stored : refused)("H:t:1");
    // One answer each; nobody who was refused is told of a result as well.
    for (const peer of peers) {
      assert.deepEqual(peer.told(), [good ? "JOB_CREATED H:t:1" : "REFUSED H:t:1"]);
    }
    assert.deepEqual(scene.drain("f"), good ? ["H:t:1"] : []);
    assert.deepEqual(peers[1]!.told(), good ? ["WORK_COMPLETE H:t:1 "] : []);
    assert.equal(peers[1]!.client.waitingFor.size, 0);
  }
});

test("a client that leaves while the job is being stored changes nothing", () => {
  const { scene, stored } = durable();
  const leaving = scene.peer();
  leaving.submitBackground("f", { unique: "u" });
  leaving.submit("f", { unique: "u" });
  leaving.leave();
  stored("H:t:1");
  assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
});

test("a finished job is removed from the store, whatever its end", () => {
  const { scene, log, stored } = durable(1);
  const worker = scene.worker("f");
  for (let i = 1; i <= 4; i++) {
    scene.peer().submitBackground("f");
    stored(`H:t:${i}`);
    worker.grab();
  }
  log.calls();
  worker.complete("H:t:1");
  worker.fail("H:t:2");
  worker.exception("H:t:3", "");
  worker.leave();
  assert.deepEqual(log.calls(), [1, 2, 3, 4].map((i) => `remove H:t:${i}`));
});

test("a requeued job's attempts are noted, those of foreground jobs are not", () => {
  const { scene, log, stored } = durable();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f");
  scene.peer().submit("f");
  stored("H:t:1");
  worker.grab();
  worker.grab();
  log.calls();
  worker.leave();
  assert.deepEqual(log.calls(), ["update H:t:1 attempts 1"]);
});

// A background submission that joins a foreground job

test("a background submission that joins a foreground job is acknowledged when it is stored", () => {
  const { scene, log, stored } = durable();
  const [client, other] = [scene.peer(), scene.peer()];
  client.submit("f", { unique: "u" });
  assert.equal(other.submitBackground("f", { unique: "u" }).kind, "awaits store");
  assert.deepEqual(log.calls(), ["add H:t:1"]);
  assert.equal(other.submitBackground("f", { unique: "u" }).kind, "awaits store");
  assert.deepEqual(log.calls(), [], "it is being stored already");
  stored("H:t:1");
  assert.deepEqual(other.told(), ["JOB_CREATED H:t:1", "JOB_CREATED H:t:1"]);
  assert.equal(other.submitBackground("f", { unique: "u" }).kind, "joined");
  assert.deepEqual(log.calls(), []);
  client.leave();
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  assert.deepEqual(log.calls(), ["remove H:t:1"]);
});

test("a foreground job does not wait while it is being stored for others", () => {
  const { scene } = durable();
  const [client, other, third] = [scene.peer(), scene.peer(), scene.peer()];
  client.submit("f", { unique: "u" });
  other.submitBackground("f", { unique: "u" });
  assert.equal(third.submit("f", { unique: "u" }).kind, "joined");
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  assert.deepEqual(client.told(), ["WORK_COMPLETE H:t:1 "]);
  assert.deepEqual(third.told(), ["WORK_COMPLETE H:t:1 "]);
});

test("when that store refuses, only the background submission fails", () => {
  const { scene, log, refused } = durable();
  const [client, other, third] = [scene.peer(), scene.peer(), scene.peer()];
  client.submit("f", { unique: "u" });
  other.submitBackground("f", { unique: "u" });
  third.submit("f", { unique: "u" });
  refused("H:t:1");
  assert.deepEqual(other.told(), ["REFUSED H:t:1"]);
  assert.deepEqual(scene.row("H:t:1"), [0, false, false]);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  for (const peer of [client, third]) assert.deepEqual(peer.told(), ["WORK_COMPLETE H:t:1 "]);
  assert.deepEqual(log.calls(), ["add H:t:1"]);
});

test("when that store refuses and its clients have left, the job is abandoned", () => {
  for (const running of [false, true]) {
    const { scene, refused } = durable();
    const [client, other, worker] = [scene.peer(), scene.peer(), scene.worker("f")];
    client.submit("f", { unique: "u" });
    if (running) worker.grab();
    other.submitBackground("f", { unique: "u" });
    client.leave();
    assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
    refused("H:t:1");
    assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
    worker.leave();
    assert.deepEqual(scene.drain("f"), []);
    assert.equal(scene.server.table.jobCount, 0);
  }
});

test("a job that was refused as a background job may become one later", () => {
  const { scene, log, stored, refused } = durable();
  const [client, other] = [scene.peer(), scene.peer()];
  client.submit("f", { unique: "u" });
  other.submitBackground("f", { unique: "u" });
  refused("H:t:1");
  log.calls();
  assert.equal(other.submitBackground("f", { unique: "u" }).kind, "awaits store");
  assert.deepEqual(log.calls(), ["add H:t:1"]);
  stored("H:t:1");
  assert.deepEqual(other.told(), ["REFUSED H:t:1", "JOB_CREATED H:t:1"]);
  assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
});

test("a full store refuses the joining submission and leaves the job as it is", () => {
  const { scene, log } = durable();
  const [client, other] = [scene.peer(), scene.peer()];
  client.submit("f", { unique: "u" });
  log.full = true;
  assert.deepEqual(other.submitBackground("f", { unique: "u" }), {
    kind: "refused",
    reason: "store full",
  });
  assert.deepEqual(scene.row("H:t:1"), [0, false, false]);
  client.leave();
  assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
});

test("a job that is finished before it was written is acknowledged all the same", () => {
  for (const good of [true, false]) {
    const { scene, log, stored, refused } = durable();
    const [client, other, worker] = [scene.peer(), scene.peer(), scene.worker("f")];
    client.submit("f", { unique: "u" });
    worker.grab();
    other.submitBackground("f", { unique: "u" });
    worker.complete("H:t:1");
    assert.deepEqual(log.calls(), ["add H:t:1", "remove H:t:1"]);
    assert.deepEqual(other.told(), []);
    (good ? stored : refused)("H:t:1");
    assert.deepEqual(other.told(), [good ? "JOB_CREATED H:t:1" : "REFUSED H:t:1"]);
    assert.equal(scene.server.table.jobCount, 0);
    assert.deepEqual(scene.status("f"), [0, 0, 1]);
    assert.deepEqual(log.calls(), []);
  }
});

// Cancel

test("a job cancelled while it is being stored is acknowledged, and never runs", () => {
  for (const good of [true, false]) {
    const { scene, log, stored, refused } = durable();
    const [client, joined] = [scene.peer(), scene.peer()];
    client.submitBackground("f", { unique: "u" });
    joined.submit("f", { unique: "u" });
    assert.equal(scene.cancel("H:t:1"), true);
    assert.equal(scene.cancel("H:t:1"), true);
    assert.deepEqual(log.calls(), ["add H:t:1", "remove H:t:1"]);
    assert.equal(client.submitBackground("f", { unique: "u" }).kind, "awaits store");
    (good ? stored : refused)("H:t:1");
    // The session holds WORK_FAIL back until JOB_CREATED has left.
    assert.deepEqual(joined.told(), ["WORK_FAIL H:t:1", "JOB_CREATED H:t:1"]);
    assert.deepEqual(client.told(), ["JOB_CREATED H:t:1"]);
    assert.equal(scene.knows("H:t:1"), false);
    stored("H:t:2");
    assert.deepEqual(scene.drain("f"), ["H:t:2"]);
    assert.deepEqual(log.calls(), ["add H:t:2", "remove H:t:2"]);
  }
});

test("a stored job's row is removed once when it is cancelled", () => {
  for (const running of [false, true]) {
    const { scene, log, stored } = durable();
    const worker = scene.worker("f");
    scene.peer().submitBackground("f");
    stored("H:t:1");
    if (running) worker.grab();
    log.calls();
    scene.cancel("H:t:1");
    scene.cancel("H:t:1");
    if (running) worker.complete("H:t:1");
    else worker.grab();
    assert.deepEqual(log.calls(), ["remove H:t:1"]);
    assert.equal(scene.server.table.jobCount, 0);
  }
});

test("an abandoned job that became durable is not given up with its client", () => {
  const { scene, log, stored } = durable();
  const leaving = scene.peer();
  leaving.submit("f", { unique: "u", priority: Priority.HIGH });
  leaving.leave();
  scene.peer().submitBackground("f", { unique: "u" });
  stored("H:t:1");
  assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  assert.deepEqual(log.calls(), ["add H:t:1", "remove H:t:1"]);
});

// Without a store

test("a log that keeps nothing lets background jobs run at once", () => {
  const removed: string[] = [];
  const log: DurableLog = {
    durable: false,
    add: () => true,
    update: () => {},
    remove: (job) => void removed.push(job.handle),
  };
  const scene = new Scene({ log });
  const client = scene.peer();
  assert.equal(client.submitBackground("f").kind, "queued");
  assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
  client.submit("f", { unique: "u" });
  assert.equal(client.submitBackground("f", { unique: "u" }).kind, "joined");
  assert.deepEqual(scene.drain("f"), ["H:t:1", "H:t:2"]);
  assert.deepEqual(removed, ["H:t:1", "H:t:2"]);
});

test("whoever asks about a job that is not being stored is answered at once", () => {
  const scene = new Scene();
  const answers: string[] = [];
  const job = jobOf(scene.peer().submitBackground("f"));
  scene.server.awaitStore(job, {
    jobStored: ({ handle }) => void answers.push(`stored ${handle}`),
    jobRefused: ({ handle }) => void answers.push(`refused ${handle}`),
  });
  assert.deepEqual(answers, ["stored H:t:1"]);
  assert.equal(statusOf(job).known, true);
});
