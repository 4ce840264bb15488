import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deferred,
  GearmanClient,
  GearmanWorker,
  textCodec,
  type WorkerEvent,
  type WorkerJob,
} from "../../src/client/mod.ts";
import { deadline, freePort, PATIENCE_MS, TcpProxy, WireClient } from "../support/mod.ts";
import { testOnBoth, withServer } from "./servers.ts";

/** Jobs that a test ends when it likes. */
class HeldJobs {
  readonly #arrived: { job: WorkerJob<string>; end: (result: string) => void }[] = [];
  readonly #readers: (() => void)[] = [];

  readonly run = (job: WorkerJob<string>): Promise<string> =>
    new Promise((end) => {
      this.#arrived.push({ job, end });
      this.#readers.shift()?.();
    });

  get waiting(): number {
    return this.#arrived.length;
  }

  /** The next job that the worker was given. */
  async next(): Promise<{ job: WorkerJob<string>; end: (result: string) => void }> {
    if (this.#arrived.length === 0) {
      await deadline(
        new Promise<void>((resolve) => this.#readers.push(resolve)),
        PATIENCE_MS,
        "a job for the worker",
      );
    }
    return this.#arrived.shift()!;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return deadline(
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
    PATIENCE_MS,
    "the job's signal to abort",
  );
}

testOnBoth("a worker runs as many jobs at once as it was told, and no more", async (server) => {
  const held = new HeldJobs();
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec, concurrency: 2 });
  worker.add("held", held.run);
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const jobs = ["a", "b", "c"].map((data) => client.do("held", data));
  const [first, second] = [await held.next(), await held.next()];
  assert.equal(worker.running, 2);
  // An answer from the server after both were assigned: a third would have come before it.
  await client.echo("x");
  assert.equal(held.waiting, 0);
  second.end("2");
  const third = await held.next();
  first.end("1");
  third.end("3");
  assert.deepEqual(await Promise.all(jobs), ["1", "2", "3"]);
  await worker.stop();
  await running;
  assert.equal(worker.running, 0);
});

testOnBoth("stopping finishes the jobs that run and takes no new ones", async (server) => {
  const held = new HeldJobs();
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
  worker.add("held", held.run);
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const [first, second] = [client.do("held", "1"), client.do("held", "2")];
  const { end, job } = await held.next();
  const stopped = worker.stop();
  assert.equal(job.signal.aborted, false);
  end("done in peace");
  await deadline(stopped, PATIENCE_MS, "the worker to stop");
  await running;
  assert.equal(await first, "done in peace");
  // The second one waits for another worker.
  assert.equal((await client.status(await second.created)).running, false);
  const other = new GearmanWorker({ servers: [server.address], codec: textCodec });
  other.add("held", (late) => `${late.data} by the other`);
  const otherRunning = other.run();
  assert.equal(await second, "2 by the other");
  await other.stop();
  await otherRunning;
  await assert.rejects(worker.run(), { code: "CLOSED" });
});

testOnBoth(
  "stopping without patience aborts jobs; the server gives them to others",
  async (server) => {
    const held = new HeldJobs();
    const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
    worker.add("held", held.run);
    const running = worker.run();
    using client = new GearmanClient({ servers: [server.address], codec: textCodec });
    const job = client.do("held", "1");
    const taken = await held.next();
    const stopped = worker.stop(1);
    await aborted(taken.job.signal);
    taken.end("too late");
    await stopped;
    await running;
    const other = new GearmanWorker({ servers: [server.address], codec: textCodec });
    other.add("held", () => "by the other");
    const otherRunning = other.run();
    assert.equal(await job, "by the other");
    await other.stop();
    await otherRunning;
  },
);

testOnBoth("a lost connection aborts its jobs, and the worker comes back", async (server) => {
  await using proxy = await TcpProxy.start(server.port);
  const held = new HeldJobs();
  const events: WorkerEvent["kind"][] = [];
  const worker = new GearmanWorker({
    servers: [`127.0.0.1:${proxy.port}`],
    codec: textCodec,
    onEvent: ({ kind }) => events.push(kind),
  });
  worker.add("held", held.run);
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const job = client.do("held", "x");
  const first = await held.next();
  proxy.cutAll();
  await aborted(first.job.signal);
  first.end("nobody gets this");
  const again = await held.next();
  assert.equal(again.job.handle, first.job.handle);
  again.end("second try");
  assert.equal(await job, "second try");
  assert.deepEqual(events.slice(0, 3), ["connected", "disconnected", "connected"]);
  await worker.stop();
  await running;
});

