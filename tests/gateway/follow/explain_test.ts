import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPLANATION_EXAMPLE, EXPLANATION_SCHEMA } from "../../../src/gateway/follow/explain.ts";
import { schemaErrors } from "../../../src/gateway/json_schema.ts";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { FollowScene } from "./follow_scene.ts";

interface Explained {
  readonly state: string;
  readonly reasons: readonly (Record<string, unknown> & { code: string })[];
  readonly position: number | null;
  readonly workers: number;
}

async function explained(scene: FollowScene, handle: string, token?: string): Promise<Explained> {
  const asked = token === undefined ? {} : { token };
  const json = await scene.get(`/jobs/${handle}/explain`, asked);
  assert.deepEqual(schemaErrors(EXPLANATION_SCHEMA, json), []);
  return json as unknown as Explained;
}

async function codes(scene: FollowScene, handle: string): Promise<string[]> {
  return (await explained(scene, handle)).reasons.map(({ code }) => code);
}

test("a job without workers, of a paused function, before its time", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  assert.deepEqual(await explained(scene, handle), {
    state: "queued",
    reasons: [{
      code: "no-workers",
      text: 'No connected worker can do the function "f".',
      fix: "Start a worker for it; if there should be one, check the name's spelling and its log.",
    }],
    position: 0,
    workers: 0,
  });
  const later = scene.background("f", "x", { notBefore: scene.clock.now() / 1000 + 60 });
  await scene.server.queuePolicies.set("f", { limits: [0, 0, 0], paused: true });
  assert.deepEqual(await codes(scene, handle), ["paused", "no-workers"]);
  const delayed = await explained(scene, later);
  assert.deepEqual(delayed.reasons.map(({ code }) => code), ["delayed", "paused", "no-workers"]);
  assert.equal(delayed.reasons[0]!["until"], "2023-11-14T22:14:20.000Z");
  assert.deepEqual([delayed.state, delayed.position], ["scheduled", null]);
  scene.worker("f");
  assert.deepEqual(await codes(scene, later), ["delayed", "paused"]);
  await scene.server.queuePolicies.set("f", { limits: [0, 0, 0], paused: false });
  assert.deepEqual(await codes(scene, later), ["delayed"]);
});

test("busy workers are named with what they run, as far as the caller may see it", async () => {
  const scene = await FollowScene.start({
    tokens: { all: ["inspect", "*"], only: ["inspect", "f"] },
  });
  const [one, two] = [scene.worker("f"), scene.worker("secret", "f")];
  const running = scene.background("f");
  one.send("GRAB_JOB");
  scene.clock.pass(1000);
  const other = scene.background("secret");
  two.send("GRAB_JOB");
  const handle = scene.background("f");
  const { reasons, workers } = await explained(scene, handle, "all");
  assert.equal(workers, 2);
  assert.deepEqual(reasons.map(({ code }) => code), ["workers-busy"]);
  assert.deepEqual(reasons[0]!["busy"], [
    { worker: 1, since: "2023-11-14T22:13:20.000Z", handle: running, function: "f" },
    { worker: 2, since: "2023-11-14T22:13:21.000Z", handle: other, function: "secret" },
  ]);
  const shown = (await explained(scene, handle, "only")).reasons[0]!["busy"];
  assert.deepEqual((shown as unknown[])[1], { worker: 2, since: "2023-11-14T22:13:21.000Z" });
});

test("a job stands behind those of higher priority and earlier ones", async () => {
  const scene = await FollowScene.start();
  for (const priority of [1, 0, 2, 1, 0] as const) scene.background("f", "x", { priority });
  const handle = scene.background("f");
  const last = (await explained(scene, handle)).reasons.at(-1)!;
  assert.deepEqual([last.code, last["higher_priority"], last["earlier"]], ["behind-others", 2, 2]);
  assert.equal((await explained(scene, handle)).position, 4);
});

test("workers that sleep, do not answer, do not ask, or are drained", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  worker.send("PRE_SLEEP");
  const handle = scene.background("f");
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
  assert.deepEqual(await codes(scene, handle), ["soon"]);
  scene.clock.pass(2000);
  const silent = (await explained(scene, handle)).reasons[0]!;
  assert.deepEqual([silent.code, silent["workers"], silent["since"]], [
    "workers-not-answering",
    [1],
    "2023-11-14T22:13:20.000Z",
  ]);
  scene.worker("f");
  assert.deepEqual(await codes(scene, handle), ["workers-not-answering", "workers-not-asking"]);
  for (const { number } of [...scene.server.connections()]) scene.server.drainWorker(number, true);
  const drained = (await explained(scene, handle)).reasons[0]!;
  assert.deepEqual([drained.code, drained["draining"]], ["workers-draining", 2]);
  assert.match(String(drained["fix"]), /\/undrain\b/);
});

test("a running job, one that was given up, one that is over", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  const worker = scene.connect();
  worker.send("CAN_DO_TIMEOUT", "f", "30000");
  const running = scene.background("f");
  worker.send("GRAB_JOB");
  const { reasons, state } = await explained(scene, running);
  assert.deepEqual([state, reasons[0]!.code, reasons[0]!["worker"], reasons[0]!["deadline"]], [
    "running",
    "running",
    2,
    "2023-11-14T22:13:50.000Z",
  ]);
  client.send("SUBMIT_JOB", "f", "", "x");
  client.hangUp();
  assert.deepEqual(await codes(scene, "H:t:2"), ["abandoned"]);
  const cancelled = scene.background("f", "x", { extras: null });
  scene.background("f");
  scene.background("f");
  scene.server.act((jobServer) => jobServer.cancel(cancelled));
  assert.deepEqual(await codes(scene, cancelled), ["cancelled"]);
  worker.send("WORK_FAIL", running);
  const over = await explained(scene, running);
  assert.deepEqual([over.state, over.reasons[0]!.code, over.reasons[0]!["end"]], [
    "failed",
    "over",
    "fail",
  ]);
});

test("a store that is away is named", async () => {
  const store = new ScriptedStore();
  const scene = await FollowScene.start({ store });
  const handle = scene.background("f");
  await turn();
  const storing = (await explained(scene, handle)).reasons[0]!;
  assert.deepEqual([storing.code, storing["store"], storing["waiting"]], [
    "storing",
    "scripted",
    1,
  ]);
  await store.fail(new StoreError("AWAY", "the disk is on fire"));
  const away = (await explained(scene, handle)).reasons[0]!;
  assert.equal(away.code, "storing");
  assert.match(String(away["text"]), /takes nothing at the moment: the disk is on fire/);
  assert.match(String(away["fix"]), /wait for it 30 s/);
});

test("the example is one", () => {
  assert.deepEqual(schemaErrors(EXPLANATION_SCHEMA, EXPLANATION_EXAMPLE), []);
});
