import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  jobRows,
  Priority,
  priorityStatusRows,
  statusOf,
  statusRows,
  uniqueIds,
} from "../../src/core/mod.ts";
import { byteStringFrom } from "../../src/protocol/mod.ts";
import { jobOf, type Peer, Scene } from "./scene.ts";

/** Whether the second of two submissions joins the first. */
function joins(
  first: readonly [name: string, unique: string, workload: string],
  second: readonly [name: string, unique: string, workload: string],
): boolean {
  const peer = new Scene().peer();
  const [a, b] = [first, second].map(([name, unique, workload]) =>
    peer.submitBackground(name, { unique, workload })
  );
  assert.equal(a!.kind, "queued");
  assert.equal(b!.kind === "joined", jobOf(a!) === jobOf(b!));
  return b!.kind === "joined";
}

const LONG = "w".repeat(1000);

test("an empty unique ID never joins", () => {
  assert.equal(joins(["f", "", "same"], ["f", "", "same"]), false);
});

test("unique ID '-' joins the job with the same workload, short or long", () => {
  assert.equal(joins(["f", "-", "same"], ["f", "-", "same"]), true);
  assert.equal(joins(["f", "-", "same"], ["f", "-", "other"]), false);
  assert.equal(joins(["f", "-", LONG], ["f", "-", LONG]), true);
  assert.equal(joins(["f", "-", LONG], ["f", "-", `${LONG}.`]), false);
  assert.equal(joins(["f", "-", "w".repeat(64)], ["f", "-", "w".repeat(64)]), true);
  assert.equal(joins(["f", "-", "w".repeat(64)], ["f", "-", "w".repeat(65)]), false);
  assert.equal(joins(["f", "-", "same"], ["g", "-", "same"]), false);
  assert.equal(joins(["f", "-", "same"], ["f", "same", "same"]), false);
  assert.equal(joins(["f", "same", "same"], ["f", "-", "same"]), false);
});

test("unique ID '-' with an empty workload never joins", () => {
  assert.equal(joins(["f", "-", ""], ["f", "-", ""]), false);
});

test("a workload can't pass for another one by looking like its digest", () => {
  const digest = createHash("sha256").update(LONG);
  for (const text of [digest.copy().digest("base64"), digest.copy().digest("hex")]) {
    for (const imitation of [text, `sha256:${text}`, `sha256:${text}:${LONG.length}`]) {
      assert.equal(joins(["f", "-", LONG], ["f", "-", imitation]), false, imitation);
    }
  }
});

test("a job of unique ID '-' keeps '-', as workers and the store see it", () => {
  const peer = new Scene().peer();
  assert.equal(jobOf(peer.submit("f", { unique: "-" })).unique, "-");
});

test("the same unique ID joins whatever the workload, priority and time", () => {
  const scene = new Scene();
  const peer = scene.peer();
  const first = jobOf(peer.submit("f", { unique: "u", workload: "first" }));
  const second = peer.submit("f", {
    unique: "u",
    workload: "second",
    priority: Priority.HIGH,
    notBefore: scene.epochIn(60),
    reducer: "r",
  });
  assert.deepEqual(second, { kind: "joined", job: first });
  assert.equal(byteStringFrom(first.workload), "first");
  assert.equal(first.priority, Priority.NORMAL);
  assert.equal(first.notBefore, 0);
  assert.equal(first.reducer, "");
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
});

test("an earlier time changes nothing for a delayed job that is joined", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submitBackground("f", { unique: "u", notBefore: scene.epochIn(60) });
  peer.submitBackground("f", { unique: "u", notBefore: scene.epochIn(1) });
  scene.pass(59_000);
  assert.deepEqual(scene.drain("f"), []);
  scene.pass(1000);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
});

test("a time that no calendar has is cut to one that every store can keep", () => {
  const peer = new Scene().peer();
  for (const notBefore of [9_007_199_254_741, 2 ** 63, 6e20]) {
    const job = jobOf(peer.submitBackground("f", { notBefore }));
    assert.equal(job.notBefore, 9_007_199_254_740);
    assert.ok(Number.isSafeInteger(job.notBefore * 1000));
  }
});

