import assert from "node:assert/strict";
import { test } from "node:test";
import { Priority, statusOf } from "../../src/core/mod.ts";
import { type Peer, Scene } from "./scene.ts";

function timedWorker(scene: Scene, timeoutMs: number): Peer {
  const worker = scene.peer();
  worker.canDo("f", timeoutMs);
  return worker;
}

// Results (protocol section 7)

test("WORK_DATA, WORK_WARNING and WORK_STATUS reach everybody attached, byte for byte", () => {
  const scene = new Scene();
  const [first, second] = [scene.peer(), scene.peer()];
  const worker = scene.worker("f");
  first.submit("f", { unique: "u" });
  second.submit("f", { unique: "u" });
  worker.grab();
  assert.equal(worker.data("H:t:1", "\u0000\u00ff\n"), true);
  assert.equal(worker.warning("H:t:1", ""), true);
  assert.equal(worker.status("H:t:1", 7, 9), true);
  const told = ["WORK_DATA H:t:1  \u00ff\n", "WORK_WARNING H:t:1 ", "WORK_STATUS H:t:1 7 9"];
  assert.deepEqual(first.told(), told);
  assert.deepEqual(second.told(), told);
});

test("only the connection that holds the job may report about it", () => {
  const scene = new Scene();
  const [client, worker, other] = [scene.peer(), scene.worker("f"), scene.worker("f")];
  client.submit("f");
  const reports: readonly ((peer: Peer) => boolean)[] = [
    (peer) => peer.data("H:t:1", ""),
    (peer) => peer.warning("H:t:1", ""),
    (peer) => peer.status("H:t:1", 1, 2),
    (peer) => peer.complete("H:t:1"),
    (peer) => peer.fail("H:t:1"),
    (peer) => peer.exception("H:t:1", ""),
  ];
  for (const report of reports) assert.equal(report(worker), false, "nobody holds it yet");
  worker.grab();
  for (const report of reports) assert.equal(report(other), false);
  for (const report of reports) assert.equal(report(client), false);
  assert.deepEqual(client.told(), []);
  assert.deepEqual(scene.status("f"), [1, 1, 2]);
});

test("a report about a background job is taken, though nobody gets it", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f");
  worker.grab();
  assert.equal(worker.data("H:t:1", "x"), true);
  assert.equal(worker.complete("H:t:1"), true);
});

test("WORK_COMPLETE, WORK_FAIL and WORK_EXCEPTION end the job, and nothing may follow", () => {
  const ends: readonly ((worker: Peer) => boolean)[] = [
    (worker) => worker.complete("H:t:1", "r"),
    (worker) => worker.fail("H:t:1"),
    (worker) => worker.exception("H:t:1", "e"),
  ];
  for (const end of ends) {
    const scene = new Scene();
    const [client, worker] = [scene.peer(), scene.worker("f")];
    client.submit("f");
    worker.grab();
    assert.equal(end(worker), true);
    assert.equal(client.told().length, 1);
    assert.equal(scene.knows("H:t:1"), false);
    assert.deepEqual(scene.status("f"), [0, 0, 1]);
    for (const again of ends) assert.equal(again(worker), false);
    assert.equal(worker.data("H:t:1", ""), false);
    assert.deepEqual(client.told(), []);
    client.leave();
  }
});

test("an exception reaches those who asked for it, the others get WORK_FAIL", () => {
  const scene = new Scene();
  const [curious, plain] = [scene.peer(), scene.peer()];
  const worker = scene.worker("f");
  curious.client.wantsExceptions = true;
  curious.submit("f", { unique: "u" });
  plain.submit("f", { unique: "u" });
  worker.grab();
  worker.exception("H:t:1", "boom");
  assert.deepEqual(curious.told(), ["WORK_EXCEPTION H:t:1 boom"]);
  assert.deepEqual(plain.told(), ["WORK_FAIL H:t:1"]);
});

test("exceptions can be everybody's default", () => {
  const scene = new Scene({ exceptions: true });
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  worker.exception("H:t:1", "boom");
  assert.deepEqual(client.told(), ["WORK_EXCEPTION H:t:1 boom"]);
});

