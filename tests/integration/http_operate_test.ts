import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COGD_FLAVOURS,
  flavourMissing,
  type RunningCogd,
  startCogd,
  temporaryFolder,
  waitForExit,
  WireClient,
} from "../support/mod.ts";
import { readExposition, type Samples } from "../gateway/metrics/mod.ts";
import { until } from "./servers.ts";

/** Operating a real server over HTTP, and what it counts while both ports are used. */

type Json = Record<string, unknown>;

async function ask(
  cogd: RunningCogd,
  what: string,
  body?: Json | string,
): Promise<{ readonly status: number; readonly json: Json }> {
  const [method, path] = what.split(" ") as [string, string];
  const response = await fetch(`${cogd.url}${path}`, {
    method,
    ...(body === undefined ? {} : {
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: {
        "content-type": typeof body === "string"
          ? "application/octet-stream"
          : "application/merge-patch+json",
      },
    }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, json: isJson ? JSON.parse(text) : { text } };
}

async function scrape(cogd: RunningCogd): Promise<Samples> {
  const response = await fetch(`${cogd.url}/metrics`);
  return readExposition(await response.text(), "prometheus");
}

async function background(client: WireClient, data = "x", functionName = "f"): Promise<string> {
  const reply = await client.ask(
    "SUBMIT_JOB_BG",
    { args: [functionName, ""], data },
    "JOB_CREATED",
  );
  return reply.args[0]!;
}

async function worker(cogd: RunningCogd, functionName = "f"): Promise<WireClient> {
  const peer = await WireClient.connect(cogd.port);
  peer.send("CAN_DO", { args: [functionName] });
  return peer;
}

/** Number of the only worker of a function. */
async function workerId(cogd: RunningCogd, functionName = "f"): Promise<number> {
  return await until("the worker to register", async () => {
    const { json } = await ask(cogd, `GET /workers?function=${functionName}`);
    return (json["items"] as { id: number }[])[0]?.id;
  });
}

for (const flavour of COGD_FLAVOURS) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: a pause stops delivery and outlives a restart, as limits do`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const start = () => startCogd({ flavour, http: true, dataDir: folder.path });
    {
      await using cogd = await start();
      await using client = await WireClient.connect(cogd.port);
      await background(client);
      assert.equal((await ask(cogd, "POST /queues/f/pause")).status, 200);
      const patched = await ask(cogd, "PATCH /queues/f", { max_queue: { normal: 1 } });
      assert.deepEqual(patched.json["max_queue"], { high: null, normal: 1, low: null });
    }
    await using cogd = await start();
    await until(
      "the jobs to be taken up",
      async () => (await ask(cogd, "GET /readyz")).status === 200 || undefined,
    );
    await using sleeper = await worker(cogd);
    await sleeper.ask("GRAB_JOB", {}, "NO_JOB");
    sleeper.send("PRE_SLEEP");
    await sleeper.expectSilence();
    await using client = await WireClient.connect(cogd.port);
    const refused = await client.ask("SUBMIT_JOB_BG", { args: ["f", ""], data: "x" }, "ERROR");
    assert.deepEqual(refused.args, ["QUEUE_ERROR", "Job queue is full"]);
    const overHttp = await ask(cogd, "POST /jobs/f?background=true", "x");
    assert.equal(overHttp.status, 503);
    assert.equal(overHttp.json["type"], "/problems/queue-full");
    assert.equal((await ask(cogd, "POST /jobs/f?background=true&priority=high", "y")).status, 202);
    await ask(cogd, "POST /queues/f/resume");
    await sleeper.expect("NOOP");
    const assigned = await sleeper.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    assert.equal(assigned.args[1], "f");
  });

  test(`${flavour}: functions are purged and dropped, and stay so`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const start = () => startCogd({ flavour, http: true, dataDir: folder.path });
    {
      await using cogd = await start();
      await using client = await WireClient.connect(cogd.port);
      for (let i = 0; i < 20; i++) await background(client);
      await background(client, "x", "g");
      await ask(cogd, "PATCH /queues/g", { max_queue: 100 });
      assert.deepEqual((await ask(cogd, "POST /queues/f/purge?confirm=f")).json, { cancelled: 20 });
      assert.equal((await ask(cogd, "DELETE /queues/g")).status, 409);
      assert.equal((await ask(cogd, "DELETE /queues/g?force=true")).status, 204);
    }
    await using cogd = await start();
    await using peer = await worker(cogd);
    peer.send("CAN_DO", { args: ["g"] });
    await peer.ask("GRAB_JOB", {}, "NO_JOB");
    const { json } = await ask(cogd, "GET /queues/g");
    assert.deepEqual((json["policy"] as Json)["max_queue"], {
      high: null,
      normal: null,
      low: null,
    });
  });

  test(`${flavour}: workers are drained and disconnected`, { skip }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    await using client = await WireClient.connect(cogd.port);
    await using first = await worker(cogd);
    const handle = await background(client);
    await first.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    const id = await workerId(cogd);
    const shown = (await ask(cogd, `GET /workers/${id}`)).json;
    assert.equal((shown["jobs"] as Json[])[0]!["handle"], handle);
    assert.equal((await ask(cogd, `POST /workers/${id}/drain`)).json["state"], "draining");
    const next = await background(client);
    await first.ask("GRAB_JOB", {}, "NO_JOB");
    first.send("PRE_SLEEP");
    await first.expectSilence();
    assert.equal((await ask(cogd, `POST /workers/${id}/undrain`)).json["draining"], false);
    await first.expect("NOOP");
    assert.equal((await ask(cogd, `DELETE /workers/${id}`)).status, 204);
    await first.waitForEnd();
    await using second = await worker(cogd);
    const assigned = await second.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    assert.equal(assigned.args[0], next);
    assert.equal((await second.ask("GRAB_JOB", {}, "JOB_ASSIGN")).args[0], handle);
  });

  test(`${flavour}: jobs are counted on both ports, whatever becomes of them`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true, args: ["--job-retries=1"] });
    await using client = await WireClient.connect(cogd.port);
    await using peer = await worker(cogd);
    const grab = async () => (await peer.ask("GRAB_JOB", {}, "JOB_ASSIGN")).args[0]!;
    await background(client);
    peer.send("WORK_COMPLETE", { args: [await grab()], data: "done" });
    await background(client);
    peer.send("WORK_FAIL", { args: [await grab()] });
    assert.equal((await ask(cogd, "POST /jobs/f?background=true", "x")).status, 202);
    peer.send("WORK_EXCEPTION", { args: [await grab()], data: "broken" });
    const synchronous = ask(cogd, "POST /jobs/f?priority=high", "12345");
    peer.send("PRE_SLEEP");
    await peer.expect("NOOP");
    peer.send("WORK_COMPLETE", { args: [await grab()], data: "54321" });
    assert.equal((await synchronous).status, 200);
    const { json } = await ask(cogd, "POST /jobs/f?background=true", "x");
    assert.equal((await ask(cogd, `DELETE /jobs/${json["handle"]}`)).status, 204);
    await background(client);
    await grab();
    peer.send("RESET_ABILITIES");
    await peer.expectSilence();
    const samples = await scrape(cogd);
    const expected = {
      'gearman_jobs_submitted_total{function="f",priority="normal",mode="bg",via="gear"}': 3,
      'gearman_jobs_submitted_total{function="f",priority="normal",mode="bg",via="http"}': 2,
      'gearman_jobs_submitted_total{function="f",priority="high",mode="fg",via="http"}': 1,
      'gearman_jobs_finished_total{function="f",outcome="complete"}': 2,
      'gearman_jobs_finished_total{function="f",outcome="fail"}': 1,
      'gearman_jobs_finished_total{function="f",outcome="exception"}': 1,
      'gearman_jobs_finished_total{function="f",outcome="cancelled"}': 1,
      'gearman_jobs_finished_total{function="f",outcome="worker_lost"}': 1,
      'gearman_job_redeliveries_total{function="f",cause="worker_gone"}': 1,
      'gearman_http_requests_total{route="/jobs/{name}",method="POST",status="202"}': 2,
      'gearman_http_requests_total{route="/jobs/{name}",method="DELETE",status="204"}': 1,
      'gearman_packets_total{direction="in",type="WORK_COMPLETE"}': 2,
      'gearman_store_up{store="sqlite"}': 1,
      "gearman_reload_done": 1,
    };
    for (const [series, value] of Object.entries(expected)) {
      assert.equal(samples.get(series), value, series);
    }
    assert.ok(samples.get("process_open_fds")! >= 3);
    assert.ok(samples.get("process_max_fds")! > samples.get("process_open_fds")!);
    assert.ok(samples.get('gearman_bytes_total{direction="out",listener="http"}')! > 0);
  });

  test(`${flavour}: the server is drained, and shut down where that is allowed`, {
    skip,
  }, async () => {
    await using closed = await startCogd({ flavour, http: true });
    assert.equal((await ask(closed, "POST /admin/shutdown")).status, 403);
    await using cogd = await startCogd({ flavour, http: true, args: ["--http-shutdown"] });
    assert.equal((await ask(cogd, "GET /livez")).status, 200);
    assert.equal((await ask(cogd, "POST /echo", "as it was")).json["text"], "as it was");
    await ask(cogd, "POST /admin/drain");
    assert.equal((await ask(cogd, "GET /readyz")).status, 503);
    assert.equal((await ask(cogd, "POST /jobs/f?background=true", "x")).status, 503);
    await using client = await WireClient.connect(cogd.port);
    await background(client);
    await ask(cogd, "POST /admin/undrain");
    assert.equal((await ask(cogd, "POST /jobs/f?background=true", "x")).status, 202);
    assert.deepEqual(await ask(cogd, "POST /admin/shutdown?graceful=true"), {
      status: 202,
      json: { graceful: true },
    });
    assert.equal((await waitForExit(cogd)).code, 0);
  });
}