testOnBoth("a function with a time-out loses its job to another worker", async (server) => {
  const slow = new HeldJobs();
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
  worker.add("slow", slow.run, { timeoutMs: 1000 });
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const job = client.do("slow", "x");
  const taken = await slow.next();
  const other = new GearmanWorker({ servers: [server.address], codec: textCodec });
  other.add("slow", () => "in time");
  const otherRunning = other.run();
  await aborted(taken.job.signal);
  // C gearmand fails such a job instead of giving it to another worker (--job-retries).
  const outcome = await job.result.catch((error) => error.code);
  assert.ok(["in time", "JOB_FAILED"].includes(outcome), outcome);
  taken.end("too late");
  await Promise.all([worker.stop(), other.stop()]);
  await Promise.all([running, otherRunning]);
});

testOnBoth("functions can be added and removed while it works; its id is shown", async (server) => {
  const worker = new GearmanWorker({
    servers: [server.address],
    codec: textCodec,
    clientId: "library-test",
  });
  worker.add("first", () => "1");
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  assert.equal(await client.do("first", ""), "1");
  worker.add("second", () => "2");
  assert.equal(await client.do("second", ""), "2");
  worker.remove("first");
  assert.equal(await client.do("second", ""), "2");
  const admin = await WireClient.connect(server.port);
  admin.sendText("workers\n");
  const line = (await admin.readListing()).find((each) => each.includes("library-test"));
  assert.match(line ?? "", /library-test : second$/);
  await admin.close();
  await worker.stop();
  await running;
});

testOnBoth("a removed function gives its running jobs back and lets go of them", async (server) => {
  const held = new HeldJobs();
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
  worker.add("held", held.run);
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const job = client.do("held", "x");
  const first = await held.next();
  worker.remove("held");
  await aborted(first.job.signal);
  first.end("nobody gets this");
  worker.add("held", held.run);
  const again = await held.next();
  assert.equal(again.job.handle, first.job.handle);
  again.end("second try");
  assert.equal(await job, "second try");
  await worker.stop();
  await running;
});

testOnBoth("the number of jobs at once can change while it works", async (server) => {
  const held = new HeldJobs();
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec, concurrency: 2 });
  worker.add("held", held.run);
  const running = worker.run();
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const jobs = ["a", "b", "c", "d"].map((data) => client.do("held", data));
  const first = [await held.next(), await held.next()];
  worker.setConcurrency(1);
  first[0]!.end("1");
  await jobs[0];
  await client.echo("x");
  // One still runs, and more than one there shall not be.
  assert.equal(held.waiting, 0);
  worker.setConcurrency(0);
  first[1]!.end("2");
  await jobs[1];
  await client.echo("x");
  assert.equal(held.waiting, 0);
  worker.setConcurrency(3);
  for (const each of [await held.next(), await held.next()]) each.end("3");
  assert.deepEqual(await Promise.all(jobs), ["1", "2", "3", "3"]);
  await worker.stop();
  await running;
});

test("one worker serves several servers, also when one of them is not there", async () => {
  await withServer("cogd", (one) =>
    withServer("cogd", async (two) => {
      const nobody = `127.0.0.1:${await freePort()}`;
      const worker = new GearmanWorker({
        servers: [one.address, nobody, two.address],
        codec: textCodec,
      });
      worker.add("where", (job) => job.server);
      const running = worker.run();
      for (const { address } of [one, two, one, two]) {
        using client = new GearmanClient({ servers: [address], codec: textCodec });
        assert.equal(await client.do("where", ""), address);
      }
      const client = new GearmanClient({ servers: [one.address], codec: textCodec });
      const many = Array.from({ length: 500 }, () => client.do("where", ""));
      await two.kill9();
      assert.equal(new Set(await Promise.all(many)).size, 1);
      client.close();
      await worker.stop();
      await running;
    }));
});

test("an abort signal stops the worker", async () => {
  await withServer("cogd", async (server) => {
    const abort = new AbortController();
    const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
    worker.add("echo", (job) => job.data);
    const running = worker.run(abort.signal);
    using client = new GearmanClient({ servers: [server.address], codec: textCodec });
    assert.equal(await client.do("echo", "x"), "x");
    abort.abort();
    await deadline(running, PATIENCE_MS, "the worker to stop");
  });
});

