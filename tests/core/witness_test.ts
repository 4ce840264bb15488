import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, type JobExtras, raisedExtras } from "../../src/core/mod.ts";
import { bytesOf } from "../../src/protocol/mod.ts";
import { jobOf, RecordingLog, Scene, type SceneOptions } from "./scene.ts";
import { StepBook } from "./step_book.ts";

function watched(options: SceneOptions = {}): { scene: Scene; book: StepBook } {
  const book = new StepBook();
  return { scene: new Scene({ ...options, witness: book }), book };
}

test("a witness sees each step of a job, once and in order", () => {
  const { scene, book } = watched();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f", { unique: "u" });
  client.submit("f", { unique: "u" });
  worker.grab();
  worker.data("H:t:1", "x");
  worker.warning("H:t:1", "x");
  worker.status("H:t:1", 1, 2);
  worker.cantDo("f");
  worker.canDo("f");
  worker.grab();
  worker.complete("H:t:1");
  assert.deepEqual(book.takeLines(), [
    "submitted H:t:1",
    "queued H:t:1",
    "joined H:t:1",
    "assigned H:t:1",
    "reported H:t:1 WORK_DATA",
    "reported H:t:1 WORK_WARNING",
    "reported H:t:1 WORK_STATUS",
    "returned H:t:1 worker gone",
    "queued H:t:1",
    "assigned H:t:1",
    "ended H:t:1 complete",
  ]);
});

test("each way to the end has its name", () => {
  const ways: Readonly<Record<string, (scene: Scene) => void>> = {
    "complete": (scene) => void scene.drain("f"),
    "fail": (scene) => {
      const worker = scene.worker("f");
      worker.fail(worker.grab()!);
    },
    "exception": (scene) => {
      const worker = scene.worker("f");
      worker.exception(worker.grab()!, "x");
    },
    "worker lost": (scene) => {
      for (let i = 0; i < 2; i++) {
        const worker = scene.worker("f");
        worker.grab();
        worker.leave();
      }
    },
    "cancelled": (scene) => void scene.cancel("H:t:1"),
  };
  for (const [end, go] of Object.entries(ways)) {
    const { scene, book } = watched({ maxAttempts: 2 });
    scene.peer().submitBackground("f");
    const job = scene.job("H:t:1");
    go(scene);
    assert.deepEqual(book.takeEnds(), [`H:t:1 ${end}`]);
    assert.equal(job.end, end);
    scene.drain("f");
    assert.deepEqual(book.takeEnds(), []);
  }
});

test("an abandoned job ends when it is forgotten, not when it is given up", () => {
  for (const how of ["met", "returned", "cleared", "due"]) {
    const { scene, book } = watched({ limits: { maxIgnoredJobs: how === "cleared" ? 0 : 10 } });
    const [client, worker] = [scene.peer(), scene.worker("f")];
    client.submit("f", { notBefore: how === "due" ? scene.epochIn(5) : 0 });
    if (how === "returned") worker.grab();
    client.leave();
    assert.deepEqual(book.takeEnds(), how === "cleared" ? ["H:t:1 abandoned"] : []);
    if (how === "met") worker.grab();
    if (how === "returned") worker.leave();
    if (how === "due") scene.pass(5000);
    if (how !== "cleared") assert.deepEqual(book.takeEnds(), ["H:t:1 abandoned"]);
  }
});

test("a running job that is abandoned ends with its worker's word", () => {
  const { scene, book } = watched();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  client.leave();
  worker.complete("H:t:1");
  assert.deepEqual(book.takeEnds(), ["H:t:1 complete"]);
});

test("after a cancelled job's end nothing more is told of it", () => {
  for (const rest of ["complete", "leave", "clear"]) {
    const { scene, book } = watched();
    const worker = scene.worker("f");
    scene.peer().submitBackground("f");
    if (rest !== "clear") worker.grab();
    scene.cancel("H:t:1");
    assert.deepEqual(book.takeLines().slice(-1), ["ended H:t:1 cancelled"]);
    scene.cancel("H:t:1");
    if (rest === "complete") {
      worker.data("H:t:1", "x");
      worker.complete("H:t:1");
    } else if (rest === "leave") {
      worker.leave();
    } else {
      worker.grab();
    }
    assert.equal(scene.knows("H:t:1"), false);
    assert.deepEqual(book.takeLines(), []);
  }
});

test("a time-out returns a job, and a delayed one is queued when it is due", () => {
  const { scene, book } = watched();
  const worker = scene.worker();
  worker.canDo("f", 1000);
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  assert.deepEqual(book.takeLines(), ["submitted H:t:1"]);
  scene.pass(5000);
  assert.deepEqual(book.takeLines(), ["queued H:t:1"]);
  worker.grab();
  scene.pass(1000);
  assert.deepEqual(book.takeLines(), [
    "assigned H:t:1",
    "returned H:t:1 timed out",
    "queued H:t:1",
  ]);
});

