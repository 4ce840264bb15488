import assert from "node:assert/strict";
import { test } from "node:test";
import { FOLLOW_ROUTES, JOB_EXAMPLE, JOB_SCHEMA } from "../../../src/gateway/follow/mod.ts";
import { schemaErrors } from "../../../src/gateway/json_schema.ts";
import { PROBLEMS, type ProblemType } from "../../../src/gateway/problem.ts";
import { ScriptedStore, turn } from "../../server/mod.ts";
import { FollowScene, RETAIN_MS } from "./follow_scene.ts";

/** The kind and status of a problem. */
async function problem(scene: FollowScene, what: string, token?: string): Promise<string> {
  const { status, json, headers } = await scene.ask(what, token === undefined ? {} : { token });
  assert.equal(headers.get("content-type"), "application/problem+json");
  const type = String(json["type"]).replace("/problems/", "");
  assert.equal(status, PROBLEMS[type as ProblemType].status);
  return type;
}

test("a job is shown in each of its states", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  const runAt = scene.clock.now() / 1000 + 60;
  const handle = scene.background("f", "12345", {
    unique: "key",
    priority: 0,
    notBefore: runAt,
    reducer: "sum",
  });
  const start = "2023-11-14T22:13:20.000Z";
  const due = "2023-11-14T22:14:20.000Z";
  const scheduled = await scene.get(`/jobs/${handle}`);
  assert.deepEqual(scheduled, {
    handle: "H:t:1",
    function: "f",
    unique: "key",
    state: "scheduled",
    priority: "high",
    background: true,
    accepted_at: start,
    run_at: due,
    started_at: null,
    finished_at: null,
    attempts: 0,
    numerator: 0,
    denominator: 0,
    waiting_clients: 0,
    worker: null,
    payload_bytes: 5,
    result_bytes: null,
    durability: "nothing",
    reducer: "sum",
  });
  scene.clock.pass(60_000);
  assert.equal((await scene.get(`/jobs/${handle}`))["state"], "queued");
  worker.send("GRAB_JOB");
  worker.send("WORK_STATUS", handle, "7", "9");
  const running = await scene.get(`/jobs/${handle}`);
  assert.deepEqual(
    ["state", "attempts", "worker", "numerator", "denominator", "started_at"].map((name) =>
      running[name]
    ),
    ["running", 1, 1, 7, 9, due],
  );
  worker.hangUp();
  const retrying = await scene.get(`/jobs/${handle}`);
  assert.deepEqual([retrying["state"], retrying["attempts"], retrying["worker"]], [
    "retrying",
    1,
    null,
  ]);
  const second = scene.worker("f");
  second.send("GRAB_JOB");
  second.send("WORK_DATA", handle, "abc");
  scene.clock.pass(250);
  second.send("WORK_COMPLETE", handle, "de");
  const succeeded = await scene.get(`/jobs/${handle}`);
  assert.deepEqual(succeeded, {
    ...scheduled,
    state: "succeeded",
    run_at: null,
    started_at: due,
    finished_at: "2023-11-14T22:14:20.250Z",
    attempts: 2,
    numerator: null,
    denominator: null,
    result_bytes: 5,
    reducer: null,
  });
  for (const json of [scheduled, running, retrying, succeeded, JOB_EXAMPLE]) {
    assert.deepEqual(schemaErrors(JOB_SCHEMA, json), []);
  }
});

