import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { OperateScene } from "./operate_scene.ts";

type QueuePage = { items: { function: string }[]; next: string | null };

test("a function is shown with its jobs, its workers and its times", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  const [busy, asleep] = [scene.worker("f"), scene.worker("f")];
  client.send("SUBMIT_JOB_HIGH_BG", "f", "", "four");
  client.send("SUBMIT_JOB_BG", "f", "", "four");
  client.send("SUBMIT_JOB_LOW_BG", "f", "", "four");
  client.send("SUBMIT_JOB_EPOCH", "f", "", "9999999999", "four");
  busy.send("GRAB_JOB");
  scene.clock.pass(4);
  busy.send("WORK_COMPLETE", "H:t:1", "");
  busy.send("GRAB_JOB");
  asleep.send("PRE_SLEEP");
  scene.clock.pass(2_000);
  await turn();
  const { status, json, headers } = await scene.ask("GET /queues/f");
  assert.equal(status, 200);
  assert.equal(headers.get("etag"), '"0-0-0-open"');
  assert.deepEqual(json, {
    function: "f",
    paused: false,
    total: 3,
    queued: 1,
    running: 1,
    scheduled: 1,
    depth: { high: 0, normal: 0, low: 1 },
    bytes: 12,
    workers: { capable: 2, idle: 1, busy: 1, draining: 0 },
    oldest_waiting_seconds: 2.004,
    rates: {
      submitted: { "1m": 0, "5m": 0, "15m": 0 },
      finished: { "1m": 0, "5m": 0, "15m": 0 },
    },
    wait_seconds: { p50: 0.001, p95: 0.00475 },
    run_seconds: { p50: 0.00375, p95: 0.004875 },
    policy: { max_queue: { high: null, normal: null, low: null }, paused: false },
  });
  assert.equal((await scene.ask("GET /queues/F")).json["type"], "/problems/queue-unknown");
});

test("functions are listed by name, in pages, by glob, and only those the caller may see", async () => {
  const scene = await OperateScene.start({
    tokens: { all: ["inspect", "*"], images: ["inspect", "img-*"], other: ["metrics", "*"] },
  });
  const client = scene.connect();
  for (const name of ["img-c", "text", "img-a", "img-b", "\xff"]) {
    client.send("SUBMIT_JOB_BG", name, "", "x");
  }
  await turn();
  const list = async (query: string, token = "all") => {
    const page = (await scene.ask(`GET /queues?${query}`, { token })).json as unknown as QueuePage;
    return { names: page.items.map((item) => item.function), next: page.next };
  };
  const first = await list("limit=3");
  assert.deepEqual(first.names, ["img-a", "img-b", "img-c"]);
  const second = await list(`limit=3&cursor=${first.next}`);
  assert.deepEqual(second, { names: ["text", "%FF"], next: null });
  assert.deepEqual((await list("function=img-%3F&limit=2")).names, ["img-a", "img-b"]);
  assert.deepEqual((await list("function=*t")).names, ["text"]);
  assert.deepEqual((await list("", "images")).names, ["img-a", "img-b", "img-c"]);
  assert.equal((await scene.ask("GET /queues/text", { token: "images" })).status, 403);
  assert.equal((await scene.ask("GET /queues", { token: "other" })).status, 403);
  assert.equal((await scene.ask("GET /queues?cursor=***", { token: "all" })).status, 400);
  assert.equal((await scene.ask("GET /queues?cursor=A", { token: "all" })).status, 400);
});

test("a pause keeps jobs from workers until the function is resumed", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  worker.send("PRE_SLEEP");
  const paused = await scene.ask("POST /queues/f/pause");
  assert.deepEqual(paused.json["paused"], true);
  assert.equal(paused.headers.get("etag"), '"0-0-0-paused"');
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  assert.deepEqual(worker.take(), []);
  worker.send("GRAB_JOB");
  worker.send("PRE_SLEEP");
  await turn();
  assert.deepEqual(worker.take(), ["NO_JOB"]);
  await scene.ask("POST /queues/f/resume");
  assert.deepEqual(worker.take(), ["NOOP"]);
  worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(worker.take(), ["JOB_ASSIGN H:t:1|f|x"]);
});

test("a policy is patched, refused when it changed meanwhile, and counts for submissions", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  const first = await scene.patch("f", { max_queue: { normal: 2, low: 1 } });
  assert.deepEqual(first.json, {
    max_queue: { high: null, normal: 2, low: 1 },
    paused: false,
  });
  const tag = first.headers.get("etag")!;
  assert.equal((await scene.patch("f", { paused: true }, { "if-match": '"x"' })).status, 412);
  const second = await scene.patch("f", { max_queue: { low: null } }, {
    "if-match": `"other", ${tag}`,
  });
  assert.deepEqual(second.json["max_queue"], { high: null, normal: 2, low: null });
  for (let i = 0; i < 3; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  assert.deepEqual(client.take(), [
    "JOB_CREATED H:t:1",
    "JOB_CREATED H:t:2",
    "ERROR QUEUE_ERROR|Job queue is full",
  ]);
  assert.deepEqual((await scene.patch("f", { max_queue: 7 })).json["max_queue"], {
    high: 7,
    normal: 7,
    low: 7,
  });
  assert.deepEqual((await scene.patch("f", { max_queue: null, paused: true })).json, {
    max_queue: { high: null, normal: null, low: null },
    paused: true,
  });
  const { text } = await scene.ask("GET /metrics");
  assert.match(text, /^gearman_http_problems_total\{type="precondition-failed"\} 1$/m);
  assert.match(text, /^gearman_jobs_rejected_total\{function="f",reason="queue_full"\} 1$/m);
});

