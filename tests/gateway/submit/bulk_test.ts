import assert from "node:assert/strict";
import test from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { grabbed, type OpenCall, SubmitScene } from "../submit_scene.ts";

const JSON_TYPE = { "content-type": "application/json" };
const LINES = { "content-type": "application/x-ndjson" };

interface Result {
  readonly index?: number;
  readonly status: number;
  readonly handle?: string;
  readonly coalesced?: boolean;
  readonly replayed?: boolean;
  readonly problem?: { readonly type: string };
}

function resultsOf(json: Record<string, unknown>): Result[] {
  return json["results"] as Result[];
}

function linesOf(text: string): Result[] {
  return text.trim().split("\n").map((line) => JSON.parse(line) as Result);
}

function bulk(scene: SubmitScene, jobs: unknown, query = ""): Promise<OpenCall> {
  const asked = { headers: JSON_TYPE, body: JSON.stringify(jobs) };
  return scene.begin(`POST /jobs${query}`, asked);
}

test("an object is one job, answered like any other", async () => {
  const scene = await SubmitScene.start();
  const worker = scene.worker("f");
  const call = await bulk(scene, { function: "f", payload_text: "w" });
  worker.send("WORK_COMPLETE", await grabbed(worker), "done");
  assert.equal((await call.answered).text, "done");
  const background = await scene.ask("POST /jobs", {
    headers: { ...JSON_TYPE, Prefer: "respond-async" },
    body: '{"function":"f"}',
  });
  assert.equal(background.status, 202);
  const nameless = await (await bulk(scene, { payload: 1 })).answered;
  assert.equal(nameless.status, 400);
  assert.deepEqual((nameless.json["errors"] as { pointer: string }[])[0]!.pointer, "/function");
  const misplaced = await scene.ask("POST /jobs", {
    headers: { ...JSON_TYPE, "Gearman-Priority": "high" },
    body: '{"function":"f"}',
  });
  assert.equal(misplaced.status, 400);
  const raw = await scene.ask("POST /jobs", { headers: { "content-type": "text/plain" } });
  assert.equal(raw.status, 415);
});

test("the jobs of an array are kept in one commit, each with its own result", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  scene.server.act((jobServer) => {
    jobServer.createFunction("full");
    jobServer.setQueueLimits("full", [1, 1, 1]);
  });
  const call = await bulk(scene, [
    { function: "f", payload: { n: 1 } },
    { function: "f", unique: "u" },
    { function: "f", unique: "u" },
    { function: "full" },
    { function: "full" },
    { function: "f", timeout: 5 },
    "nothing",
    { function: "f", delay: 30, priority: "high" },
  ]);
  assert.equal(store.batches.length, 1);
  assert.equal(store.batches[0]!.add.length, 4);
  assert.equal(call.answer, undefined);
  await store.hold();
  const { status, json } = await call.answered;
  assert.equal(status, 200);
  assert.equal(json["accepted"], 5);
  assert.equal(json["rejected"], 3);
  const results = resultsOf(json);
  assert.deepEqual(results.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(results.map(({ status }) => status), [202, 202, 202, 202, 503, 400, 400, 202]);
  assert.equal(results[2]!.coalesced, true);
  assert.equal(results[2]!.handle, results[1]!.handle);
  assert.equal(results[4]!.problem!.type, "/problems/queue-full");
});

test("an array of more than a thousand is refused, as NDJSON it is not", async () => {
  const scene = await SubmitScene.start({ gateway: { maxBulkJobs: 3, maxBodyBytes: 10_000 } });
  const jobs = [1, 2, 3, 4].map(() => ({ function: "f" }));
  assert.equal((await (await bulk(scene, jobs)).answered).status, 400);
  const body = jobs.map((job) => JSON.stringify(job)).join("\n");
  const { status, text } = await scene.ask("POST /jobs", { headers: LINES, body });
  assert.equal(status, 200);
  assert.deepEqual(linesOf(text).map(({ index, status }) => [index, status]), [
    [0, 202],
    [1, 202],
    [2, 202],
    [3, 202],
  ]);
  const atomic = await scene.ask("POST /jobs?atomic=true", { headers: LINES, body });
  assert.equal(atomic.status, 400);
  assert.equal(scene.jobs, 4);
});