test("done, failed, expired and never existed are different answers", async () => {
  const scene = await FollowScene.start({ config: { maxAttempts: 1 } });
  const worker = scene.worker("f");
  const handles = Array.from({ length: 6 }, () => scene.background("f"));
  const [done, failed, thrown, lost, cancelled, waiting] = handles as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  for (let at = 0; at < 3; at++) worker.send("GRAB_JOB");
  worker.send("WORK_DATA", done, "one,");
  worker.send("WORK_COMPLETE", done, "two\x00\xff");
  worker.send("WORK_FAIL", failed);
  worker.send("WORK_EXCEPTION", thrown, "no such file");
  const second = scene.worker("f");
  second.send("GRAB_JOB");
  second.hangUp();
  scene.server.act((jobServer) => jobServer.cancel(cancelled));

  const result = await scene.ask(`GET /jobs/${done}/result`);
  assert.equal(result.status, 200);
  assert.deepEqual([...result.bytes], [..."one,two\x00\xff"].map((char) => char.charCodeAt(0)));
  assert.equal(result.headers.get("content-type"), "application/octet-stream");
  assert.equal(result.headers.get("gearman-job-handle"), done);
  assert.equal(result.headers.get("gearman-function"), "f");
  assert.equal(result.headers.get("gearman-attempts"), "1");
  assert.equal(result.headers.get("server-timing"), "queue;dur=0, run;dur=0");
  assert.equal(await problem(scene, `GET /jobs/${failed}/result`), "job-failed");
  const exception = await scene.ask(`GET /jobs/${thrown}/result`);
  assert.equal(exception.status, 502);
  assert.equal(exception.json["type"], "/problems/job-exception");
  assert.equal(exception.json["exception"], "no such file");
  assert.equal(exception.json["attempts"], 1);
  assert.equal(await problem(scene, `GET /jobs/${lost}/result`), "worker-lost");
  assert.equal(await problem(scene, `GET /jobs/${cancelled}/result`), "job-cancelled");
  assert.equal(await problem(scene, "GET /jobs/H:t:99/result"), "job-unknown");
  assert.equal(await problem(scene, "GET /jobs/nonsense"), "job-unknown");
  const accepted = await scene.ask(`GET /jobs/${waiting}/result`);
  assert.equal(accepted.status, 202);
  assert.equal(accepted.json["state"], "queued");
  assert.equal(accepted.headers.get("location"), `/jobs/${waiting}`);
  assert.equal(accepted.headers.get("retry-after"), "1");
  const states = [];
  for (const handle of handles) states.push((await scene.get(`/jobs/${handle}`))["state"]);
  assert.deepEqual(states, ["succeeded", "failed", "failed", "failed", "cancelled", "queued"]);

  scene.clock.pass(RETAIN_MS);
  assert.equal(await problem(scene, `GET /jobs/${done}/result`), "job-expired");
  assert.equal(await problem(scene, `GET /jobs/${done}`), "job-expired");
  assert.equal((await scene.get(`/jobs/${waiting}`))["state"], "queued");
});

test("a result that is too large to keep, or was never to be kept, is gone with the job", async () => {
  const scene = await FollowScene.start({ limits: { maxResultBytes: 10 } });
  const client = scene.connect();
  const worker = scene.worker("f");
  const large = scene.background("f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", large, "x".repeat(11));
  const dropped = await scene.ask(`GET /jobs/${large}/result`);
  assert.equal(dropped.status, 410);
  assert.match(String(dropped.json["detail"]), /too large/);
  assert.equal((await scene.get(`/jobs/${large}`))["result_bytes"], null);
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("GRAB_JOB");
  const poll = scene.ask("GET /jobs/H:t:2/result?wait=10");
  await turn();
  worker.send("WORK_COMPLETE", "H:t:2", "not kept");
  assert.equal((await poll).json["type"], "/problems/job-expired");
  assert.equal(await problem(scene, "GET /jobs/H:t:2"), "job-expired");
});

test("a long poll answers at the job's end, or when its time is over", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  const handle = scene.background("f");
  let answered = 0;
  const ask = async (what: string) => {
    const answer = await scene.ask(what);
    answered++;
    return answer;
  };
  const short = ask(`GET /jobs/${handle}?wait=5`);
  const status = ask(`GET /jobs/${handle}?wait=30`);
  const result = ask(`GET /jobs/${handle}/result?wait=3000`);
  await turn();
  assert.equal(scene.waits.counts.poll, 3);
  scene.clock.pass(5_100);
  assert.equal((await short).json["state"], "queued");
  await turn();
  assert.equal(answered, 1);
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", handle, "done");
  assert.equal((await status).json["state"], "succeeded");
  assert.equal((await result).text, "done");
  assert.equal(scene.waits.counts.poll, 0);
  const other = scene.background("f");
  const long = ask(`GET /jobs/${other}/result?wait=3000`);
  await turn();
  scene.clock.pass(60_100);
  assert.equal((await long).status, 202, "no wait is longer than what the gateway allows");
});

