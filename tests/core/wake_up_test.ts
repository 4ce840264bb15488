import assert from "node:assert/strict";
import { test } from "node:test";
import type { WakeUpPolicy } from "../../src/core/mod.ts";
import { type Peer, Scene, type SceneOptions } from "./scene.ts";

/** A scene with workers for `f` that sleep, in the order in which they fell asleep. */
function sleepers(count: number, options: SceneOptions = {}): { scene: Scene; workers: Peer[] } {
  const scene = new Scene(options);
  const workers = Array.from({ length: count }, () => scene.worker("f"));
  for (const worker of workers) worker.sleep();
  return { scene, workers };
}

function noops(workers: readonly Peer[]): number[] {
  return workers.map((worker) => worker.takeNoops());
}

test("a new job wakes as many sleepers as the policy says", () => {
  const expected: readonly (readonly [WakeUpPolicy, number[]])[] = [
    ["one per job", [1, 0, 0, 0]],
    [0, [1, 1, 1, 1]],
    [1, [1, 0, 0, 0]],
    [2, [1, 1, 0, 0]],
    [9, [1, 1, 1, 1]],
  ];
  for (const [wakeUps, told] of expected) {
    const { scene, workers } = sleepers(4, { wakeUps });
    scene.peer().submit("f");
    assert.deepEqual(noops(workers), told, `policy ${wakeUps}`);
  }
});

test("successive jobs wake different workers", () => {
  const { scene, workers } = sleepers(4, { wakeUps: 1 });
  const two = sleepers(4, { wakeUps: 2 });
  for (const round of [0, 1, 2, 3, 4]) {
    scene.peer().submit("f");
    assert.deepEqual(noops(workers), [0, 1, 2, 3].map((i) => i === round ? 1 : 0));
    two.scene.peer().submit("f");
    assert.deepEqual(
      noops(two.workers),
      [0, 1, 2, 3].map((i) => i >> 1 === round ? 1 : 0),
    );
  }
});

test("the longest asleep is woken first", () => {
  const { scene, workers } = sleepers(3);
  scene.peer().submit("f");
  assert.deepEqual(noops(workers), [1, 0, 0]);
  workers[0]!.complete(workers[0]!.grab()!);
  workers[0]!.sleep();
  scene.peer().submit("f");
  scene.peer().submit("f");
  assert.deepEqual(noops(workers), [0, 1, 1]);
});

test("a worker that is awake gets no NOOP", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submit("f");
  worker.grab();
  scene.peer().submit("f");
  assert.equal(worker.noops, 0);
});

test("a worker for another function is not woken", () => {
  const { scene, workers } = sleepers(1);
  scene.peer().submit("g");
  assert.deepEqual(noops(workers), [0]);
});

test("a worker gets one NOOP until it asks for a job", () => {
  for (const wakeUps of ["one per job", 0, 1] satisfies WakeUpPolicy[]) {
    const { scene, workers: [worker] } = sleepers(1, { wakeUps });
    for (let i = 0; i < 5; i++) scene.peer().submit("f");
    assert.equal(worker!.takeNoops(), 1);
    worker!.grab();
    scene.peer().submit("f");
    assert.equal(worker!.takeNoops(), 0);
  }
});

test("PRE_SLEEP is answered with a NOOP each time while there is work", () => {
  const scene = new Scene();
  const worker = scene.worker("f", "g");
  scene.peer().submit("f");
  for (let i = 0; i < 3; i++) {
    worker.sleep();
    assert.equal(worker.takeNoops(), 1);
  }
  worker.grab();
  worker.sleep();
  assert.equal(worker.takeNoops(), 0);
});

test("PRE_SLEEP notices jobs that have become due", () => {
  const scene = new Scene();
  const worker = scene.worker("f");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(5) });
  scene.now += 5000;
  worker.sleep();
  assert.ok(worker.takeNoops() > 0);
  assert.equal(worker.grab(), "H:t:1");
});

test("abandoned and delayed jobs keep nobody awake, and stay where they are", () => {
  const scene = new Scene();
  const [leaving, worker] = [scene.peer(), scene.worker("f")];
  leaving.submit("f");
  scene.peer().submitBackground("f", { notBefore: scene.epochIn(60) });
  leaving.leave();
  worker.sleep();
  assert.equal(worker.noops, 0);
  assert.equal(worker.workerRole.state, "sleeping");
  assert.deepEqual(scene.status("f"), [2, 0, 1]);
});

test("PRE_SLEEP that meets an abandoned job drops no other job", () => {
  const scene = new Scene();
  const [leaving, peer] = [scene.peer(), scene.peer()];
  leaving.submit("f");
  peer.submit("f");
  leaving.leave();
  const worker = scene.worker("f");
  worker.sleep();
  assert.equal(worker.takeNoops(), 1);
  assert.equal(worker.grab(), "H:t:2");
});

