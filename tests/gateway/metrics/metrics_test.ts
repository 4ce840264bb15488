import assert from "node:assert/strict";
import { test } from "node:test";
import { HEALTH_ROUTES } from "../../../src/gateway/metrics/mod.ts";
import { RunExtras } from "../../../src/gateway/run_extras.ts";
import { turn } from "../../server/mod.ts";
import { OperateScene } from "../operate/mod.ts";
import { readExposition } from "./exposition_text.ts";
import { of, scrape } from "./scraping.ts";

test("ends are counted from 0 on once a function had a job", async () => {
  const scene = await OperateScene.start();
  scene.worker("unused");
  scene.submit("used");
  const samples = await scrape(scene);
  const lost = (name: string) =>
    samples.get(`gearman_jobs_finished_total{function="${name}",outcome="worker_lost"}`);
  assert.deepEqual([lost("used"), lost("unused")], [0, undefined]);
});

test("the names of the usual exporter are there, with its labels", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  const worker = scene.worker("f", "g");
  for (let i = 0; i < 3; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("GRAB_JOB");
  await turn();
  const samples = await scrape(scene);
  assert.equal(samples.get("gearman_up"), 1);
  assert.equal(samples.get('gearman_version_info{version="1.2.3"}'), 1);
  assert.equal(samples.get('gearman_jobs{function="f"}'), 3);
  assert.equal(samples.get('gearman_jobs_running{function="f"}'), 1);
  assert.equal(samples.get('gearman_jobs_waiting{function="f"}'), 2);
  assert.equal(samples.get('gearman_workers{function="f"}'), 1);
  assert.equal(samples.get('gearman_jobs{function="g"}'), 0);
});

test("each way in and each way out is counted once, for both ports", async () => {
  const scene = await OperateScene.start({
    limits: { maxIgnoredJobs: 0 },
    config: { maxAttempts: 2 },
  });
  const [client, worker] = [scene.connect(), scene.worker("f")];
  const run = async (end: (handle: string) => void) => {
    worker.take();
    worker.send("GRAB_JOB");
    await turn();
    const assigned = worker.take().find((packet) => packet.startsWith("JOB_ASSIGN "))!;
    end(assigned.split(" ")[1]!.split("|")[0]!);
    await turn();
  };
  client.send("SUBMIT_JOB_HIGH", "f", "", "x");
  await run((handle) => worker.send("WORK_COMPLETE", handle, "result"));
  client.send("SUBMIT_JOB_LOW_BG", "f", "", "x");
  await run((handle) => worker.send("WORK_FAIL", handle));
  client.send("SUBMIT_REDUCE_JOB_BACKGROUND", "f", "", "sum", "", "x");
  await run((handle) => worker.send("WORK_EXCEPTION", handle, "broken"));
  client.send("SUBMIT_JOB_EPOCH", "f", "", "1", "x");
  client.send("SUBMIT_JOB_EPOCH", "f", "", "9999999999", "x");
  await run((handle) => {
    worker.send("WORK_DATA", handle, "12345");
    worker.send("WORK_COMPLETE", handle, "678");
  });
  scene.submit("f");
  scene.submit("f", { background: false });
  await run((handle) => worker.send("WORK_COMPLETE", handle, ""));
  await run((handle) => worker.send("WORK_COMPLETE", handle, ""));
  // Cancelled, abandoned, lost twice, refused, joined.
  client.sendText("cancel job H:t:5\n");
  const leaving = scene.connect();
  leaving.send("SUBMIT_JOB", "f", "", "nobody waits");
  leaving.hangUp();
  scene.submit("f", { unique: "u" });
  client.send("SUBMIT_JOB_BG", "f", "u", "x");
  await run(() => worker.send("RESET_ABILITIES"));
  worker.send("CAN_DO_TIMEOUT", "f", "1000");
  await run(() => scene.clock.pass(1001));
  client.sendText("maxqueue f 1\n");
  client.send("SUBMIT_JOB_BG", "f", "", "one");
  client.send("SUBMIT_JOB_BG", "f", "", "one too many");
  await turn();
  const samples = await scrape(scene);
  assert.deepEqual(of(samples, "gearman_jobs_submitted_total", "f"), {
    'priority="high",mode="fg",via="gear"': 1,
    'priority="low",mode="bg",via="gear"': 1,
    'priority="normal",mode="reduce",via="gear"': 1,
    'priority="normal",mode="epoch",via="gear"': 2,
    'priority="normal",mode="bg",via="http"': 2,
    'priority="normal",mode="fg",via="http"': 1,
    'priority="normal",mode="fg",via="gear"': 1,
    'priority="normal",mode="bg",via="gear"': 2,
  });
  assert.deepEqual(of(samples, "gearman_jobs_coalesced_total", "f"), { "": 1 });
  assert.deepEqual(of(samples, "gearman_jobs_rejected_total", "f"), { 'reason="queue_full"': 1 });
  assert.deepEqual(of(samples, "gearman_jobs_finished_total", "f"), {
    'outcome="complete"': 4,
    'outcome="fail"': 1,
    'outcome="exception"': 1,
    'outcome="worker_lost"': 1,
    'outcome="cancelled"': 1,
    'outcome="abandoned"': 1,
  });
  assert.deepEqual(of(samples, "gearman_job_redeliveries_total", "f"), {
    'cause="worker_gone"': 1,
    'cause="timed_out"': 1,
  });
  assert.equal(of(samples, "gearman_job_payload_bytes_count", "f")[""], 10);
  assert.equal(of(samples, "gearman_job_result_bytes_sum", "f")[""], 6 + 5 + 3);
  assert.equal(of(samples, "gearman_job_run_seconds_count", "f")[""], 6);
  assert.equal(samples.get('gearman_jobs{function="f"}'), 1);
});