test("a caller who leaves a long poll leaves nothing behind", async () => {
  const scene = await FollowScene.start();
  const handle = scene.background("f");
  const gone = new AbortController();
  const before = scene.clock.timers;
  const poll = scene.respond(`GET /jobs/${handle}?wait=60`, { signal: gone.signal })
    .catch(() => undefined);
  await turn();
  assert.equal(scene.waits.counts.poll, 1);
  gone.abort();
  await poll;
  assert.equal(scene.waits.counts.poll, 0);
  assert.equal(scene.clock.timers, before);
});

test("an ETag tells whether anything changed, progress included", async () => {
  const scene = await FollowScene.start();
  const worker = scene.worker("f");
  const handle = scene.background("f");
  worker.send("GRAB_JOB");
  const first = await scene.ask(`GET /jobs/${handle}`);
  const etag = first.headers.get("etag")!;
  assert.match(etag, /^"[\w-]+"$/);
  const headers = { "if-none-match": `"other", W/${etag}` };
  const same = await scene.ask(`GET /jobs/${handle}`, { headers });
  assert.deepEqual([same.status, same.text, same.headers.get("etag")], [304, "", etag]);
  worker.send("WORK_STATUS", handle, "1", "2");
  const changed = await scene.ask(`GET /jobs/${handle}`, { headers });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("etag"), etag);
  const any = await scene.ask(`GET /jobs/${handle}`, { headers: { "if-none-match": "*" } });
  assert.equal(any.status, 304);
});

test("the workload comes back byte for byte while the job is not over", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  const worker = scene.worker("f");
  const data = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
  client.send("SUBMIT_JOB_BG", "f", "", data);
  await turn();
  const payload = await scene.ask("GET /jobs/H:t:1/payload");
  assert.deepEqual([...payload.bytes], Array.from({ length: 256 }, (_, byte) => byte));
  const kept = scene.background("f", "workload");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  worker.send("GRAB_JOB");
  assert.equal((await scene.ask(`GET /jobs/${kept}/payload`)).text, "workload");
  worker.send("WORK_COMPLETE", kept, "");
  assert.equal(await problem(scene, "GET /jobs/H:t:1/payload"), "job-expired");
  assert.equal(await problem(scene, `GET /jobs/${kept}/payload`), "job-expired");
});

test("a job is cancelled once; a running one only on demand; one that is over not at all", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  const worker = scene.worker("f");
  client.send("SUBMIT_JOB", "f", "", "waited for");
  const queued = scene.background("f");
  await turn();
  client.take();
  assert.equal((await scene.ask("DELETE /jobs/H:t:1")).status, 204);
  assert.deepEqual(client.take(), ["WORK_FAIL H:t:1"]);
  assert.equal((await scene.ask(`DELETE /jobs/${queued}`)).status, 204);
  assert.equal((await scene.ask(`DELETE /jobs/${queued}`)).status, 204);
  assert.equal((await scene.get(`/jobs/${queued}`))["state"], "cancelled");
  worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(worker.take(), ["NO_JOB"]);

  const running = scene.background("f");
  worker.send("GRAB_JOB");
  assert.equal(await problem(scene, `DELETE /jobs/${running}`), "job-running");
  assert.equal((await scene.ask(`DELETE /jobs/${running}?running=true`)).status, 204);
  assert.equal((await scene.get(`/jobs/${running}`))["state"], "cancelled");
  worker.send("WORK_COMPLETE", running, "too late");
  assert.equal(await problem(scene, `GET /jobs/${running}/result`), "job-cancelled");

  const done = scene.background("f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", done, "");
  assert.equal(await problem(scene, `DELETE /jobs/${done}`), "job-over");
  assert.equal(await problem(scene, "DELETE /jobs/H:t:77"), "job-unknown");
  assert.equal(await problem(scene, "DELETE /jobs/H:t:1"), "job-expired");
});