test("submissions are refused at once, or with their job when the store does not take it", () => {
  const log = new RecordingLog();
  const { scene, book } = watched({ log });
  const client = scene.peer();
  const job = jobOf(client.submitBackground("f"));
  scene.server.setQueueLimits("f", [1, 1, 1]);
  client.submit("f");
  log.full = true;
  client.submitBackground("g");
  scene.server.jobRefused(job, scene.now);
  assert.deepEqual(book.takeLines(), [
    "submitted H:t:1",
    "refused f queue full",
    "refused g store full",
    "ended H:t:1 refused",
  ]);
});

test("a job's end is told before its row is removed", () => {
  const order: string[] = [];
  const log = {
    durable: false,
    add: () => true,
    update: () => {},
    remove: (job: Job) => void order.push(`remove ${job.handle}`),
  };
  const book = new StepBook();
  book.ended = (job, end) => void order.push(`${end} ${job.handle}`);
  const scene = new Scene({ log, witness: book });
  for (let i = 0; i < 3; i++) scene.peer().submitBackground("f");
  scene.cancel("H:t:1");
  scene.drain("f");
  assert.deepEqual(order, [
    "cancelled H:t:1",
    "remove H:t:1",
    "complete H:t:2",
    "remove H:t:2",
    "complete H:t:3",
    "remove H:t:3",
  ]);
});

test("a witness may come and go", () => {
  const scene = new Scene();
  const book = new StepBook();
  scene.peer().submit("f");
  scene.server.witness = book;
  assert.equal(scene.server.witness, book);
  scene.peer().submit("f");
  scene.server.witness = null;
  scene.drain("f");
  assert.deepEqual(book.takeLines(), ["submitted H:t:2", "queued H:t:2"]);
});

test("assignedAt is when a worker last got the job, and stays when it comes back", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  const job = jobOf(client.submit("f"));
  assert.equal(job.assignedAt, null);
  scene.pass(1000);
  worker.grab();
  assert.equal(job.assignedAt, scene.now);
  scene.pass(1000);
  worker.cantDo("f");
  assert.equal(job.assignedAt, scene.now - 1000);
  worker.canDo("f");
  worker.grab();
  assert.equal(job.assignedAt, scene.now);
});

// Extras

function extras(retainMs: number, key?: string): JobExtras {
  const idempotency = key === undefined
    ? null
    : { keyHash: key.repeat(64), fingerprint: "0".repeat(64), expiresAt: 1 };
  return { retainMs, idempotency };
}

test("extras are raised by what is new, and the first key stays", () => {
  assert.equal(raisedExtras(null, null), null);
  assert.equal(raisedExtras(null, extras(0)), null);
  assert.deepEqual(raisedExtras(null, extras(5)), extras(5));
  const own = extras(5, "a");
  assert.equal(raisedExtras(own, null), own);
  assert.equal(raisedExtras(own, extras(3, "b")), own);
  assert.deepEqual(raisedExtras(own, extras(9, "b")), extras(9, "a"));
  assert.deepEqual(raisedExtras(extras(5), extras(0, "a")), extras(5, "a"));
});

test("a submission that joins a job raises its extras, and the log is told when it has the job", () => {
  const log = new RecordingLog();
  const scene = new Scene({ log });
  const client = scene.peer();
  const job = jobOf(client.submit("f", { unique: "u" }));
  client.submitBackground("f", { unique: "u", extras: extras(5) });
  assert.deepEqual(log.calls(), ["add H:t:1"], "the row is written with them");
  assert.deepEqual(job.extras, extras(5));
  client.submitBackground("f", { unique: "u", extras: extras(5) });
  assert.deepEqual(log.calls(), [], "nothing is new");
  client.submit("f", { unique: "u", extras: extras(0, "a") });
  assert.deepEqual(log.calls(), ["update H:t:1 attempts 0"]);
  assert.deepEqual(job.extras, extras(5, "a"));
});

test("a submission that the store refuses leaves the extras as they were", () => {
  const log = new RecordingLog();
  const scene = new Scene({ log });
  const job = jobOf(scene.peer().submit("f", { unique: "u" }));
  log.full = true;
  assert.equal(
    scene.peer().submitBackground("f", { unique: "u", extras: extras(5) }).kind,
    "refused",
  );
  assert.equal(job.extras, null);
});

test("a replayed job has the extras that were kept", () => {
  const scene = new Scene();
  const stored = {
    key: 4,
    handle: "H:t:4",
    functionName: "f",
    unique: "",
    workload: bytesOf("x"),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: 1,
    attempts: 0,
  } as const;
  scene.server.replay({ ...stored, extras: extras(5) }, scene.now);
  scene.server.replay({ ...stored, key: 5, handle: "H:t:5" }, scene.now);
  assert.deepEqual(scene.job("H:t:4").extras, extras(5));
  assert.equal(scene.job("H:t:5").extras, null);
});