test("waiting and running are measured, and what waits is told its age", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  const due = Math.floor(scene.clock.now() / 1000) + 100;
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  client.send("SUBMIT_JOB_EPOCH", "f", "", `${due}`, "later");
  scene.clock.pass(3000);
  worker.send("GRAB_JOB");
  scene.clock.pass(200);
  worker.send("WORK_COMPLETE", "H:t:1", "");
  await turn();
  const age = async () =>
    (await scrape(scene)).get('gearman_job_oldest_waiting_seconds{function="f"}');
  let samples = await scrape(scene);
  assert.equal(of(samples, "gearman_job_wait_seconds_sum", "f")[""], 3);
  assert.equal(of(samples, "gearman_job_run_seconds_sum", "f")[""], 0.2);
  assert.equal(samples.get('gearman_jobs_scheduled{function="f"}'), 1);
  assert.equal(await age(), 0);
  scene.clock.pass(100_000);
  await turn();
  assert.ok((await age())! > 2 && (await age())! < 4);
  samples = await scrape(scene);
  assert.equal(samples.get("gearman_job_schedule_lag_seconds_count"), 1);
  assert.ok(samples.get("gearman_job_schedule_lag_seconds_sum")! < 1);
  // A job nobody waits for any more has no age.
  const leaving = scene.connect();
  leaving.send("SUBMIT_JOB_HIGH", "f", "", "x");
  scene.clock.pass(50_000);
  assert.ok((await age())! > 50);
  client.sendText("cancel job H:t:2\n");
  assert.equal(await age(), 50);
  leaving.hangUp();
  assert.equal(await age(), 0);
  samples = await scrape(scene);
  assert.equal(samples.get('gearman_queue_bytes{function="f"}'), 1 + "later".length);
});

test("functions beyond the bound share one label, and dropped ones make room", async () => {
  const scene = await OperateScene.start({ gateway: { maxFunctionLabels: 2 } });
  const client = scene.connect();
  for (const name of ["a", "b", "c", "_other", "d"]) client.send("SUBMIT_JOB_BG", name, "", "x");
  await turn();
  let samples = await scrape(scene);
  const labels = () =>
    [...samples.keys()].flatMap((series) =>
      /^gearman_jobs\{function="(.*)"\}$/.exec(series)?.[1] ?? []
    );
  assert.deepEqual(labels(), ["a", "b", "_other"]);
  assert.equal(samples.get('gearman_jobs{function="_other"}'), 3);
  const detailed = await scrape(scene, "/metrics/detailed?function=*");
  assert.equal(detailed.get('gearman_jobs{function="d"}'), 1);
  assert.equal(of(detailed, "gearman_jobs_submitted_total", "d")[""], undefined);
  scene.server.act((jobServer) => jobServer.dropFunction("a", { force: true }));
  samples = await scrape(scene);
  assert.deepEqual(labels(), ["b", "c", "_other"]);
  assert.equal(
    of(samples, "gearman_jobs_submitted_total", "_other")[
      'priority="normal",mode="bg",via="gear"'
    ],
    4,
  );
});

test("any name makes a sound label, and two that look the same make one series", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  const names = ['a"b\\c\nd', "caf\xc3\xa9", "\xff", "%FF", "_other", "x\ty"];
  for (const name of names) client.send("SUBMIT_JOB_BG", name, "", "x");
  await turn();
  const samples = await scrape(scene);
  assert.equal(samples.get('gearman_jobs{function="a\\"b\\\\c\\nd"}'), 1);
  assert.equal(samples.get('gearman_jobs{function="caf\u00e9"}'), 1);
  assert.equal(samples.get('gearman_jobs{function="%FF"}'), 1);
  assert.equal(samples.get('gearman_jobs{function="_other"}'), 2);
});

