import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { OperateScene } from "./operate_scene.ts";

type Page = { items: Record<string, unknown>[]; next: number | null };

test("workers are shown with what they can do and what they run", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  const worker = scene.worker("f", "g");
  worker.send("CAN_DO_TIMEOUT", "slow", "2500");
  worker.send("SET_CLIENT_ID", "machine-1");
  client.send("SUBMIT_JOB", "f", "", "x");
  client.send("SUBMIT_JOB_BG", "g", "", "x");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:2", "");
  worker.send("GRAB_JOB");
  scene.clock.pass(1000);
  await turn();
  const { items, next } = (await scene.ask("GET /workers")).json as unknown as Page;
  assert.equal(next, null);
  assert.deepEqual(items, [{
    id: 2,
    client_id: "machine-1",
    address: "127.0.0.1:40000",
    connected_at: "2023-11-14T22:13:20.000Z",
    last_packet_at: "2023-11-14T22:13:20.000Z",
    unsent_bytes: 0,
    state: "busy",
    draining: false,
    functions: [
      { function: "slow", timeout_seconds: 2.5 },
      { function: "g", timeout_seconds: null },
      { function: "f", timeout_seconds: null },
    ],
    jobs: [{ handle: "H:t:1", function: "f", since: "2023-11-14T22:13:20.000Z" }],
    jobs_done: 1,
    jobs_failed: 0,
  }]);
  assert.deepEqual((await scene.ask("GET /workers/2")).json, items[0]);
  assert.equal((await scene.ask("GET /workers/1")).status, 404);
  assert.equal((await scene.ask("GET /workers/x")).status, 404);
  const clients = (await scene.ask("GET /clients")).json as unknown as Page;
  assert.deepEqual(
    clients.items.map(({ id, submitted, waiting_for }) => [id, submitted, waiting_for]),
    [
      [1, 2, 1],
    ],
  );
});

test("workers are listed in pages, by function, and as far as the caller may see them", async () => {
  const scene = await OperateScene.start({
    tokens: { all: ["inspect", "*"], mine: ["operate", "mine"], admin: ["admin", "*"] },
  });
  for (let i = 0; i < 3; i++) scene.worker("mine", "other");
  scene.worker("other");
  const list = async (query: string, token = "all") => {
    const page = (await scene.ask(`GET /workers?${query}`, { token })).json as unknown as Page;
    return [page.items.map(({ id }) => id), page.next];
  };
  assert.deepEqual(await list("limit=2"), [[4, 3], 3]);
  assert.deepEqual(await list("limit=2&cursor=3"), [[2, 1], null]);
  assert.deepEqual(await list("function=mine"), [[3, 2, 1], null]);
  assert.deepEqual(await list("", "mine"), [[3, 2, 1], null]);
  const seen = (await scene.ask("GET /workers/1", { token: "mine" })).json;
  assert.deepEqual(seen["functions"], [{ function: "mine", timeout_seconds: null }]);
  const status = async (what: string, token: string) => (await scene.ask(what, { token })).status;
  assert.equal(await status("GET /workers/4", "mine"), 404);
  assert.equal(await status("POST /workers/1/drain", "mine"), 403);
  assert.equal(await status("GET /clients", "mine"), 403);
  assert.equal(await status("DELETE /workers/1", "mine"), 403);
  assert.equal(await status("DELETE /workers/1", "admin"), 204);
});

test("a drained worker ends what it has and gets no more, until it is taken back", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  for (let i = 0; i < 2; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("GRAB_JOB");
  const drained = await scene.ask("POST /workers/2/drain");
  assert.equal(drained.json["state"], "draining");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  worker.take();
  worker.send("GRAB_JOB");
  worker.send("PRE_SLEEP");
  await turn();
  assert.deepEqual(worker.take(), ["NO_JOB"]);
  const { json } = await scene.ask("GET /queues/f");
  assert.deepEqual(json["workers"], { capable: 1, idle: 0, busy: 0, draining: 1 });
  assert.equal((await scene.ask("POST /workers/2/undrain")).json["draining"], false);
  assert.deepEqual(worker.take(), ["NOOP"]);
  assert.equal((await scene.ask("POST /workers/1/drain")).status, 404);
  assert.equal((await scene.ask("POST /workers/9/drain")).status, 404);
});

test("a connection that is ended gives its jobs back", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  client.send("SUBMIT_JOB", "f", "", "x");
  worker.send("GRAB_JOB");
  assert.equal((await scene.ask("DELETE /workers/2")).status, 204);
  assert.equal(worker.destroyed, true);
  const other = scene.worker("f");
  other.send("GRAB_JOB");
  await turn();
  assert.deepEqual(other.take(), ["JOB_ASSIGN H:t:1|f|x"]);
  assert.equal((await scene.ask("DELETE /workers/2")).status, 404);
  assert.equal((await scene.ask("DELETE /workers/1")).status, 204);
  assert.equal(client.destroyed, true);
  const { text } = await scene.ask("GET /metrics");
  assert.match(
    text,
    /^gearman_connections_closed_total\{listener="gearman",reason="ordered"\} 2$/m,
  );
});