test("the same unique ID under another function is an independent job", () => {
  assert.equal(joins(["f", "u", "x"], ["f", "u", "x"]), true);
  assert.equal(joins(["f", "u", "x"], ["g", "u", "x"]), false);
  assert.equal(joins(["f", "u", "x"], ["f\0", "u", "x"]), false);
  assert.equal(joins(["f", "u", "x"], ["F", "u", "x"]), false);
});

test("unique IDs of 64 bytes count to the last byte", () => {
  const unique = "u".repeat(64);
  assert.equal(joins(["f", unique, "x"], ["f", unique, "x"]), true);
  assert.equal(joins(["f", unique, "x"], ["f", `${"u".repeat(63)}v`, "x"]), false);
  assert.equal(joins(["f", unique, "x"], ["f", "u".repeat(63), "x"]), false);
});

test("a client joins a job whether it is queued or running, and gets all further packets", () => {
  for (const background of [false, true]) {
    for (const running of [false, true]) {
      const scene = new Scene();
      const [first, second] = [scene.peer(), scene.peer()];
      const worker = scene.worker("f");
      if (background) first.submitBackground("f", { unique: "u" });
      else first.submit("f", { unique: "u" });
      if (running) {
        worker.grab();
        worker.data("H:t:1", "early");
      }
      assert.equal(second.submit("f", { unique: "u" }).kind, "joined");
      if (!running) worker.grab();
      worker.data("H:t:1", "late");
      worker.complete("H:t:1", "done");
      assert.deepEqual(second.told(), ["WORK_DATA H:t:1 late", "WORK_COMPLETE H:t:1 done"]);
      const early = running ? ["WORK_DATA H:t:1 early"] : [];
      assert.deepEqual(
        first.told(),
        background ? [] : [...early, "WORK_DATA H:t:1 late", "WORK_COMPLETE H:t:1 done"],
      );
    }
  }
});

test("a background submission that joins attaches nobody", () => {
  const scene = new Scene();
  const [first, second] = [scene.peer(), scene.peer()];
  first.submit("f", { unique: "u" });
  second.submitBackground("f", { unique: "u" });
  assert.equal(statusOf(scene.job("H:t:1")).clients, 1);
  scene.drain("f");
  assert.deepEqual(first.told(), ["WORK_COMPLETE H:t:1 "]);
  assert.deepEqual(second.told(), []);
});

test("a background submission that joins makes the job one that is kept", () => {
  const scene = new Scene();
  const [first, second] = [scene.peer(), scene.peer()];
  const job = jobOf(first.submit("f", { unique: "u" }));
  assert.equal(job.persisted, false);
  scene.now += 5;
  second.submitBackground("f", { unique: "u" });
  assert.equal(job.persisted, true);
  assert.equal(job.background, true);
  assert.equal(job.acceptedAt, scene.now);
  first.leave();
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
});

test("a connection that submits the same unique ID twice gets every packet twice", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("f", { unique: "u" });
  peer.submit("f", { unique: "u" });
  assert.equal(statusOf(scene.job("H:t:1")).clients, 2);
  const worker = scene.worker("f");
  worker.grab();
  worker.status("H:t:1", 1, 2);
  worker.complete("H:t:1", "r");
  const status = "WORK_STATUS H:t:1 1 2";
  const complete = "WORK_COMPLETE H:t:1 r";
  assert.deepEqual(peer.told(), [status, status, complete, complete]);
});

test("a finished job is forgotten: the next submission of its unique ID is a new job", () => {
  const ends: readonly ((worker: Peer, handle: string) => boolean)[] = [
    (worker, handle) => worker.complete(handle),
    (worker, handle) => worker.fail(handle),
    (worker, handle) => worker.exception(handle, "e"),
  ];
  for (const unique of ["u", "-"]) {
    for (const end of ends) {
      const scene = new Scene();
      const worker = scene.worker("f");
      const peer = scene.peer();
      peer.submit("f", { unique });
      assert.equal(end(worker, worker.grab()!), true);
      assert.equal(scene.knows("H:t:1"), false);
      assert.equal(peer.submit("f", { unique }).kind, "queued");
      assert.equal(scene.knows("H:t:2"), true);
      assert.deepEqual(scene.status("f"), [1, 0, 1]);
    }
  }
});

