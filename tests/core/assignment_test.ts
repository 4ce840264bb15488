import assert from "node:assert/strict";
import { test } from "node:test";
import { Priority, type WakeUpPolicy } from "../../src/core/mod.ts";
import { Scene } from "./scene.ts";

const HIGH = { priority: Priority.HIGH };
const LOW = { priority: Priority.LOW };

// Assignment (protocol section 9)

test("jobs of one function and priority are given out first in, first out", () => {
  const scene = new Scene();
  const peer = scene.peer();
  for (let i = 0; i < 20; i++) peer.submit("f");
  const expected = Array.from({ length: 20 }, (_, i) => `H:t:${i + 1}`);
  assert.deepEqual(scene.drain("f"), expected);
});

test("high comes before normal, and normal before low", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("f", LOW);
  peer.submit("f");
  peer.submit("f", HIGH);
  peer.submit("f", LOW);
  assert.deepEqual(scene.drain("f"), ["H:t:3", "H:t:2", "H:t:1", "H:t:4"]);
});

test("priority counts across all functions of a worker", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("newest", LOW);
  peer.submit("newest");
  peer.submit("oldest", HIGH);
  peer.submit("oldest", LOW);
  peer.submit("oldest");
  peer.submit("oldest", HIGH);
  assert.deepEqual(
    scene.drain("oldest", "newest"),
    ["H:t:3", "H:t:6", "H:t:2", "H:t:5", "H:t:1", "H:t:4"],
  );
});

test("functions take turns, the newest CAN_DO first", () => {
  const scene = new Scene();
  const peer = scene.peer();
  // As libgearman's own test: it registers in reverse, so that the first added function is newest.
  for (let i = 0; i < 3; i++) {
    peer.submit("queue2");
    peer.submit("queue1");
  }
  assert.deepEqual(
    scene.drain("queue2", "queue1"),
    ["H:t:2", "H:t:1", "H:t:4", "H:t:3", "H:t:6", "H:t:5"],
  );
});

test("the function that was used moves to the end of the worker's list, others stay", () => {
  const scene = new Scene();
  const worker = scene.worker("a", "b", "c", "d");
  assert.deepEqual(worker.functions(), ["d", "c", "b", "a"]);
  scene.peer().submit("b");
  worker.grab();
  assert.deepEqual(worker.functions(), ["d", "c", "a", "b"]);
  assert.equal(worker.grab(), null);
  assert.deepEqual(worker.functions(), ["d", "c", "a", "b"]);
});

test("a function passed over because all its jobs are delayed moves to the end too", () => {
  const scene = new Scene();
  const worker = scene.worker("a", "b", "c");
  scene.peer().submitBackground("c", { notBefore: scene.epochIn(60) });
  scene.peer().submit("b");
  worker.grab();
  assert.deepEqual(worker.functions(), ["a", "c", "b"]);
});

test("the turn of one priority is taken up by the next", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("a", HIGH);
  for (const name of ["a", "b", "c"]) peer.submit(name);
  // The order c, b, a becomes c, b, a again after the high job of a.
  assert.deepEqual(scene.drain("a", "b", "c"), ["H:t:1", "H:t:4", "H:t:3", "H:t:2"]);
});

test("delayed jobs of a higher priority do not hide due ones of a lower", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submitBackground("f", { ...HIGH, notBefore: scene.epochIn(60) });
  peer.submit("f", LOW);
  assert.deepEqual(scene.drain("f"), ["H:t:2"]);
});

test("abandoned jobs are discarded when they are reached, and the search goes on", () => {
  const scene = new Scene();
  const [leaving, peer] = [scene.peer(), scene.peer()];
  leaving.submit("f");
  leaving.submit("f");
  peer.submit("f");
  leaving.submit("f");
  leaving.leave();
  assert.deepEqual(scene.status("f"), [4, 0, 0]);
  const worker = scene.worker("f");
  assert.equal(worker.grab(), "H:t:3");
  assert.deepEqual(scene.status("f"), [2, 1, 1]);
  assert.equal(worker.grab(), null);
  assert.deepEqual(scene.status("f"), [1, 1, 1]);
});

test("a worker gets jobs of its own functions only, compared byte for byte", () => {
  const scene = new Scene();
  const peer = scene.peer();
  for (const name of ["f\0", "F", "ff", ""]) peer.submit(name);
  assert.equal(scene.worker("f").grab(), null);
  assert.equal(scene.worker("f\0").grab(), "H:t:1");
  assert.equal(scene.worker("").grab(), "H:t:4");
});

