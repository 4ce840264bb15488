import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "../../src/core/mod.ts";
import { jobOf, Scene } from "./scene.ts";

// Abandonment (section 11)

test("a job that its only client leaves is listed and counted, but never given out", () => {
  const scene = new Scene();
  const client = scene.peer();
  client.submit("f");
  client.leave();
  assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
  assert.deepEqual(scene.drain("f"), []);
  assert.equal(scene.knows("H:t:1"), false);
  assert.deepEqual(client.told(), []);
});

test("a job with another client goes on when one leaves", () => {
  const scene = new Scene();
  const [leaving, staying] = [scene.peer(), scene.peer()];
  for (const peer of [leaving, leaving, staying, leaving]) peer.submit("f", { unique: "u" });
  leaving.leave();
  assert.equal(statusOf(scene.job("H:t:1")).clients, 1);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  assert.deepEqual(staying.told(), ["WORK_COMPLETE H:t:1 "]);
  assert.deepEqual(leaving.told(), []);
});

test("a running job that is abandoned runs on, and its result is taken", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  client.leave();
  assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
  assert.equal(worker.data("H:t:1", "x"), true);
  assert.equal(worker.complete("H:t:1", "x"), true);
  assert.equal(scene.knows("H:t:1"), false);
  assert.deepEqual(client.told(), []);
});

test("a running job that is abandoned is not run again when its worker dies", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  client.leave();
  worker.leave();
  assert.equal(scene.knows("H:t:1"), false);
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
});

test("a submission that joins an abandoned job gets its result", () => {
  for (const running of [false, true]) {
    const scene = new Scene();
    const [leaving, joining] = [scene.peer(), scene.peer()];
    const worker = scene.worker("f");
    leaving.submit("f", { unique: "u" });
    if (running) worker.grab();
    leaving.leave();
    assert.equal(joining.submit("f", { unique: "u" }).kind, "joined");
    assert.deepEqual(scene.row("H:t:1"), [0, false, false]);
    if (!running) assert.equal(worker.grab(), "H:t:1");
    worker.complete("H:t:1", "r");
    assert.deepEqual(joining.told(), ["WORK_COMPLETE H:t:1 r"]);
    assert.deepEqual(scene.status("f"), [0, 0, 1]);
  }
});

test("a background submission that joins an abandoned job makes it run", () => {
  const scene = new Scene();
  const leaving = scene.peer();
  leaving.submit("f", { unique: "u" });
  leaving.leave();
  assert.equal(scene.peer().submitBackground("f", { unique: "u" }).kind, "joined");
  assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
});

test("a background job that a client joined and left is not abandoned", () => {
  for (const running of [false, true]) {
    const scene = new Scene();
    const [leaving, worker] = [scene.peer(), scene.worker("f")];
    scene.peer().submitBackground("f", { unique: "u" });
    if (running) worker.grab();
    leaving.submit("f", { unique: "u" });
    leaving.leave();
    assert.deepEqual(scene.row("H:t:1"), [0, false, true]);
    if (running) worker.leave();
    assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  }
});

test("abandoned jobs are cleared when there are more than the limit and than the others", () => {
  const scene = new Scene({ limits: { maxIgnoredJobs: 10 } });
  const [leaving, staying] = [scene.peer(), scene.peer()];
  for (let i = 0; i < 10; i++) leaving.submit("f");
  staying.submit("f");
  leaving.leave();
  assert.deepEqual(scene.status("f"), [11, 0, 0]);
  const another = scene.peer();
  another.submit("f");
  another.leave();
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
  assert.equal(scene.server.table.jobCount, 1);
  assert.deepEqual(scene.drain("f"), ["H:t:11"]);
});

test("a client that leaves with more jobs than the limit loses exactly those", () => {
  const scene = new Scene({ limits: { maxIgnoredJobs: 10 } });
  const [leaving, staying] = [scene.peer(), scene.peer()];
  for (let i = 0; i < 100; i++) (i % 10 === 0 ? staying : leaving).submit("f");
  leaving.leave();
  assert.equal(scene.drain("f").length, 10);
  assert.equal(scene.server.table.jobCount, 0);
  assert.equal(leaving.client.waitingFor.size, 0);
});

// Cancel (admin section 3, protocol section 11)

test("cancelling a queued job fails its clients; it stays listed, and is never given out", () => {
  const scene = new Scene();
  const client = scene.peer();
  client.submit("f");
  assert.equal(scene.cancel("H:t:1"), true);
  assert.deepEqual(client.told(), ["WORK_FAIL H:t:1"]);
  assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
  assert.equal(scene.cancel("H:t:1"), true, "again, while it exists");
  assert.deepEqual(client.told(), []);
  assert.deepEqual(scene.drain("f"), []);
  assert.equal(scene.cancel("H:t:1"), false);
});

