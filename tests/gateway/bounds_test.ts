/** What callers can make up is bounded; what happens at each bound. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptedStore, turn } from "../server/mod.ts";
import { OperateScene } from "./operate/mod.ts";

const BACKGROUND = "background=true";

test("beyond the bound of functions a new one is refused, known ones are served", async () => {
  const scene = await OperateScene.start({ gateway: { maxFunctions: 3 } });
  for (const name of ["a", "b", "c"]) {
    assert.equal((await scene.ask(`POST /jobs/${name}?${BACKGROUND}`)).status, 202);
  }
  for (
    const what of [
      `POST /jobs/d?${BACKGROUND}`,
      "POST /jobs/d",
      "POST /queues/d/pause",
      "POST /queues/d/resume",
    ]
  ) {
    const { status, json, headers } = await scene.ask(what);
    assert.equal(status, 503, what);
    assert.equal(json["type"], "/problems/too-many-functions");
    assert.equal(json["function"], "d");
    assert.equal(json["limit"], 3);
    assert.equal(headers.get("retry-after"), "10");
  }
  assert.equal((await scene.patch("d", { max_queue: 1 })).status, 503);
  assert.equal((await scene.ask(`POST /jobs/a?${BACKGROUND}`)).status, 202);
  const bulk = await scene.ask("POST /jobs", {
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ function: "a" }, { function: "e" }]),
  });
  assert.deepEqual(
    (bulk.json["results"] as { status: number }[]).map(({ status }) => status),
    [202, 503],
  );
  // The binary port is as in gearmand.
  scene.connect().send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  assert.equal(scene.server.jobServer.table.functionCount, 4);
  await scene.server.stop();
});

test("at the bound functions that nobody uses make room; those with anything left stay", async () => {
  const scene = await OperateScene.start({ gateway: { maxFunctions: 6 } });
  scene.worker("capable");
  await scene.patch("limited", { max_queue: 5 });
  await scene.ask("POST /queues/paused/pause");
  scene.submit("waiting");
  const worker = scene.worker();
  for (const name of ["done1", "done2"]) {
    const { handle } = scene.submit(name);
    worker.send("CAN_DO", name);
    worker.send("GRAB_JOB");
    worker.send("WORK_COMPLETE", handle, "");
    worker.send("CANT_DO", name);
  }
  await turn();
  assert.equal(scene.server.jobServer.table.functionCount, 6);
  assert.equal((await scene.ask(`POST /jobs/new?${BACKGROUND}`)).status, 202);
  const names = () => [...scene.server.jobServer.table.functions].map(({ name }) => name).sort();
  assert.deepEqual(names(), ["capable", "limited", "new", "paused", "waiting"]);
  assert.equal((await scene.ask(`POST /jobs/newer?${BACKGROUND}`)).status, 202);
  // All are in use now; the next look for others is taken a while later.
  assert.equal((await scene.ask(`POST /jobs/newest?${BACKGROUND}`)).status, 503);
  assert.equal((await scene.ask("DELETE /queues/newer?force=true")).status, 204);
  assert.equal((await scene.ask(`POST /jobs/newest?${BACKGROUND}`)).status, 202);
  await scene.ask("POST /queues/newest/purge?confirm=newest");
  assert.equal((await scene.ask(`POST /jobs/other?${BACKGROUND}`)).status, 503);
  scene.clock.pass(10_000);
  assert.equal((await scene.ask(`POST /jobs/other?${BACKGROUND}`)).status, 202);
  await scene.server.stop();
});

test("beyond the bound of stored policies a further one is refused until one is dropped", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await OperateScene.start({ store, limits: { maxStoredPolicies: 2 } });
  for (const name of ["a", "b"]) {
    assert.equal((await scene.patch(name, { max_queue: 1 })).status, 200);
  }
  const refused = await scene.patch("c", { max_queue: 1 });
  assert.equal(refused.status, 503);
  assert.equal(refused.json["type"], "/problems/too-many-functions");
  assert.match(String(refused.json["detail"]), /DELETE/);
  assert.equal(scene.server.jobServer.table.findFunction("c"), undefined);
  assert.equal((await scene.patch("a", { paused: true })).status, 200);
  assert.equal((await scene.ask("DELETE /queues/b")).status, 204);
  assert.equal((await scene.patch("c", { max_queue: 1 })).status, 200);
  await scene.server.stop();
});

test("a page of very many functions is right, and says where to go on", async () => {
  const scene = await OperateScene.start();
  const names = Array.from({ length: 2500 }, (_, i) => `f${(i * 7919) % 2500}`);
  scene.server.act((jobServer) => names.forEach((name) => jobServer.createFunction(name)));
  const seen: string[] = [];
  let cursor = "";
  do {
    const { json } = await scene.ask(`GET /queues?limit=1000${cursor}`);
    seen.push(...(json["items"] as { function: string }[]).map((item) => item.function));
    cursor = json["next"] === null ? "" : `&cursor=${json["next"]}`;
  } while (cursor !== "");
  assert.deepEqual(seen, names.toSorted());
  await scene.server.stop();
});