// Worker gone (section 11)

test("the jobs of a worker that is gone go to the end of their lists, the latest first", () => {
  const scene = new Scene();
  const [peer, worker] = [scene.peer(), scene.worker("f")];
  for (let i = 0; i < 3; i++) peer.submit("f");
  peer.submit("f", { priority: Priority.HIGH });
  for (let i = 0; i < 4; i++) worker.grab();
  peer.submit("f");
  worker.leave();
  assert.deepEqual(scene.status("f"), [5, 0, 0]);
  assert.deepEqual(scene.drain("f"), ["H:t:4", "H:t:5", "H:t:3", "H:t:2", "H:t:1"]);
});

test("a job that comes back forgets its progress, and its clients see nothing", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  worker.status("H:t:1", 1, 2);
  client.told();
  worker.leave();
  assert.deepEqual(client.told(), []);
  assert.deepEqual(statusOf(scene.job("H:t:1")), {
    known: true,
    running: false,
    numerator: 0,
    denominator: 0,
    clients: 1,
  });
  assert.deepEqual(scene.row("H:t:1"), [1, false, false]);
  scene.drain("f");
  assert.deepEqual(client.told(), ["WORK_COMPLETE H:t:1 "]);
});

test("CANT_DO gives back the jobs of that function, RESET_ABILITIES all", () => {
  const scene = new Scene();
  const [peer, worker] = [scene.peer(), scene.worker("f", "g")];
  for (const name of ["f", "g", "f"]) peer.submit(name);
  for (let i = 0; i < 3; i++) worker.grab();
  worker.cantDo("f");
  assert.deepEqual([scene.status("f"), scene.status("g")], [[2, 0, 0], [1, 1, 1]]);
  assert.equal(worker.complete("H:t:1"), false);
  assert.equal(worker.data("H:t:3", ""), false);
  assert.equal(worker.data("H:t:2", ""), true);
  worker.resetAbilities();
  assert.deepEqual(scene.status("g"), [1, 0, 0]);
  assert.equal(worker.complete("H:t:2"), false);
  assert.deepEqual(scene.drain("f"), ["H:t:3", "H:t:1"]);
});

// Retries

test("a retry limit of N means N attempts in all, then the clients get WORK_FAIL", () => {
  for (const [maxAttempts, attempts] of [[0, 1], [1, 1], [3, 3]] as const) {
    for (const background of [false, true]) {
      const scene = new Scene({ maxAttempts });
      const client = scene.peer();
      if (background) client.submitBackground("f");
      else client.submit("f");
      for (let attempt = 1; attempt <= attempts; attempt++) {
        assert.deepEqual(scene.row("H:t:1")[0], attempt - 1);
        assert.deepEqual(client.told(), []);
        const worker = scene.worker("f");
        assert.equal(worker.grab(), "H:t:1");
        worker.leave();
      }
      assert.equal(scene.knows("H:t:1"), false);
      assert.deepEqual(client.told(), background ? [] : ["WORK_FAIL H:t:1"]);
      assert.deepEqual(scene.status("f"), [0, 0, 0]);
    }
  }
});

test("without a retry limit a job comes back as often as it takes", () => {
  const scene = new Scene({ maxAttempts: -1 });
  scene.peer().submit("f");
  for (let attempt = 0; attempt < 300; attempt++) {
    const worker = scene.worker("f");
    worker.grab();
    worker.leave();
  }
  assert.deepEqual(scene.row("H:t:1"), [300, false, false]);
});

test("the last attempt may also be lost to CANT_DO, RESET_ABILITIES or a time-out", () => {
  const losses: readonly ((worker: Peer, scene: Scene) => void)[] = [
    (worker) => worker.cantDo("f"),
    (worker) => worker.resetAbilities(),
    (_worker, scene) => scene.pass(1000),
  ];
  for (const lose of losses) {
    const scene = new Scene({ maxAttempts: 1 });
    const [client, worker] = [scene.peer(), timedWorker(scene, 1000)];
    client.submit("f");
    worker.grab();
    lose(worker, scene);
    assert.deepEqual(client.told(), ["WORK_FAIL H:t:1"]);
    assert.equal(scene.knows("H:t:1"), false);
    assert.equal(worker.complete("H:t:1"), false);
  }
});