test("cancelling a running job tells the worker nothing, and its result reaches nobody", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  client.submit("f");
  worker.grab();
  assert.equal(scene.cancel("H:t:1"), true);
  assert.equal(scene.cancel("H:t:1"), true);
  assert.deepEqual(client.told(), ["WORK_FAIL H:t:1"]);
  assert.equal(worker.data("H:t:1", "x"), true);
  assert.equal(worker.complete("H:t:1", "x"), true);
  assert.deepEqual(client.told(), []);
  assert.deepEqual(scene.status("f"), [0, 0, 1]);
});

test("a cancelled running job is not run again when its worker dies", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f");
  worker.grab();
  scene.cancel("H:t:1");
  worker.leave();
  assert.equal(scene.knows("H:t:1"), false);
});

test("no later submission joins a cancelled job", () => {
  for (const unique of ["u", "-"]) {
    const scene = new Scene();
    const client = scene.peer();
    client.submit("f", { unique });
    scene.cancel("H:t:1");
    assert.equal(client.submit("f", { unique }).kind, "queued");
    assert.deepEqual(scene.drain("f"), ["H:t:2"]);
  }
});

test("the end of a cancelled job leaves its unique ID to the job that has it now", () => {
  const scene = new Scene();
  const [client, worker] = [scene.peer(), scene.worker("f")];
  const first = client.submit("f", { unique: "u" });
  worker.grab();
  scene.cancel(jobOf(first).handle);
  const second = jobOf(client.submit("f", { unique: "u" }));
  worker.complete("H:t:1");
  assert.deepEqual(client.submit("f", { unique: "u" }), { kind: "joined", job: second });
});

test("a cancelled delayed job is gone when its time comes", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  worker.sleep();
  assert.equal(scene.cancel("H:t:1"), true);
  assert.deepEqual(scene.row("H:t:1"), [0, true, false]);
  scene.pass(5000);
  assert.equal(worker.noops, 0);
  assert.equal(scene.knows("H:t:1"), false);
  assert.deepEqual(scene.status("f"), [0, 0, 1]);
});

test("cancelled delayed jobs are cleared at the limit like others", () => {
  const scene = new Scene({ limits: { maxIgnoredJobs: 10 } });
  const client = scene.peer();
  for (const name of ["g", ...Array<string>(11).fill("f")]) {
    client.submitBackground(name, { notBefore: scene.epochIn(5) });
  }
  scene.cancel("H:t:1");
  for (let i = 2; i <= 11; i++) scene.cancel(`H:t:${i}`);
  assert.deepEqual(scene.status("f"), [11, 0, 0]);
  scene.cancel("H:t:12");
  assert.deepEqual(scene.status("f"), [0, 0, 0]);
  assert.deepEqual(scene.status("g"), [1, 0, 0]);
  scene.pass(5000);
  assert.equal(scene.server.table.jobCount, 0);
});

test("cancelling an unknown job is answered with false", () => {
  assert.equal(new Scene().cancel("H:t:1"), false);
});

// drop function (admin section 3)

test("a function without workers and jobs is dropped, by its exact name", () => {
  const scene = new Scene();
  for (const name of ["Foo", "foo", "FOO"]) scene.server.createFunction(name);
  assert.equal(scene.server.dropFunction("foo"), "dropped");
  assert.equal(scene.server.dropFunction("foo"), "not found");
  assert.deepEqual([...scene.server.table.functions].map(({ name }) => name), ["Foo", "FOO"]);
});

test("a function with a worker, a running or a queued job is in use", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  assert.equal(scene.server.dropFunction("f"), "in use");
  scene.peer().submit("f");
  worker.grab();
  worker.canDo("g");
  assert.equal(scene.server.dropFunction("f"), "in use");
  worker.leave();
  assert.equal(scene.server.dropFunction("f"), "in use");
  assert.deepEqual(scene.drain("f"), ["H:t:1"]);
  assert.equal(scene.server.dropFunction("f"), "dropped");
});

test("abandoned and cancelled jobs do not keep a function from being dropped", () => {
  const scene = new Scene();
  const leaving = scene.peer();
  leaving.submit("f");
  leaving.leave();
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(3600) });
  scene.cancel("H:t:2");
  assert.equal(scene.server.dropFunction("f"), "dropped");
  assert.equal(scene.server.table.jobCount, 0);
  assert.equal(scene.server.nextWake(), Infinity);
});

test("a dropped function comes back without its limits", () => {
  const scene = new Scene();
  scene.server.createFunction("f");
  scene.server.setQueueLimits("f", [1, 1, 1]);
  scene.server.dropFunction("f");
  const client = scene.peer();
  client.submit("f");
  assert.equal(client.submit("f").kind, "queued");
});

test("a function that is created twice is the same one", () => {
  const scene = new Scene();
  const queue = scene.server.createFunction("f");
  scene.peer().submit("f");
  assert.equal(scene.server.createFunction("f"), queue);
  assert.deepEqual(scene.status("f"), [1, 0, 0]);
});
