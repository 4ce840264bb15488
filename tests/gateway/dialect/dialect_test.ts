import assert from "node:assert/strict";
import test from "node:test";
import { ScriptedStore } from "../../server/mod.ts";
import { asked, grabbed, SubmitScene } from "../submit_scene.ts";

function start(dialect: "sane" | "strict", more: object = {}): Promise<SubmitScene> {
  return SubmitScene.start({ gateway: { dialect }, ...more });
}

for (const dialect of ["sane", "strict"] as const) {
  test(`${dialect}: the address is the function, the body the workload`, async () => {
    const scene = await start(dialect);
    const worker = scene.worker("reverse");
    for (const method of ["POST", "PUT"]) {
      const call = await scene.begin(`${method} /reverse`, {
        body: "hello",
        headers: { "X-Gearman-Unique": "u" },
      });
      const packet = await asked(worker, "GRAB_JOB_UNIQ");
      const handle = /(H:t:\d+)/.exec(packet)![1]!;
      assert.equal(packet, `JOB_ASSIGN_UNIQ ${handle}|reverse|u|hello`);
      worker.send("WORK_DATA", handle, "ol");
      worker.send("WORK_STATUS", handle, "1", "2");
      worker.send("WORK_WARNING", handle, "careful");
      worker.send("WORK_COMPLETE", handle, "leh");
      const { status, headers, text } = await call.answered;
      assert.equal(status, 200);
      assert.equal(text, "olleh");
      assert.equal(headers.get("x-gearman-job-handle"), handle);
      assert.equal(headers.get("x-gearman-command"), "WORK_COMPLETE");
      assert.equal(headers.get("server"), "Gearman/1.2.3");
    }
  });

  test(`${dialect}: GET and HEAD submit an empty workload`, async () => {
    const scene = await start(dialect);
    const worker = scene.worker("f");
    for (const method of ["GET", "HEAD"]) {
      const call = await scene.begin(`${method} /f`, { body: "not looked at" });
      const packet = await asked(worker, "GRAB_JOB");
      assert.match(packet, /\|f\|$/);
      worker.send("WORK_COMPLETE", /(H:t:\d+)/.exec(packet)![1]!, "r");
      const { status, headers } = await call.answered;
      assert.equal(status, 200);
      assert.equal(headers.get("content-length"), "1");
      assert.equal(headers.get("x-gearman-command"), method === "GET" ? "WORK_COMPLETE" : null);
    }
  });

  test(`${dialect}: equal workloads without a unique ID are one job`, async () => {
    const scene = await start(dialect);
    const worker = scene.worker("f");
    const one = await scene.begin("POST /f", { body: "same" });
    const other = await scene.begin("POST /f", { body: "same" });
    assert.equal(scene.jobs, 1);
    worker.send("WORK_COMPLETE", await grabbed(worker), "both");
    assert.equal((await one.answered).text, "both");
    assert.equal((await other.answered).text, "both");
  });

  test(`${dialect}: a background job is answered when it is kept`, async () => {
    const store = new ScriptedStore();
    const scene = await start(dialect, { store });
    const call = await scene.begin("POST /f", {
      body: "w",
      headers: { "X-Gearman-Background": "true", "X-Gearman-Priority": "high" },
    });
    assert.equal(call.answer, undefined);
    await store.hold();
    const { status, headers, text } = await call.answered;
    assert.equal(status, 200);
    assert.equal(text, "");
    assert.equal(headers.get("x-gearman-command"), "JOB_CREATED");
    assert.equal(headers.get("x-gearman-job-handle"), "H:t:1");
    assert.equal(store.batches[0]!.add[0]!.priority, 0);
  });

  test(`${dialect}: a caller that leaves withdraws its job, one that waits too long is told why`, async () => {
    const scene = await start(dialect);
    const call = await scene.begin("POST /f");
    await call.leave();
    assert.equal(scene.jobs, 0);
    const waiting = await scene.begin("POST /f");
    scene.clock.pass(60_000);
    const { status, json } = await waiting.answered;
    assert.equal(status, 504);
    assert.equal(json["type"], "/problems/job-timeout");
    assert.equal(scene.jobs, 0);
  });

  test(`${dialect}: headers that mean nothing are passed over, as in C`, async () => {
    const scene = await start(dialect);
    const call = await scene.begin("POST /f", {
      headers: { "X-Gearman-Priority": "urgent", "X-Gearman-Background": "yes" },
    });
    assert.equal(call.answer, undefined, "a foreground job of normal priority");
    await call.leave();
  });

  test(`${dialect}: no name, other methods and foreign pages are refused`, async () => {
    const scene = await start(dialect);
    assert.equal((await scene.ask("POST /")).status, 404);
    assert.equal((await scene.ask("GET ///")).status, 404);
    const other = await scene.ask("DELETE /f");
    assert.equal(other.status, 405);
    assert.equal(other.headers.get("allow"), "GET, HEAD, POST, PUT");
    const ours = await scene.ask("PUT /jobs/f");
    assert.equal(ours.status, 405);
    assert.match(ours.headers.get("allow") ?? "", /^POST\b/);
    const foreign = { headers: { "Sec-Fetch-Site": "cross-site" } };
    assert.equal((await scene.ask("GET /f", foreign)).status, 403);
    assert.equal((await scene.ask("POST /f", foreign)).status, 403);
    scene.server.setDraining(true);
    assert.equal((await scene.ask("POST /f")).status, 503);
    assert.equal(scene.jobs, 0);
  });

  test(`${dialect}: a token's functions count`, async () => {
    const scene = await start(dialect, { tokens: { secret: "img-*" } });
    const background = { "X-Gearman-Background": "true" };
    const ask = (path: string, token?: string) =>
      scene.ask(`POST ${path}`, { headers: background, ...(token === undefined ? {} : { token }) });
    assert.equal((await ask("/img-a", "secret")).status, 200);
    assert.equal((await ask("/mail", "secret")).status, 403);
    if (dialect === "sane") {
      assert.equal((await ask("/img-a?reducer=mail", "secret")).status, 403);
    }
    assert.equal((await ask("/mail")).status, 401);
  });

  test(`${dialect}: addresses of the gateway stay its own`, async () => {
    const scene = await start(dialect);
    const { status, headers } = await scene.ask("POST /jobs/reverse?background=true");
    assert.equal(status, 202);
    assert.equal(headers.get("gearman-function"), "reverse");
  });
}