test("an atomic request of any number of lines is refused, not choked on", async () => {
  const scene = await SubmitScene.start({ gateway: { maxBodyBytes: 10_000_000 } });
  const answer = await scene.ask("POST /jobs?atomic=true", {
    headers: { "content-type": "application/x-ndjson" },
    body: "{}\n".repeat(400_000),
  });
  assert.equal(answer.status, 400);
  assert.match(String(answer.json["detail"]), /at most 1000 jobs/);
});

test("atomic takes all or nothing", async () => {
  const store = new ScriptedStore();
  store.automatic = true;
  const scene = await SubmitScene.start({ store });
  scene.server.act((jobServer) => {
    jobServer.createFunction("f");
    jobServer.setQueueLimits("f", [2, 2, 2]);
  });
  const good = { function: "f", unique: "-", payload: 1 };
  const all = await (await bulk(scene, [good, good, { function: "g" }], "?atomic=true")).answered;
  assert.equal(all.status, 202);
  assert.equal(all.json["accepted"], 3);
  assert.equal(resultsOf(all.json)[1]!.coalesced, true);
  assert.equal(scene.jobs, 2);
  const wrong = await (await bulk(
    scene,
    [{ function: "f" }, { function: "f", ttl: 1 }, {}],
    "?atomic=true",
  )).answered;
  assert.equal(wrong.status, 400);
  assert.deepEqual(
    (wrong.json["errors"] as { pointer: string }[]).map(({ pointer }) => pointer),
    ["/1/ttl", "/2/function"],
  );
  const full = await (await bulk(
    scene,
    [good, { function: "f" }, { function: "f" }],
    "?atomic=true",
  )).answered;
  assert.equal(full.status, 503);
  assert.equal(full.json["type"], "/problems/queue-full");
  const lonely = await (await bulk(
    scene,
    [{ function: "g" }, { function: "h", require_worker: true }],
    "?atomic=true",
  )).answered;
  assert.equal(lonely.json["type"], "/problems/no-worker");
  const keyed = (payload: number) => ({ function: "h", payload, idempotency_key: "k" });
  assert.equal((await (await bulk(scene, [keyed(1)], "?atomic=true")).answered).status, 202);
  const mismatch = await bulk(scene, [{ function: "g" }, keyed(2)], "?atomic=true");
  assert.equal((await mismatch.answered).status, 422);
  scene.server.act((jobServer) => jobServer.cancel("H:t:3"));
  assert.equal(scene.jobs, 3, "nothing was left of what was refused");
});

test("what the store refuses of an atomic request takes the rest with it", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const asked = {
    headers: { ...JSON_TYPE, "Idempotency-Key": "all" },
    body: JSON.stringify([{ function: "f" }, { function: "f" }]),
  };
  const call = await scene.begin("POST /jobs?atomic=true", asked);
  await store.fail(new StoreError("TOO_LARGE", "One is too large"));
  scene.clock.pass(10_000);
  await turn();
  while (store.running > 0 && scene.jobs > 0) {
    const { add } = store.batches.at(-1)!;
    if (add.some(({ key }) => key === 1)) await store.hold();
    else await store.fail(new StoreError("TOO_LARGE", "It is too large"));
    scene.clock.pass(10_000);
    await turn();
  }
  const { status, json } = await call.answered;
  assert.equal(status, 503);
  assert.equal(json["type"], "/problems/store-unavailable");
  assert.equal(scene.jobs, 0);
  store.automatic = true;
  while (store.running > 0) await store.hold();
  scene.clock.pass(60_000);
  await turn();
  const again = await scene.ask("POST /jobs?atomic=true", asked);
  assert.equal(again.status, 202);
  assert.deepEqual(resultsOf(again.json).map(({ replayed }) => replayed), [undefined, undefined]);
  assert.equal(scene.jobs, 2, "the whole request was made again");
});