test("a connection may hold any number of jobs at once", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  for (let i = 0; i < 5; i++) scene.peer().submit("f");
  const handles = Array.from({ length: 5 }, () => worker.grab()!);
  assert.deepEqual(scene.status("f"), [5, 5, 1]);
  for (const handle of handles.reverse()) assert.equal(worker.complete(handle), true);
  assert.deepEqual(scene.status("f"), [0, 0, 1]);
});

test("a second CAN_DO replaces the first: counted once, newest again", () => {
  const scene = new Scene();
  const worker = scene.worker("f", "g");
  worker.canDo("f");
  assert.deepEqual(worker.functions(), ["f", "g"]);
  assert.deepEqual(scene.status("f"), [0, 0, 1]);
  worker.cantDo("f");
  assert.deepEqual(worker.functions(), ["g"]);
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
});

test("CANT_DO of an unknown or other function changes nothing", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.server.createFunction("g");
  worker.cantDo("g");
  worker.cantDo("unknown");
  assert.deepEqual(worker.functions(), ["f"]);
  assert.deepEqual(scene.status("g"), [0, 0, 0]);
  assert.equal(scene.server.table.findFunction("unknown"), undefined);
});

// Delayed jobs (protocol section 6, SUBMIT_JOB_EPOCH)

test("a delayed job is counted, and given out in the second that it is due", () => {
  const scene = new Scene();
  scene.now += 400;
  const due = scene.epochIn(2);
  scene.peer().submitBackground("f", { notBefore: due });
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
  const worker = scene.worker("f");
  scene.now = due * 1000 - 1;
  assert.equal(worker.grab(), null);
  scene.now = due * 1000;
  assert.equal(worker.grab(), "H:t:1");
});

test("a time that has come, or 0, means now", () => {
  const scene = new Scene();
  scene.now += 999;
  for (const notBefore of [0, 1, scene.epochIn(0)]) {
    scene.peer().submitBackground("f", { notBefore });
  }
  assert.deepEqual(scene.drain("f"), ["H:t:1", "H:t:2", "H:t:3"]);
});

test("delayed jobs keep their place in line", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submitBackground("f");
  peer.submitBackground("f", { notBefore: scene.epochIn(2) });
  peer.submitBackground("f", { notBefore: scene.epochIn(1) });
  peer.submitBackground("f");
  peer.submitBackground("f", { notBefore: scene.epochIn(60) });
  scene.pass(5000);
  peer.submitBackground("f");
  assert.deepEqual(scene.drain("f"), ["H:t:1", "H:t:2", "H:t:3", "H:t:4", "H:t:6"]);
});

test("jobs of the same second come due in the order of their submission", () => {
  const scene = new Scene();
  const peer = scene.peer();
  for (const seconds of [3, 2, 3, 2, 3]) {
    peer.submitBackground("f", { notBefore: scene.epochIn(seconds) });
  }
  scene.pass(3000);
  assert.deepEqual(scene.drain("f"), ["H:t:1", "H:t:2", "H:t:3", "H:t:4", "H:t:5"]);
});

test("a sleeping worker is woken when the earliest delayed job is due", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(9) });
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  worker.sleep();
  assert.equal(scene.server.nextWake(), scene.epochIn(5) * 1000);
  scene.pass(4999);
  assert.equal(worker.noops, 0);
  scene.pass(1);
  assert.equal(worker.takeNoops(), 1);
  assert.equal(worker.grab(), "H:t:2");
  worker.sleep();
  assert.equal(scene.server.nextWake(), scene.epochIn(4) * 1000);
  scene.pass(4000);
  assert.equal(worker.noops, 1);
});

test("submitting a delayed job wakes nobody", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  worker.sleep();
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(9) });
  assert.equal(worker.noops, 0);
});

test("nothing is due when there is nothing to wait for", () => {
  const scene = new Scene();
  scene.peer().submit("f");
  scene.worker("f").grab();
  assert.equal(scene.server.nextWake(), Infinity);
});

test("a due time far beyond what dates can hold is waited for", () => {
  const scene = new Scene();
  scene.peer().submitBackground("f", { notBefore: 2 ** 63 });
  scene.pass(1_000_000);
  assert.deepEqual(scene.drain("f"), []);
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
});

// Registration order and rotation must not depend on the wake-up policy.

test("the wake-up policy does not change who gets which job", () => {
  for (const wakeUps of ["one per job", 0, 1, 2] satisfies WakeUpPolicy[]) {
    const scene = new Scene({ wakeUps });
    const workers = [scene.worker("f"), scene.worker("f")];
    for (const worker of workers) worker.sleep();
    scene.peer().submit("f");
    scene.peer().submit("f");
    assert.deepEqual(workers.map((worker) => worker.grab()), ["H:t:1", "H:t:2"]);
  }
});