test("an echo is the body, byte for byte, and never taken for a page", async () => {
  const scene = await OperateScene.start();
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const { status, headers, text } = await scene.ask("POST /echo", {
    body: bytes,
    headers: { "content-type": "text/html" },
  });
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/octet-stream");
  assert.equal(headers.get("content-length"), "256");
  assert.equal(text, new TextDecoder().decode(bytes));
});

test("the server tells what it is, and its settings", async () => {
  const scene = await OperateScene.start({ store: new ScriptedStore() });
  scene.clock.pass(1500);
  const { json } = await scene.ask("GET /info");
  assert.equal(json["version"], "1.2.3");
  assert.equal(json["phase"], "serving");
  assert.equal(json["uptime_seconds"], 1.5);
  assert.deepEqual(json["listeners"], [{
    protocol: "gearman",
    address: "127.0.0.1:4730",
    tls: false,
  }]);
  const store = json["store"] as Record<string, unknown>;
  assert.deepEqual([store["durability"], store["up"], store["problem"]], [
    "power-loss",
    true,
    null,
  ]);
  const config = (await scene.ask("GET /config")).json as Record<string, Record<string, unknown>>;
  assert.equal(config["limits"]!["maxConnections"], 0);
  assert.equal(config["http"]!["maxFunctionLabels"], 500);
});

test("the server is drained, taken back, and shut down only where that is allowed", async () => {
  const scene = await OperateScene.start();
  assert.deepEqual((await scene.ask("POST /admin/drain")).json, { phase: "draining" });
  assert.equal((await scene.ask("GET /readyz")).status, 503);
  assert.deepEqual((await scene.ask("POST /admin/undrain")).json, { phase: "serving" });
  assert.equal((await scene.ask("POST /admin/shutdown")).status, 403);
  assert.deepEqual(scene.shutdowns, []);
  const open = await OperateScene.start({ gateway: { shutdownEnabled: true } });
  const answer = await open.ask("POST /admin/shutdown?graceful=true");
  assert.equal(answer.status, 202);
  assert.deepEqual(open.shutdowns, []);
  open.clock.pass(0);
  assert.deepEqual(open.shutdowns, [true]);
  await open.ask("POST /admin/shutdown");
  open.clock.pass(0);
  assert.deepEqual(open.shutdowns, [true, false]);
});

test("readiness names what fails, liveness asks for nothing but the event loop", async () => {
  const store = new ScriptedStore();
  const scene = await OperateScene.start({ store });
  assert.deepEqual((await scene.ask("GET /readyz")).json, { status: "ready" });
  const verbose = (await scene.ask("GET /healthz?verbose")).json;
  const checks = verbose["checks"] as { name: string; ok: boolean }[];
  assert.deepEqual(checks.map(({ name, ok }) => [name, ok]), [
    ["listeners", true],
    ["loaded", true],
    ["store", true],
    ["accepting", true],
    ["descriptors", true],
  ]);
  store.commit = () => Promise.reject(new StoreError("AWAY", "gone to /secret/place"));
  scene.submit("f");
  await turn();
  const failing = await scene.ask("GET /readyz");
  assert.equal(failing.status, 503);
  assert.deepEqual(failing.json, {
    status: "not ready",
    checks: [{ name: "store", ok: false, detail: "takes no jobs" }],
  });
  assert.equal((await scene.ask("GET /livez")).status, 200);
  assert.equal((await scene.ask("GET /health/checks/store")).status, 503);
  assert.equal((await scene.ask("GET /health/checks/listeners")).status, 200);
  assert.equal((await scene.ask("GET /health/checks/nothing")).status, 404);
  const { text } = await scene.ask("GET /metrics");
  assert.match(text, /^gearman_store_up\{store="scripted"\} 0$/m);
  assert.match(text, /^gearman_store_errors_total\{store="scripted"\} 1$/m);
});

test("while jobs are taken up the server is alive and not ready", async () => {
  const store = new ScriptedStore();
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => goOn = resolve);
  const replay = store.replay.bind(store);
  store.replay = async function* () {
    await gate;
    yield* replay();
  };
  const scene = await OperateScene.start({ store, stillLoading: true });
  await turn();
  const { json } = await scene.ask("GET /readyz");
  assert.deepEqual((json["checks"] as { name: string }[]).map(({ name }) => name), ["loaded"]);
  const queues = scene.ask("GET /queues");
  assert.match((await scene.ask("GET /metrics")).text, /^gearman_reload_done 0$/m);
  goOn();
  assert.equal((await queues).status, 200);
  await scene.server.loaded;
  await turn();
  assert.equal((await scene.ask("GET /readyz")).status, 200);
  assert.match((await scene.ask("GET /metrics")).text, /^gearman_reload_done 1$/m);
});

test("an event loop that did not turn for ten seconds is not alive", async () => {
  const scene = await OperateScene.start();
  scene.clock.pass(60_500);
  scene.hangMs = 9_000;
  assert.equal((await scene.ask("GET /livez")).status, 200);
  scene.hangMs = 10_000;
  assert.equal((await scene.ask("GET /livez")).status, 503);
  scene.clock.pass(500);
  assert.equal((await scene.ask("GET /livez")).status, 200);
  const { text } = await scene.ask("GET /metrics");
  assert.match(text, /^gearman_event_loop_lag_seconds_sum 10$/m);
});