testOnBoth(
  "whatever is thrown or returned, its job ends and the worker goes on",
  async (server) => {
    await using worker = new GearmanWorker<unknown>({
      servers: [server.address],
      codec: { encode: (value) => value as Uint8Array, decode: (bytes) => bytes },
    });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const unreadable = Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("unreadable");
      },
    });
    const nameless: unknown = Object.create(null);
    const thrown: readonly (readonly [unknown, string])[] = [
      [undefined, "undefined"],
      [null, "null"],
      [0, "0"],
      ["text", "text"],
      [Symbol("s"), "Symbol(s)"],
      [new Error("a\0b"), "a\0b"],
      [Object.assign(new Error(), { message: undefined }), "undefined"],
      [new AggregateError([], "several"), "several"],
      [nameless, "An error without a text"],
      [unreadable, "An error without a text"],
      [revoked.proxy, "An error without a text"],
    ];
    thrown.forEach(([value], at) =>
      worker.add(`throw ${at}`, () => {
        throw value;
      })
    );
    const returned: readonly unknown[] = ["text", 5, null, {}];
    returned.forEach((value, at) => worker.add(`return ${at}`, () => value));
    worker.add("send", (job) => job.sendData("text"));
    const working = worker.run();
    using client = new GearmanClient({ servers: [server.address], codec: textCodec });
    const outcome = (name: string) =>
      client.do(name, "", { timeoutMs: PATIENCE_MS }).then(() => "completed", (error: unknown) => {
        return (error as Error).message.replace(/^Job ".*?" threw: /, "");
      });
    for (const [at, [, text]] of thrown.entries()) assert.equal(await outcome(`throw ${at}`), text);
    const names = [...returned.keys()].map((at) => `return ${at}`);
    for (const name of [...names, "send"]) {
      assert.match(
        await outcome(name),
        /the codec makes no bytes/,
      );
    }
    assert.equal(worker.running, 0);
    await worker.stop();
    await working;
  },
);

test("a worker's numbers are checked: times that no server could keep, counts that are none", async () => {
  const worker = new GearmanWorker({ concurrency: NaN });
  for (const timeoutMs of [NaN, -1, Infinity, 2 ** 31]) {
    assert.throws(() => worker.add("x", () => {}, { timeoutMs }), { code: "INVALID_ARGUMENT" });
  }
  await worker.stop();
});

testOnBoth("a function can wait until a slow server has taken what it sent", async (server) => {
  await using proxy = await TcpProxy.start(server.port);
  await using worker = new GearmanWorker({ servers: [`127.0.0.1:${proxy.port}`] });
  const states: string[] = [];
  const [full, drained] = [deferred<void>(), deferred<void>()];
  const piece = new Uint8Array(1_000_000);
  worker.add("flood", async (job) => {
    await job.drained();
    proxy.stall();
    // More than the buffers of the system hold.
    for (let sent = 0; sent < 40; sent++) job.sendData(piece);
    void job.drained().then(() => {
      states.push("drained");
      drained.resolve();
    });
    full.resolve();
    await drained.promise;
  });
  const working = worker.run();
  using client = new GearmanClient({ servers: [server.address] });
  let received = 0;
  const job = client.do("flood", new Uint8Array(0), {
    timeoutMs: PATIENCE_MS,
    onData: (data) => received += data.length,
  });
  await deadline(full.promise, PATIENCE_MS, "the data to be sent");
  for (let round = 0; round < 20; round++) await client.echo(piece);
  states.push("stalled");
  await proxy.resume();
  await job;
  assert.deepEqual([states, received], [["stalled", "drained"], 40 * piece.length]);

  // A lost connection ends the wait, too: nobody takes it any more.
  const cut = deferred<void>();
  worker.add("cut", async (late) => {
    proxy.stall();
    for (let sent = 0; sent < 40; sent++) late.sendData(piece);
    const waiting = late.drained();
    proxy.cutAll();
    await waiting;
    await proxy.resume();
    cut.resolve();
  });
  await client.doBackground("cut", new Uint8Array(0));
  await deadline(cut.promise, PATIENCE_MS, "the wait to end");
  worker.remove("cut");
  await worker.stop();
  await working;
});