test("a worker that sleeps again without asking is woken by the next job", () => {
  const { scene, workers: [worker] } = sleepers(1);
  const leaving = scene.peer();
  leaving.submit("f");
  assert.equal(worker!.takeNoops(), 1);
  leaving.leave();
  worker!.sleep();
  assert.equal(worker!.takeNoops(), 0);
  scene.peer().submit("f");
  assert.equal(worker!.takeNoops(), 1);
});

test("CAN_DO of a sleeping worker wakes it when jobs wait", () => {
  const scene = new Scene();
  const worker = scene.peer();
  worker.sleep();
  scene.peer().submit("f");
  assert.equal(worker.takeNoops(), 0);
  worker.canDo("f");
  assert.equal(worker.takeNoops(), 1);
  assert.equal(worker.grab(), "H:t:1");
});

/** What may become of a worker that has a NOOP for `f` and does not take that job. */
const LOST: readonly (readonly [what: string, lose: (worker: Peer, scene: Scene) => void])[] = [
  ["leaves", (worker) => worker.leave()],
  ["can't do the function any more", (worker) => worker.cantDo("f")],
  ["resets its abilities", (worker) => worker.resetAbilities()],
  ["takes a job of another function", (worker, scene) => {
    scene.peer().submit("g");
    assert.equal(worker.grab(), "H:t:2");
  }],
];

for (const [what, lose] of LOST) {
  test(`another worker is woken when the one with the NOOP ${what}`, () => {
    const scene = new Scene();
    const [first, second] = [scene.worker("f", "g"), scene.worker("f")];
    first.sleep();
    second.sleep();
    scene.peer().submit("f");
    assert.deepEqual(noops([first, second]), [1, 0]);
    lose(first, scene);
    assert.equal(second.takeNoops(), 1);
    assert.equal(second.grab(), "H:t:1");
  });
}

test("a requeued job wakes sleepers like a new one", () => {
  const gone: readonly ((worker: Peer, scene: Scene) => void)[] = [
    (worker) => worker.leave(),
    (worker) => worker.cantDo("f"),
    (worker) => worker.resetAbilities(),
    (_worker, scene) => scene.pass(2000),
  ];
  for (const lose of gone) {
    const scene = new Scene();
    const [worker, sleeper] = [scene.peer(), scene.worker("f")];
    worker.canDo("f", 2000);
    scene.peer().submit("f");
    worker.grab();
    sleeper.sleep();
    assert.equal(sleeper.takeNoops(), 0);
    lose(worker, scene);
    assert.equal(sleeper.takeNoops(), 1);
    assert.equal(sleeper.grab(), "H:t:1");
  }
});

test("a job that is joined again after it was abandoned wakes a sleeper", () => {
  const scene = new Scene();
  const leaving = scene.peer();
  leaving.submit("f", { unique: "u" });
  leaving.leave();
  const worker = scene.worker("f");
  worker.sleep();
  scene.peer().submit("f", { unique: "u" });
  assert.equal(worker.noops, 1);
});

test("RESET_ABILITIES and leaving take a sleeper off the list", () => {
  const { scene, workers } = sleepers(3);
  workers[0]!.resetAbilities();
  workers[1]!.leave();
  scene.peer().submit("f");
  assert.deepEqual(noops(workers), [0, 0, 1]);
});

test("a NOOP that is not answered in time is repeated, and another worker is woken", () => {
  const { scene, workers } = sleepers(3, { limits: { wakeUpRepeatMs: 10_000 } });
  scene.peer().submit("f");
  assert.deepEqual(noops(workers), [1, 0, 0]);
  assert.equal(scene.server.nextWake(), scene.now + 10_000);
  scene.pass(9999);
  assert.deepEqual(noops(workers), [0, 0, 0]);
  scene.pass(1);
  assert.deepEqual(noops(workers), [1, 1, 0]);
  scene.pass(10_000);
  assert.deepEqual(noops(workers), [1, 1, 1]);
  assert.equal(workers[2]!.grab(), "H:t:1");
  scene.pass(10_000);
  assert.deepEqual(noops(workers), [0, 0, 0]);
});

test("a NOOP that is not answered in time holds back no later job", () => {
  const { scene, workers: [stuck] } = sleepers(1);
  const other = scene.worker("f");
  scene.peer().submit("f");
  assert.equal(stuck!.takeNoops(), 1);
  other.complete(other.grab()!);
  other.sleep();
  scene.pass(15_000);
  scene.peer().submit("f");
  assert.equal(other.takeNoops(), 1);
  assert.equal(stuck!.takeNoops(), 0);
});

test("an answered NOOP is not repeated", () => {
  const { scene, workers: [worker] } = sleepers(1);
  scene.peer().submit("f");
  worker!.takeNoops();
  worker!.grab();
  assert.equal(scene.server.nextWake(), Infinity);
  scene.pass(60_000);
  assert.equal(worker!.noops, 0);
});