test("what a policy does not have, and what is no number, is refused", async () => {
  const scene = await OperateScene.start();
  for (
    const patch of [
      { attempts: 3 },
      { backoff: "1m" },
      { max_queue: -1 },
      { max_queue: 1.5 },
      { max_queue: "10" },
      { max_queue: { urgent: 1 } },
      { max_queue: 2 ** 32 },
      { paused: "yes" },
      [],
      null,
    ]
  ) {
    const { status, json } = await scene.patch("f", patch);
    assert.equal(status, 400, JSON.stringify(patch));
    assert.equal(json["type"], "/problems/invalid-request");
    assert.ok((json["errors"] as unknown[]).length > 0);
    assert.doesNotMatch(String(json["detail"]), /schema/, "in words of the caller");
  }
  const wrongType = await scene.ask("PATCH /queues/f", {
    headers: { "content-type": "text/plain" },
    body: "{}",
  });
  assert.equal(wrongType.status, 415);
  assert.equal((await scene.ask("GET /queues/f")).status, 404);
});

test("a policy that the store does not take is in force and answered with 503", async () => {
  const store = new ScriptedStore();
  const scene = await OperateScene.start({ store });
  store.commit = () => Promise.reject(new StoreError("FULL", "no room"));
  const answer = await scene.ask("POST /queues/f/pause");
  assert.equal(answer.status, 503);
  assert.equal(answer.json["type"], "/problems/store-unavailable");
  assert.equal(answer.headers.get("retry-after"), "5");
  assert.equal((await scene.ask("GET /queues/f")).json["paused"], true);
});

test("a purge has to be confirmed, and takes what it was asked to take", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  client.send("SUBMIT_JOB_BG", "f", "", "running");
  worker.send("GRAB_JOB");
  client.send("SUBMIT_JOB_HIGH", "f", "", "waited for");
  client.send("SUBMIT_JOB_LOW_BG", "f", "", "x");
  client.send("SUBMIT_JOB_EPOCH", "f", "", "9999999999", "later");
  client.send("SUBMIT_JOB_BG", "g", "", "another");
  await turn();
  client.take();
  const purge = (query: string) => scene.ask(`POST /queues/f/purge?${query}`);
  assert.equal((await purge("")).status, 400);
  assert.equal((await purge("confirm=g")).status, 400);
  assert.equal((await purge("confirm=f&state=running")).status, 400);
  assert.deepEqual((await purge("confirm=f&state=scheduled")).json, { cancelled: 1 });
  assert.deepEqual((await purge("confirm=f&priority=high")).json, { cancelled: 1 });
  assert.deepEqual(client.take(), ["WORK_FAIL H:t:2"]);
  assert.deepEqual((await purge("confirm=f")).json, { cancelled: 1 });
  assert.deepEqual((await purge("confirm=f")).json, { cancelled: 0 });
  const { total, running } = (await scene.ask("GET /queues/f")).json;
  assert.deepEqual([total, running], [1, 1]);
  assert.equal((await scene.ask("GET /queues/g")).json["total"], 1);
  assert.equal((await scene.ask("POST /queues/h/purge?confirm=h")).status, 404);
  assert.ok(scene.log.some((line) => line.includes("purged f: 1 jobs")));
});

test("a function is dropped when it is empty, or with force", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  client.send("SUBMIT_JOB", "f", "", "x");
  worker.send("GRAB_JOB");
  await turn();
  client.take();
  worker.take();
  const refused = await scene.ask("DELETE /queues/f");
  assert.equal(refused.status, 409);
  assert.equal(refused.json["type"], "/problems/queue-not-empty");
  assert.deepEqual([refused.json["depth"], refused.json["workers"]], [1, 1]);
  assert.equal((await scene.ask("DELETE /queues/f?force=true")).status, 204);
  assert.deepEqual(client.take(), ["WORK_FAIL H:t:1"]);
  assert.equal((await scene.ask("GET /queues/f")).status, 404);
  worker.send("WORK_COMPLETE", "H:t:1", "too late");
  worker.send("GRAB_JOB");
  worker.send("CAN_DO", "f");
  client.send("SUBMIT_JOB_BG", "f", "", "again");
  worker.send("GRAB_JOB");
  await turn();
  assert.equal(worker.take().at(-1), "JOB_ASSIGN H:t:2|f|again");
  scene.server.act((jobServer) => jobServer.createFunction("empty"));
  assert.equal((await scene.ask("DELETE /queues/empty")).status, 204);
  assert.equal((await scene.ask("DELETE /queues/empty")).status, 404);
});

test("changes need the role for the function", async () => {
  const scene = await OperateScene.start({
    tokens: {
      look: ["inspect", "*"],
      operate: ["operate", "mine-*"],
      admin: ["admin", "mine-*"],
    },
  });
  scene.connect().send("SUBMIT_JOB_BG", "mine-1", "", "x");
  const status = async (what: string, token: string) => (await scene.ask(what, { token })).status;
  assert.equal(await status("POST /queues/mine-1/pause", "look"), 403);
  assert.equal(await status("POST /queues/mine-1/pause", "operate"), 200);
  assert.equal(await status("POST /queues/other/pause", "operate"), 403);
  assert.equal(await status("POST /queues/mine-1/purge?confirm=mine-1", "operate"), 403);
  assert.equal(await status("POST /queues/mine-1/purge?confirm=mine-1", "admin"), 200);
  assert.equal(await status("DELETE /queues/mine-1?force=true", "admin"), 204);
  assert.equal(await status("POST /admin/drain", "admin"), 403);
  assert.equal(await status("GET /metrics", "look"), 403);
  assert.equal(await status("GET /livez", "look"), 200);
});