// Time-outs (section 10)

test("a job that takes too long is requeued, and its old worker's results are refused", () => {
  const scene = new Scene();
  const [client, slow, other] = [scene.peer(), timedWorker(scene, 5000), scene.worker("f")];
  client.submit("f");
  slow.grab();
  other.sleep();
  assert.equal(scene.server.nextWake(), scene.now + 5000);
  scene.pass(4999);
  assert.deepEqual(scene.status("f"), [1, 1, 2]);
  slow.status("H:t:1", 1, 2);
  slow.data("H:t:1", "does not extend the time");
  client.told();
  scene.pass(1);
  assert.deepEqual(scene.status("f"), [1, 0, 2]);
  assert.deepEqual(scene.row("H:t:1"), [1, false, false]);
  assert.equal(other.noops, 1);
  assert.equal(slow.noops, 0);
  assert.equal(slow.complete("H:t:1", "late"), false);
  assert.deepEqual(client.told(), []);
  assert.deepEqual(slow.functions(), ["f"]);
  assert.equal(slow.grab(), "H:t:1");
});

test("each job has its own deadline", () => {
  const scene = new Scene();
  const worker = timedWorker(scene, 5000);
  for (let i = 0; i < 3; i++) {
    scene.peer().submit("f");
    worker.grab();
    scene.pass(1000);
  }
  // Jobs 1, 2 and 3 are due 2000, 3000 and 4000 ms from now.
  const running = () => ["H:t:1", "H:t:2", "H:t:3"].filter((h) => scene.job(h).state === "running");
  scene.pass(1999);
  assert.deepEqual(running(), ["H:t:1", "H:t:2", "H:t:3"]);
  scene.pass(1);
  assert.deepEqual(running(), ["H:t:2", "H:t:3"]);
  worker.complete("H:t:2");
  scene.pass(1999);
  assert.equal(scene.job("H:t:3").state, "running");
  scene.pass(1);
  assert.equal(scene.job("H:t:3").state, "queued");
  assert.deepEqual(scene.status("f"), [2, 0, 1]);
});

test("a job that is done in time has no deadline any more", () => {
  const scene = new Scene();
  const worker = timedWorker(scene, 5000);
  scene.peer().submit("f");
  worker.complete(worker.grab()!);
  assert.equal(scene.server.nextWake(), Infinity);
  scene.peer().submit("f");
  worker.grab();
  scene.pass(4999);
  assert.deepEqual(scene.status("f"), [1, 1, 1]);
});

test("a job that was lost otherwise has a new deadline with its next worker, or none", () => {
  const scene = new Scene();
  const first = timedWorker(scene, 5000);
  scene.peer().submit("f");
  first.grab();
  scene.pass(3000);
  first.leave();
  const second = timedWorker(scene, 5000);
  second.grab();
  scene.pass(4999);
  assert.deepEqual(scene.status("f"), [1, 1, 1]);
  scene.pass(1);
  assert.deepEqual(scene.status("f"), [1, 0, 1]);
  const patient = scene.worker("f");
  patient.grab();
  assert.equal(scene.server.nextWake(), Infinity);
});

test("the time-out belongs to the registration when the job is assigned", () => {
  const scene = new Scene();
  const worker = timedWorker(scene, 5000);
  scene.peer().submit("f");
  scene.peer().submit("f");
  worker.grab();
  worker.canDo("f");
  worker.grab();
  scene.pass(60_000);
  assert.equal(scene.job("H:t:1").state, "queued");
  assert.equal(scene.job("H:t:2").state, "running");
});

test("a job of a function without time-out does not remove another job's deadline", () => {
  const scene = new Scene();
  const worker = timedWorker(scene, 5000);
  worker.canDo("g");
  scene.peer().submit("f");
  scene.peer().submit("g");
  worker.grab();
  worker.grab();
  scene.pass(5000);
  assert.deepEqual([scene.status("f"), scene.status("g")], [[1, 0, 1], [1, 1, 1]]);
});