test("a join wakes nobody, takes no handle and passes a full queue", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("f", { unique: "u" });
  scene.server.setQueueLimits("f", [1, 1, 1]);
  const sleeper = scene.worker("g");
  sleeper.sleep();
  assert.equal(peer.submit("f", { unique: "u" }).kind, "joined");
  assert.equal(scene.server.nextHandle, 2);
  assert.equal(scene.server.nextKey, 2);
  assert.equal(sleeper.noops, 0);
});

test("a submission needs no worker: its function comes into being with it", () => {
  const scene = new Scene();
  scene.peer().submit("nobody's");
  assert.deepEqual(scene.status("nobody's"), [1, 0, 0]);
});

test("handles are prefix and a number that rises by one with each new job", () => {
  const scene = new Scene({ handlePrefix: "H:host.example:", nextHandle: 41, nextKey: 7 });
  const peer = scene.peer();
  assert.equal(jobOf(peer.submit("f")).handle, "H:host.example:41");
  const job = jobOf(peer.submit("g"));
  assert.equal(job.handle, "H:host.example:42");
  assert.equal(job.key, 8);
});

test("numbers are raised, never lowered", () => {
  const scene = new Scene();
  scene.server.raiseNumbers(100, 200);
  scene.server.raiseNumbers(50, 300);
  assert.equal(scene.server.nextHandle, 100);
  assert.equal(scene.server.nextKey, 300);
  assert.equal(jobOf(scene.peer().submit("f")).handle, "H:t:100");
});

test("a refusal because the queue is full takes no handle", () => {
  const scene = new Scene();
  const peer = scene.peer();
  peer.submit("f");
  scene.server.setQueueLimits("f", [1, 1, 1]);
  assert.deepEqual(peer.submit("f"), { kind: "refused", reason: "queue full" });
  assert.deepEqual(peer.submitBackground("f"), { kind: "refused", reason: "queue full" });
  scene.server.setQueueLimits("f");
  assert.equal(jobOf(peer.submit("f")).handle, "H:t:2");
  assert.deepEqual(scene.status("f"), [2, 0, 0]);
});

test("maxqueue counts queued, running, abandoned and delayed jobs of every priority", () => {
  const scene = new Scene();
  const [leaving, peer] = [scene.peer(), scene.peer()];
  const worker = scene.worker("f");
  peer.submit("f", { priority: Priority.LOW });
  worker.grab();
  leaving.submit("f", { priority: Priority.HIGH });
  leaving.leave();
  peer.submitBackground("f", { notBefore: scene.epochIn(60) });
  peer.submit("f", { priority: Priority.LOW });
  for (const priority of [Priority.HIGH, Priority.NORMAL, Priority.LOW]) {
    scene.server.setQueueLimits("f", [4, 4, 4]);
    assert.equal(peer.submit("f", { priority }).kind, "refused");
  }
  scene.server.setQueueLimits("f", [5, 5, 5]);
  assert.equal(peer.submit("f").kind, "queued");
});

test("the limit of the submitted priority counts, and 0 is none", () => {
  const scene = new Scene();
  const peer = scene.peer();
  scene.server.createFunction("f");
  scene.server.setQueueLimits("f", [1, 2, 0]);
  const kind = (priority: Priority) => peer.submit("f", { priority }).kind;
  assert.equal(kind(Priority.LOW), "queued");
  assert.equal(kind(Priority.HIGH), "refused");
  assert.equal(kind(Priority.NORMAL), "queued");
  assert.equal(kind(Priority.NORMAL), "refused");
  assert.equal(kind(Priority.LOW), "queued");
});