test("a bulk request with a key can be sent again", async () => {
  const scene = await SubmitScene.start();
  const jobs = [{ function: "f" }, { function: "f", idempotency_key: "own" }];
  const headers = { ...JSON_TYPE, "Idempotency-Key": "all" };
  const first = await scene.ask("POST /jobs", { headers, body: JSON.stringify(jobs) });
  const more = [...jobs, { function: "g" }];
  const second = await scene.ask("POST /jobs", { headers, body: JSON.stringify(more) });
  const handles = (json: Record<string, unknown>) => resultsOf(json).map(({ handle }) => handle);
  assert.deepEqual(handles(second.json).slice(0, 2), handles(first.json));
  assert.deepEqual(resultsOf(second.json).map(({ replayed }) => replayed), [true, true, undefined]);
  const other = [{ function: "h" }];
  const third = await scene.ask("POST /jobs", { headers, body: JSON.stringify(other) });
  assert.equal(resultsOf(third.json)[0]!.status, 422);
  assert.equal(scene.jobs, 3);
  const atomic = await scene.ask("POST /jobs?atomic=true", { headers, body: JSON.stringify(jobs) });
  assert.equal(atomic.status, 202);
  assert.equal(scene.jobs, 3);
});

test("NDJSON is answered line by line, and read no faster than that", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  let sent = 0;
  async function* pieces() {
    for (
      const piece of ['{"function":"f"}\n{"func', 'tion":"f"}\nnonsense\n', '{"function":"f"}']
    ) {
      sent++;
      yield await Promise.resolve(new TextEncoder().encode(piece));
    }
  }
  const response = await scene.respond("POST /jobs", { headers: LINES, pieces: pieces() });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/x-ndjson");
  await turn();
  assert.equal(scene.waits.counts.stream, 1);
  assert.equal(sent, 1, "the second piece waits until the first is kept");
  const reader = response.body!.getReader();
  const read = async () => linesOf(new TextDecoder().decode((await reader.read()).value));
  await store.hold();
  assert.deepEqual((await read()).map(({ index, status }) => [index, status]), [[0, 202]]);
  await turn();
  assert.equal(sent, 2);
  await store.hold();
  assert.deepEqual((await read()).map(({ index, status }) => [index, status]), [[1, 202], [
    2,
    400,
  ]]);
  await turn();
  await store.hold();
  assert.deepEqual((await read()).map(({ index }) => index), [3]);
  assert.equal((await reader.read()).done, true);
  assert.equal(scene.waits.counts.stream, 0);
});

test("NDJSON that breaks off says so in a last line", async () => {
  const scene = await SubmitScene.start();
  async function* pieces() {
    yield await Promise.resolve(new TextEncoder().encode('{"function":"f"}\n'));
    throw new RangeError("broken");
  }
  const { text } = await scene.ask("POST /jobs", { headers: LINES, pieces: pieces() });
  const [first, last] = linesOf(text);
  assert.equal(first!.status, 202);
  assert.equal(last!.status, 500);
  assert.equal(last!.index, undefined);
  assert.equal(scene.waits.counts.stream, 0);
});

test("a reader that leaves NDJSON ends the reading", async () => {
  const scene = await SubmitScene.start();
  let ended = false;
  async function* pieces() {
    try {
      for (;;) yield await Promise.resolve(new TextEncoder().encode('{"function":"f"}\n'));
    } finally {
      ended = true;
    }
  }
  const response = await scene.respond("POST /jobs", { headers: LINES, pieces: pieces() });
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await turn();
  assert.equal(ended, true);
  assert.equal(scene.waits.counts.stream, 0);
  assert.deepEqual(scene.log.filter((line) => line.startsWith("ERROR")), []);
});

test("a reader that leaves NDJSON while the store writes is no failure of the server", async () => {
  const store = new ScriptedStore();
  const scene = await SubmitScene.start({ store });
  const response = await scene.respond("POST /jobs", {
    headers: LINES,
    body: '{"function":"f"}\n',
  });
  const reader = response.body!.getReader();
  const read = reader.read();
  await turn();
  const cancelled = reader.cancel();
  await store.hold();
  await Promise.all([read, cancelled]);
  await turn();
  assert.equal(scene.waits.counts.stream, 0);
  assert.deepEqual(scene.log.filter((line) => line.startsWith("ERROR")), []);
});