test("OpenMetrics is written for those who prefer it, and nothing for those who take neither", async () => {
  const scene = await OperateScene.start();
  scene.connect().send("SUBMIT_JOB_BG", "f", "", "x");
  await scene.ask("GET /metrics");
  const accept =
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const { headers, text } = await scene.ask("GET /metrics", { headers: { accept } });
  assert.match(headers.get("content-type")!, /^application\/openmetrics-text; version=1\.0\.0/);
  const samples = readExposition(text, "openmetrics");
  assert.equal(
    samples.get('gearman_http_requests_total{route="/metrics",method="GET",status="200"}'),
    1,
  );
  const plain = await scene.ask("GET /metrics");
  assert.match(plain.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const neither = await scene.ask("GET /metrics", { headers: { accept: "image/png" } });
  assert.equal(neither.status, 406);
  for (const { problems, path } of HEALTH_ROUTES.filter(({ role }) => role === "metrics")) {
    assert.ok(problems?.includes("not-acceptable"), `${path} describes it`);
  }
});

test("traffic of the binary port is counted by packet, direction and reason", async () => {
  const scene = await OperateScene.start({ limits: { maxConnections: 3 } });
  const [client, worker] = [scene.connect(), scene.worker("f")];
  worker.send("PRE_SLEEP");
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  worker.send("GRAB_JOB_UNIQ");
  worker.send("GRAB_JOB");
  client.send("ALL_YOURS");
  client.sendText("version\n");
  const broken = scene.connect();
  scene.connect();
  broken.sendBytes(new Uint8Array([0, 1, 2, 3, 0, 0, 0, 1, 0, 0, 0, 0]));
  const polite = scene.connect();
  await turn();
  polite.hangUp();
  await turn();
  const samples = await scrape(scene);
  const expected = {
    'gearman_packets_total{direction="in",type="SUBMIT_JOB_BG"}': 1,
    'gearman_packets_total{direction="out",type="JOB_CREATED"}': 1,
    'gearman_packets_total{direction="out",type="ERROR"}': 1,
    "gearman_text_commands_total": 1,
    "gearman_worker_wakeups_total": 1,
    'gearman_worker_grabs_total{result="job"}': 1,
    'gearman_worker_grabs_total{result="none"}': 1,
    'gearman_protocol_errors_total{kind="INVALID_COMMAND"}': 1,
    'gearman_protocol_errors_total{kind="BAD_MAGIC"}': 1,
    'gearman_connections_opened_total{listener="gearman"}': 5,
    'gearman_connections_closed_total{listener="gearman",reason="protocol_error"}': 1,
    'gearman_connections_closed_total{listener="gearman",reason="peer"}': 1,
    'gearman_connections_refused_total{listener="gearman",reason="limit"}': 1,
    'gearman_worker_connections{state="busy"}': 1,
    'gearman_client_connections{listener="gearman"}': 1,
    'gearman_store_up{store="memory"}': 1,
  };
  for (const [series, value] of Object.entries(expected)) {
    assert.equal(samples.get(series), value, series);
  }
  assert.ok(samples.get('gearman_bytes_total{direction="in",listener="gearman"}')! > 60);
  assert.ok(samples.get("process_resident_memory_bytes")! > 1e6);
  assert.ok(samples.get("process_cpu_seconds_total")! > 0);
  assert.ok(samples.get("process_open_fds")! > 3);
  assert.ok(Math.abs(samples.get("process_start_time_seconds")! * 1000 - Date.now()) < 3_600_000);
});

test("a job that stays next beside an idle worker makes its function stalled, a pause does not", async () => {
  const scene = await OperateScene.start({ limits: { wakeUpRepeatMs: 1e9 } });
  const [client, deaf] = [scene.connect(), scene.worker("f")];
  deaf.send("PRE_SLEEP");
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  client.send("SUBMIT_JOB_BG", "lonely", "", "x");
  await turn();
  const stalled = async () => (await scrape(scene)).get("gearman_stalled_functions");
  assert.equal(await stalled(), 0);
  scene.clock.pass(9_000);
  assert.equal(await stalled(), 0);
  scene.clock.pass(2_000);
  assert.equal(await stalled(), 1);
  assert.equal((await scene.ask("GET /health/checks/stalled")).status, 503);
  assert.equal((await scrape(scene)).get("gearman_functions_without_workers"), 1);
  scene.server.act((jobServer) => jobServer.pause("f"));
  assert.equal(await stalled(), 0);
  assert.equal((await scrape(scene)).get('gearman_queue_paused{function="f"}'), 1);
});

test("rates and the event loop are looked at while time passes, until the end", async () => {
  const scene = await OperateScene.start();
  const client = scene.connect();
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 10; i++) client.send("SUBMIT_JOB_BG", "f", "", "x");
    scene.clock.pass(1000);
  }
  const { json } = await scene.ask("GET /queues/f");
  const { submitted } = json["rates"] as { submitted: Record<string, number> };
  assert.ok(submitted["1m"]! > 5.5 && submitted["1m"]! < 6.5, `${submitted["1m"]}`);
  assert.ok(submitted["15m"]! < submitted["5m"]! && submitted["5m"]! < submitted["1m"]!);
  const samples = await scrape(scene);
  assert.equal(samples.get("gearman_event_loop_lag_seconds_count"), 60);
  assert.equal(samples.get("gearman_event_loop_lag_seconds_sum"), 0);
  scene.figures.stop();
  const { timers } = scene.clock;
  client.send("SUBMIT_JOB_BG", "f", "", "not counted");
  assert.equal(of(await scrape(scene), "gearman_jobs_coalesced_total", "f")[""], undefined);
  assert.equal(scene.clock.timers, timers);
  assert.equal(of(await scrape(scene), "gearman_job_payload_bytes_count", "f")[""], 600);
});