test("who may neither submit nor inspect a function does not learn of its jobs", async () => {
  const scene = await FollowScene.start({
    tokens: {
      submitter: ["submit", "mine"],
      inspector: ["inspect", "m*"],
      operator: ["operate", "mine"],
      stranger: ["submit", "other"],
      monitor: ["metrics", "*"],
    },
  });
  const handle = scene.background("mine");
  const statusOf = async (what: string, token: string) => (await scene.ask(what, { token })).status;
  const table: readonly [what: string, ...statuses: number[]][] = [
    // submitter, inspector, operator, stranger, monitor
    [`GET /jobs/${handle}`, 200, 200, 200, 404, 403],
    [`GET /jobs/${handle}/result`, 202, 202, 202, 404, 403],
    [`HEAD /jobs/${handle}/events`, 200, 200, 200, 404, 403],
    [`GET /jobs/${handle}/payload`, 403, 200, 200, 403, 403],
    [`GET /jobs/${handle}/explain`, 403, 200, 200, 403, 403],
    ["GET /jobs", 403, 200, 200, 403, 403],
    ["GET /unique/x", 403, 404, 404, 403, 403],
    [`DELETE /jobs/${handle}`, 204, 403, 204, 404, 403],
  ];
  for (const [what, ...statuses] of table) {
    for (
      const [at, token] of ["submitter", "inspector", "operator", "stranger", "monitor"].entries()
    ) {
      assert.equal(await statusOf(what, token), statuses[at], `${what} by ${token}`);
    }
  }
  assert.equal(await problem(scene, `GET /jobs/${handle}`, "stranger"), "job-unknown");
});

test("a job that is being stored shows as queued, and what it survives", async () => {
  const store = new ScriptedStore();
  const scene = await FollowScene.start({ store });
  const handle = scene.background("f");
  await turn();
  const storing = await scene.get(`/jobs/${handle}`);
  assert.deepEqual([storing["state"], storing["durability"]], ["queued", "power-loss"]);
  const reader = await scene.follow(`/jobs/${handle}/events`);
  assert.deepEqual(reader.names(), []);
  await store.hold();
  assert.deepEqual(reader.names(), ["1 queued"]);
  const client = scene.connect();
  client.send("SUBMIT_JOB", "f", "", "x");
  const foreground = await scene.get("/jobs/H:t:2");
  assert.deepEqual(
    [foreground["durability"], foreground["background"], foreground["waiting_clients"]],
    ["nothing", false, 1],
  );
  client.hangUp();
  assert.equal((await scene.get("/jobs/H:t:2"))["state"], "cancelled");
});

test("a time that no calendar has shows as the last one", async () => {
  const scene = await FollowScene.start();
  scene.connect().send("SUBMIT_JOB_EPOCH", "f", "", "9999999999999", "x");
  const job = await scene.get("/jobs/H:t:1");
  assert.deepEqual([job["state"], job["run_at"]], ["scheduled", "9999-12-31T23:59:59.999Z"]);
  assert.equal((await scene.ask("GET /jobs/H:t:1/explain")).status, 200);
});

test("names that are no UTF-8 are percent-encoded in JSON and found by their path", async () => {
  const scene = await FollowScene.start();
  const client = scene.connect();
  client.send("SUBMIT_JOB_BG", "f\xff/", "\xc3\xa4", "x");
  await turn();
  const job = await scene.get("/unique/%C3%A4?function=f%FF%2F");
  assert.deepEqual([job["function"], job["unique"]], ["f%FF%2F", "\u00e4"]);
});

test("the routes' examples are valid, and each names its problems", () => {
  for (const { answers, parameters, path, method } of FOLLOW_ROUTES) {
    for (const { content } of answers) {
      for (const { schema, example } of Object.values(content ?? {})) {
        if (schema !== null) {
          assert.deepEqual(schemaErrors(schema, example), [], `${method} ${path}`);
        }
      }
    }
    for (const { name, schema, example } of parameters) {
      assert.deepEqual(schemaErrors(schema, example), [], `${method} ${path} ${name}`);
    }
  }
});