test("sane: names are decoded and the query holds options", async () => {
  const scene = await start("sane");
  for (
    const [path, name] of [["/a%20b", "a b"], ["//f/%2Fg%FF", "f//g\xff"], ["/f?priority=low", "f"]]
  ) {
    const call = await scene.begin(`POST ${path}`);
    assert.ok(scene.server.jobServer.table.findFunction(name!), path!);
    await call.leave();
  }
  assert.equal((await scene.ask("POST /f?x=1")).status, 400);
  assert.equal((await scene.ask("POST /f%2")).status, 400);
  assert.equal((await scene.ask("POST /f?require_worker")).status, 503);
  for (
    const [query, header, value] of [
      ["background=false", "Background", "true"],
      ["priority=low", "Priority", "high"],
      ["unique=a", "Unique", "b"],
    ] as const
  ) {
    const asked = { headers: { [`X-Gearman-${header}`]: value } };
    const { status, json } = await scene.ask(`POST /f?${query}`, asked);
    assert.equal(status, 400, query);
    assert.match(String(json["detail"]), /two values/);
  }
  // What a header says that means nothing, or the same, contradicts nothing.
  const same = { "X-Gearman-Background": "true", "X-Gearman-Priority": "whatever" };
  const agreed = await scene.ask("POST /f?background=1&priority=low&delay=30", { headers: same });
  assert.equal(agreed.status, 200);
  const { status, headers } = await scene.ask("POST /f?delay=30&unique=q");
  assert.equal(status, 200);
  assert.equal(headers.get("x-gearman-command"), "JOB_CREATED");
});

test("strict: names are taken as they were sent", async () => {
  const scene = await start("strict");
  for (const path of ["/a%20b", "/f?x=1", "/f/g"]) {
    const call = await scene.begin(`POST ${path}`);
    assert.ok(scene.server.jobServer.table.findFunction(path.slice(1)), path);
    await call.leave();
  }
});

test("a job that failed is 502, by the strict dialect 200 with its command", async () => {
  for (const dialect of ["sane", "strict"] as const) {
    const scene = await start(dialect);
    const worker = scene.worker("f");
    for (const end of ["WORK_FAIL", "WORK_EXCEPTION"] as const) {
      const call = await scene.begin("POST /f");
      const handle = await grabbed(worker);
      if (end === "WORK_FAIL") worker.send(end, handle);
      else worker.send(end, handle, "bad");
      const { status, headers, text } = await call.answered;
      assert.equal(headers.get("x-gearman-command"), "WORK_FAIL");
      assert.equal(headers.get("x-gearman-job-handle"), handle);
      assert.equal(status, dialect === "strict" ? 200 : 502);
      if (dialect === "strict") assert.equal(text, "");
    }
  }
});

test("a refusal has its own status, by the strict dialect 200 with C's error", async () => {
  for (const dialect of ["sane", "strict"] as const) {
    const scene = await start(dialect);
    scene.server.act((jobServer) => {
      jobServer.createFunction("f");
      jobServer.setQueueLimits("f", [1, 1, 1]);
    });
    const background = { "X-Gearman-Background": "true" };
    assert.equal((await scene.ask("POST /f", { headers: background })).status, 200);
    for (
      const [headers, status, code] of [
        [{ "X-Gearman-Unique": "u".repeat(65) }, 400, "ARGUMENT_TOO_LARGE"],
        [{ "X-Gearman-Unique": "other", ...background }, 503, "QUEUE_ERROR"],
      ] as const
    ) {
      const answer = await scene.ask("POST /f", { headers, body: code });
      assert.equal(answer.status, dialect === "strict" ? 200 : status);
      if (dialect === "sane") continue;
      assert.equal(answer.headers.get("x-gearman-command"), "ERROR");
      assert.equal(answer.headers.get("x-gearman-job-handle"), code);
      assert.equal(answer.text, "");
    }
    scene.server.setDraining(true);
    assert.equal((await scene.ask("POST /f")).status, 503, "which C has no word for");
  }
});