test("five hundred functions have figures of their own", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.connect()];
  for (let i = 0; i < 500; i++) {
    worker.send("CAN_DO", `function_${i}`);
    for (let job = 0; job < 3; job++) client.send("SUBMIT_JOB_BG", `function_${i}`, "", "x");
  }
  for (let i = 0; i < 500; i++) {
    worker.send("GRAB_JOB");
    await turn();
    const handle = /JOB_ASSIGN (\S+?)\|/.exec(worker.take().join(" "))![1]!;
    worker.send("WORK_COMPLETE", handle, "y");
  }
  const samples = await scrape(scene);
  for (let i = 0; i < 500; i++) {
    const label = `{function="function_${i}"}`;
    assert.equal(samples.get(`gearman_jobs_waiting${label}`), 2);
    assert.equal(samples.get(`gearman_job_run_seconds_count${label}`), 1);
  }
});

test("any number of functions beyond the bound is scraped", async () => {
  const scene = await OperateScene.start({ gateway: { maxFunctionLabels: 1 } });
  scene.server.act((jobServer) => {
    for (let i = 0; i < 150_000; i++) jobServer.createFunction(`function_${i}`);
  });
  assert.equal((await scene.ask("GET /metrics")).status, 200);
});

test("jobs that came back wait as retrying until another worker has them, or nobody wants them", async () => {
  const scene = await OperateScene.start();
  const [client, worker] = [scene.connect(), scene.worker("f")];
  const retrying = async () => (await scrape(scene)).get('gearman_jobs_retrying{function="f"}');
  for (let i = 0; i < 2; i++) {
    client.send("SUBMIT_JOB_BG", "f", "", "x");
    worker.send("GRAB_JOB");
  }
  await turn();
  assert.equal(await retrying(), 0);
  worker.hangUp();
  await turn();
  assert.equal(await retrying(), 2);
  const other = scene.worker("f");
  other.send("GRAB_JOB");
  await turn();
  assert.equal(await retrying(), 1);
  client.sendText("cancel job H:t:1\n");
  client.sendText("cancel job H:t:2\n");
  await turn();
  assert.equal(await retrying(), 0);
});

test("runs of schedules and Idempotency-Keys are counted as such", async () => {
  const scene = await OperateScene.start();
  const extras = new RunExtras(0);
  scene.submit("f", { extras });
  const idempotency = { keyHash: "k", fingerprint: "x", expiresAt: scene.clock.now() + 1000 };
  scene.submit("f", { extras: { retainMs: 0, idempotency } });
  const samples = await scrape(scene);
  assert.deepEqual(of(samples, "gearman_jobs_submitted_total", "f"), {
    'priority="normal",mode="sched",via="http"': 1,
    'priority="normal",mode="bg",via="http"': 1,
  });
  assert.equal(samples.get('gearman_idempotency_total{result="new"}'), 1);
});

test("TLS is told of each port that has it, as it is at the moment", async () => {
  const http = { expiresAt: 1_800_000_000_000, refused: 0 };
  const scene = await OperateScene.start({ security: { gearman: undefined, http } });
  const told = async () => {
    const { text } = await scene.ask("GET /metrics");
    return text.split("\n").filter((line) => /tls_|"TLS"/.test(line) && !line.startsWith("#"));
  };
  const refused = 'gearman_connections_refused_total{listener="http",reason="TLS"}';
  const expiry = 'gearman_tls_certificate_expiry_seconds{listener="http"}';
  assert.deepEqual(await told(), [`${refused} 0`, `${expiry} 1800000000`]);
  Object.assign(http, { expiresAt: 1_900_000_000_000, refused: 7 });
  assert.deepEqual(await told(), [`${refused} 7`, `${expiry} 1900000000`]);
  const { json } = await scene.ask("GET /info");
  assert.deepEqual((json["listeners"] as { tls: boolean }[]).map(({ tls }) => tls), [false]);
});
