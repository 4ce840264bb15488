import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { processFigures } from "../faults/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  Random,
  type RunningCogd,
  seedFrom,
  startCogd,
  TcpProxy,
  temporaryFolder,
} from "../support/mod.ts";
import { ask, JobWorker } from "./http_caller.ts";
import { until } from "./servers.ts";

/** What is left of HTTP calls whose connections are cut. */

const CALLS = 1000;
/** Calls whose jobs have begun when they are dropped. */
const BEGUN = 200;
const KEYS = 40;
/** Attempts that a caller makes for one key before the test gives up. */
const MOST_ATTEMPTS = 1000;

/** A call on a connection of its own: half of the body only, or all of it. */
async function open(port: number, whole: boolean): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const head = "POST /jobs/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
  socket.write(head + "x".repeat(whole ? 1000 : 500));
  return socket;
}

/** Calls that wait, by the server's own count. */
async function waiting({ url }: RunningCogd): Promise<number> {
  const { text } = await ask(url, "GET /metrics");
  const counts = text.match(/^gearman_http_waiters\{kind="sync"\} \d+$/gm) ?? [];
  assert.ok(counts.length > 0, text);
  return counts.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

async function jobs(worker: JobWorker): Promise<number> {
  worker.peer.sendText("show jobs\n");
  return (await worker.peer.readListing()).length;
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: ${CALLS} calls that are dropped half-way leave nothing behind`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    await using worker = await JobWorker.connect(cogd, "f");
    // Whatever the server opens once is open now.
    const call = ask(cogd.url, "POST /jobs/f", { body: "first" });
    await worker.echo(1);
    await call;
    const before = await processFigures(cogd.pid);
    const sockets: Socket[] = [];
    for (let i = 0; i < CALLS; i++) sockets.push(await open(cogd.httpPort, i % 4 !== 0));
    await until("all whole calls to wait", async () => (await waiting(cogd)) === 750 || undefined);
    const begun = [];
    for (let i = 0; i < BEGUN; i++) begun.push(await worker.next());
    sockets.forEach((socket, i) => i % 2 === 0 ? socket.destroy() : socket.resetAndDestroy());
    await until("no call to wait", async () => (await waiting(cogd)) === 0 || undefined);
    // Those that had not begun are forgotten by and by, also while no worker asks.
    assert.ok(await jobs(worker) <= 2 * BEGUN);
    for (const job of begun) worker.complete(job, "for nobody");
    worker.peer.send("GRAB_JOB");
    await worker.peer.expect("NO_JOB");
    assert.equal(await jobs(worker), 0);
    await until("the descriptors to be closed", async () => {
      const { descriptors } = await processFigures(cogd.pid);
      return descriptors <= before.descriptors + 2 || undefined;
    });
    const after = ask(cogd.url, "POST /jobs/f", { body: "still there" });
    await worker.echo(1);
    assert.equal((await after).text, "still there");
  });

  test(`${flavour}: retries with one key make one job, wherever connections are cut`, {
    skip,
  }, async () => {
    const random = new Random(seedFrom(process.env));
    await using cogd = await startCogd({ flavour, http: true });
    await using proxy = await TcpProxy.start(cogd.httpPort);
    await using worker = await JobWorker.connect(cogd, "f");
    const url = `http://127.0.0.1:${proxy.port}`;
    const done = worker.echo(KEYS);
    let cuts = 0;
    for (let i = 0; i < KEYS; i++) {
      const body = `job ${i}`;
      const headers = {
        "Idempotency-Key": `key ${i}`,
        "Connection": "close",
        ...(i % 2 === 0 ? { Prefer: "respond-async" } : {}),
      };
      for (let attempt = 1;; attempt++) {
        assert.ok(attempt < MOST_ATTEMPTS, `no answer for ${body}`);
        const cut = attempt <= 3 && random.below(4) > 0;
        if (cut) {
          if (random.below(3) > 0) void proxy.cutAtTurn({ turn: 1, of: "reply" });
          else void proxy.cutAfter("to-server", random.below(300));
        } else proxy.countTurns();
        const answer = await ask(url, "POST /jobs/f", { body, headers }).catch(() => undefined);
        if (answer === undefined) cuts++;
        else if (answer.status === 409) continue;
        else {
          assert.equal(answer.status, i % 2 === 0 ? 202 : 200, answer.text);
          if (i % 2 === 1) assert.equal(answer.text, body);
          break;
        }
      }
    }
    assert.ok(cuts >= KEYS / 4, `only ${cuts} calls were cut`);
    const seen = await done;
    assert.deepEqual(seen.sort(), Array.from({ length: KEYS }, (_, i) => `job ${i}`).sort());
    assert.equal(await jobs(worker), 0, "no job was made twice");
  });

  test(`${flavour}: a key outlives kill -9, and so does the result that it stands for`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const asked = { body: "once", headers: { "Idempotency-Key": "k" } };
    const start = () => startCogd({ flavour, http: true, dataDir: folder.path });
    let handle: string;
    {
      await using cogd = await start();
      await using worker = await JobWorker.connect(cogd, "f");
      const call = ask(cogd.url, "POST /jobs/f", asked).catch(() => undefined);
      handle = (await worker.next()).handle;
      await cogd.kill9();
      assert.equal(await call, undefined);
    }
    {
      await using cogd = await start();
      const early = await ask(cogd.url, "POST /jobs/f", asked);
      assert.equal(early.status, 409);
      assert.equal(early.json["handle"], handle);
      await using worker = await JobWorker.connect(cogd, "f");
      const job = await worker.next();
      assert.equal(job.handle, handle);
      worker.complete(job, "done");
      // A commit that was answered stands behind the end of the job.
      await ask(cogd.url, "POST /jobs/g?background=true");
      assert.equal((await ask(cogd.url, "POST /jobs/f", asked)).text, "done");
      await cogd.kill9();
    }
    await using cogd = await start();
    const late = await ask(cogd.url, "POST /jobs/f", asked);
    assert.equal(late.status, 200);
    assert.equal(late.text, "done");
    assert.equal(late.headers.get("gearman-job-handle"), handle);
  });

  test(`${flavour}: NDJSON of any length is answered while it comes`, { skip }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    const before = await processFigures(cogd.pid);
    const lines = 20_000;
    const payload = "p".repeat(1000);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        let text = "";
        for (let i = 0; i < 100; i++) {
          text += `{"function":"f","payload_text":"${sent++}${payload}"}\n`;
        }
        controller.enqueue(new TextEncoder().encode(text));
        if (sent >= lines) controller.close();
      },
    });
    const init = {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body,
      duplex: "half",
    };
    const response = await fetch(`${cogd.url}/jobs`, init);
    assert.equal(response.status, 200);
    const results = (await response.text()).trim().split("\n");
    assert.equal(results.length, lines);
    results.forEach((line, index) => {
      const result = JSON.parse(line) as { index: number; status: number };
      assert.deepEqual([result.index, result.status], [index, 202]);
    });
    await using worker = await JobWorker.connect(cogd, "f");
    assert.equal(await jobs(worker), lines);
    const { memory } = await processFigures(cogd.pid);
    const perJob = (memory - before.memory) / lines;
    assert.ok(perJob < 20_000, `${perJob} bytes a job`);
  });
}
