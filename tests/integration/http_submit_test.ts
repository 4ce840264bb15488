import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startRedis } from "../support/databases/mod.ts";
import {
  COGD_BINARIES,
  cogdCommand,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  programMissing,
  runProgram,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { ask, JobWorker } from "./http_caller.ts";
import { testdata, until } from "./servers.ts";
import { assertSameBytes, workload } from "./workloads.ts";

/** Submitting to a real server over HTTP: each status, workloads of all sizes, what is left of calls. */

const BACKGROUND = { Prefer: "respond-async" };

/** What the server answers to bytes that are not a whole request, until it closes. */
function rawAnswer(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  const answer = new Promise<string>((resolve, reject) => {
    socket.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
  socket.write(request);
  return deadline(answer, PATIENCE_MS, "an answer to half a request");
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: each case of a submission has its status`, { skip }, async () => {
    const args = ["--job-retries=1", "--http-max-body=2M"];
    await using cogd = await startCogd({ flavour, http: true, args });
    const { url } = cogd;
    // A body that stops coming is given up after ten seconds: the rest happens meanwhile.
    const slow = rawAnswer(
      cogd.httpPort,
      "POST /jobs/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf",
    );
    await using worker = await JobWorker.connect(cogd, "f");
    const call = ask(url, "POST /jobs/f", { body: "hello" });
    worker.complete(await worker.next(), "olleh");
    const { status, text, headers } = await call;
    assert.equal(status, 200);
    assert.equal(text, "olleh");
    assert.equal(headers.get("gearman-function"), "f");
    assert.match(headers.get("server-timing") ?? "", /^queue;dur=\d+, run;dur=\d+$/);

    const accepted = await ask(url, "POST /jobs/later", { body: "w", headers: BACKGROUND });
    assert.equal(accepted.status, 202);
    assert.equal(accepted.json["durability"], "power-loss");
    const followed = await ask(url, `GET ${accepted.headers.get("location")}`);
    assert.equal(followed.json["state"], "queued");

    for (
      const [what, expected, problem, asked] of [
        ["POST /jobs/f?priority=urgent", 400, "invalid-request", {}],
        ["POST /jobs/f?ttl=5", 400, "invalid-request", {}],
        ["POST /jobs/f", 400, "invalid-request", { headers: { "Gearman-Attempts": "2" } }],
        ["PUT /jobs/f", 405, "method-not-allowed", {}],
        ["POST /jobs/f", 413, "payload-too-large", { body: new Uint8Array(2 * 1024 * 1024 + 1) }],
        ["POST /jobs", 415, "unsupported-media-type", { headers: { "content-type": "a/b" } }],
        ["POST /jobs/nobody?require_worker=true", 503, "no-worker", {}],
        ["POST /jobs/nobody?timeout=100ms", 504, "job-timeout", {}],
      ] as const
    ) {
      const answer = await ask(url, what, { body: "x", ...asked });
      assert.equal(answer.status, expected, what);
      assert.equal(answer.problem, problem);
    }

    const ends = [
      ["job-failed", (handle: string) => worker.peer.send("WORK_FAIL", { args: [handle] })],
      [
        "job-exception",
        (handle: string) => worker.peer.send("WORK_EXCEPTION", { args: [handle], data: "bad" }),
      ],
      ["job-cancelled", (handle: string) => ask(url, `DELETE /jobs/${handle}?running=true`)],
    ] as const;
    for (const [problem, end] of ends) {
      const failing = ask(url, "POST /jobs/f", { body: "x" });
      await end((await worker.next()).handle);
      const answer = await failing;
      assert.equal(answer.status, 502);
      assert.equal(answer.problem, problem);
    }
    {
      await using mortal = await JobWorker.connect(cogd, "g");
      const lost = ask(url, "POST /jobs/g", { body: "x" });
      await mortal.next();
      await mortal.peer.close();
      assert.equal((await lost).problem, "worker-lost");
    }

    const key = { "Idempotency-Key": "k1" };
    const keyed = ask(url, "POST /jobs/f", { body: "once", headers: key });
    const job = await worker.next();
    const early = await ask(url, "POST /jobs/f", { body: "once", headers: key });
    assert.equal(early.status, 409);
    assert.equal(early.headers.get("location"), `/jobs/${job.handle}`);
    assert.equal((await ask(url, "POST /jobs/f", { body: "other", headers: key })).status, 422);
    worker.complete(job, "done");
    assert.equal((await keyed).text, "done");
    const again = await ask(url, "POST /jobs/f", { body: "once", headers: key });
    assert.equal(again.status, 200);
    assert.equal(again.text, "done");
    assert.equal(again.headers.get("idempotent-replayed"), "true");

    worker.peer.sendText("maxqueue later 1\n");
    await worker.peer.readLine();
    const full = await ask(url, "POST /jobs/later", { headers: BACKGROUND });
    assert.equal(full.status, 503);
    assert.equal(full.problem, "queue-full");
    assert.equal(full.json["limit"], 1);

    assert.match(await slow, /^HTTP\/1\.1 408 /);
    assert.equal((await ask(url, "POST /admin/drain")).status, 200);
    const drained = await ask(url, "POST /jobs/f", { headers: BACKGROUND });
    assert.equal(drained.status, 503);
    assert.equal(drained.problem, "draining");
  });

  test(`${flavour}: without or beyond its token nobody submits`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    const { command, args } = cogdCommand(flavour);
    const made = await runProgram(command, [
      ...args,
      ...["token", "add", `--file=${file}`, "--name=ci", "--role=submit", "--functions=img-*"],
    ]);
    assert.equal(made.code, 0, made.output);
    const token = made.stdout.trim();
    await using cogd = await startCogd({ flavour, http: true, args: [`--http-tokens=${file}`] });
    const headers = { ...BACKGROUND, Authorization: `Bearer ${token}` };
    assert.equal((await ask(cogd.url, "POST /jobs/img-a", { headers })).status, 202);
    assert.equal((await ask(cogd.url, "POST /jobs/mail", { headers })).status, 403);
    assert.equal((await ask(cogd.url, "POST /jobs/mail", { headers: BACKGROUND })).status, 401);
  });

  test(
    `${flavour}: a server that reads its jobs is starting, then takes jobs`,
    { skip },
    async () => {
      await using folder = await temporaryFolder();
      const gate = join(folder.path, "gate");
      const plugin = testdata("plugins/gated_store.js");
      const args = [`--queue-plugin=${plugin}`, `--gate=${gate}`];
      await using cogd = await startCogd({ flavour, http: true, args });
      const early = await ask(cogd.url, "POST /jobs/f", { headers: BACKGROUND });
      assert.equal(early.status, 503);
      assert.equal(early.problem, "starting");
      await writeFile(gate, "");
      const call = await ask(cogd.url, "POST /jobs/f", { headers: BACKGROUND });
      assert.equal(call.status, 202);
    },
  );

  test(`${flavour}: while the database is stopped no job is accepted falsely`, {
    skip: skip || programMissing("redis-server"),
  }, async () => {
    await using redis = await startRedis();
    const args = ["--queue", redis.url, "--store-wait=1"];
    await using cogd = await startCogd({ flavour, http: true, args });
    assert.equal((await ask(cogd.url, "POST /jobs/f", { headers: BACKGROUND })).status, 202);
    await redis.stop();
    const refused = await ask(cogd.url, "POST /jobs/f", { headers: BACKGROUND });
    assert.equal(refused.status, 503);
    assert.equal(refused.problem, "store-unavailable");
    assert.equal(refused.headers.get("retry-after"), "5");
    await using worker = await JobWorker.connect(cogd, "sync");
    const call = ask(cogd.url, "POST /jobs/sync", { body: "needs no store" });
    await worker.echo(1);
    assert.equal((await call).text, "needs no store");
    await redis.restart();
    await until("the store to take jobs", async () => {
      const { status } = await ask(cogd.url, "POST /jobs/f", { headers: BACKGROUND });
      return status === 202 || undefined;
    });
  });

  test(`${flavour}: workloads and results of 0 B to 64 MiB arrive as they were sent`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    await using worker = await JobWorker.connect(cogd, "echo", "stream");
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const bodies = [0, 1, 1 << 16, 1 << 20, 1 << 26].map((size) => workload(size));
    for (const body of [all, ...bodies]) {
      const what = `${body.length} bytes`;
      const call = ask(cogd.url, "POST /jobs/echo", { body });
      const job = await worker.next();
      assertSameBytes(job.data, body, `workload of ${what}`);
      worker.complete(job, job.data);
      const { status, bytes } = await call;
      assert.equal(status, 200);
      assertSameBytes(bytes, body, `result of ${what}`);
      if (body.length > 1 << 20) continue;
      const envelope = JSON.stringify({
        payload_base64: Buffer.from(body).toString("base64"),
        wait: 30,
      });
      const accept = "application/vnd.gearman.job+json";
      const enveloped = ask(cogd.url, "POST /jobs/echo", {
        body: envelope,
        headers: { "content-type": accept, accept },
      });
      const other = await worker.next();
      assertSameBytes(other.data, body, `enveloped workload of ${what}`);
      worker.complete(other, other.data);
      const { json } = await enveloped;
      const result = json["result_base64"] === undefined
        ? Buffer.from(String(json["result"]))
        : Buffer.from(String(json["result_base64"]), "base64");
      assertSameBytes(result, body, `enveloped result of ${what}`);
    }
    const streamed = ask(cogd.url, "POST /jobs/stream?stream=true");
    const job = await worker.next();
    const piece = workload(1 << 22);
    for (let i = 0; i < 8; i++) worker.peer.send("WORK_DATA", { args: [job.handle], data: piece });
    worker.complete(job, all);
    const { bytes } = await streamed;
    assertSameBytes(bytes.subarray(0, piece.length), piece, "the first piece");
    assertSameBytes(bytes.subarray(8 * piece.length), all, "what came last");
    const broken = ask(cogd.url, "POST /jobs/stream?stream=true");
    const lost = await worker.next();
    worker.peer.send("WORK_DATA", { args: [lost.handle], data: all });
    worker.peer.send("WORK_FAIL", { args: [lost.handle] });
    await assert.rejects(broken, "a stream that failed cannot look whole");
  });
}