test("a limit for a function that nobody knows does not create it", () => {
  const scene = new Scene();
  scene.server.setQueueLimits("f", [1, 1, 1]);
  assert.equal(scene.server.table.findFunction("f"), undefined);
  const peer = scene.peer();
  peer.submit("f");
  assert.equal(peer.submit("f").kind, "queued");
});

test("the status of a job is unknown, queued, or running with its last numbers", () => {
  const scene = new Scene();
  const unknown = { known: false, running: false, numerator: 0, denominator: 0, clients: 0 };
  const status = () => statusOf(scene.server.table.findJob("H:t:1"));
  assert.deepEqual(status(), unknown);
  scene.peer().submit("f");
  assert.deepEqual(status(), { ...unknown, known: true, clients: 1 });
  const worker = scene.worker("f");
  worker.grab();
  assert.deepEqual(status(), { ...unknown, known: true, running: true, clients: 1 });
  worker.status("H:t:1", 3, 4);
  const running = { known: true, running: true, numerator: 3, denominator: 4, clients: 1 };
  assert.deepEqual(status(), running);
  worker.complete("H:t:1");
  assert.deepEqual(status(), unknown);
});

test("a job is found by its unique ID in any function, of several the newest", () => {
  const scene = new Scene();
  const { table } = scene.server;
  const peer = scene.peer();
  assert.equal(table.findUnique("u"), undefined);
  peer.submitBackground("f", { unique: "u" });
  assert.equal(statusOf(table.findUnique("u")).clients, 0);
  peer.submit("h", { unique: "u" });
  peer.submit("g", { unique: "other" });
  assert.equal(table.findUnique("u")?.handle, "H:t:2");
  assert.equal(statusOf(table.findUnique("u")).clients, 1);
  scene.drain("h");
  assert.equal(table.findUnique("u")?.handle, "H:t:1");
  scene.drain("f");
  assert.equal(table.findUnique("u"), undefined);
  peer.submitBackground("f", { unique: "u" });
  assert.equal(table.findUnique("u")?.handle, "H:t:4");
  scene.server.dropFunction("f", { force: true });
  assert.equal(table.findUnique("u"), undefined);
  peer.submitBackground("f", { unique: "u" });
  assert.equal(table.findUnique("u")?.handle, "H:t:5");
});

test("empty unique IDs and '-' are not found by unique ID", () => {
  const scene = new Scene();
  scene.peer().submit("f", { unique: "" });
  scene.peer().submit("f", { unique: "-" });
  assert.equal(scene.server.table.findUnique(""), undefined);
  assert.equal(scene.server.table.findUnique("-"), undefined);
});

test("the lists of the text commands show every function and job", () => {
  const scene = new Scene();
  const peer = scene.peer();
  const worker = scene.worker("g", "f");
  peer.submit("f", { priority: Priority.HIGH });
  worker.grab();
  peer.submitBackground("f", { priority: Priority.LOW, unique: "u" });
  peer.submitBackground("f", { notBefore: scene.epochIn(60), unique: "-" });
  const leaving = scene.peer();
  leaving.submit("f", { priority: Priority.HIGH });
  leaving.leave();
  const { table } = scene.server;
  assert.deepEqual([...statusRows(table)], [
    { name: "g", total: 0, running: 0, workers: 1 },
    { name: "f", total: 4, running: 1, workers: 1 },
  ]);
  assert.deepEqual([...priorityStatusRows(table)], [
    { name: "g", high: 0, normal: 0, low: 0, workers: 1 },
    { name: "f", high: 1, normal: 1, low: 1, workers: 1 },
  ]);
  assert.deepEqual([...jobRows(table)], [
    { handle: "H:t:1", retries: 0, ignored: false, persisted: false },
    { handle: "H:t:2", retries: 0, ignored: false, persisted: true },
    { handle: "H:t:3", retries: 0, ignored: false, persisted: true },
    { handle: "H:t:4", retries: 0, ignored: true, persisted: false },
  ]);
  assert.deepEqual([...uniqueIds(table)], ["", "u", "-", ""]);
});
