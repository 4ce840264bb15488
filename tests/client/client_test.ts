import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import {
  ConnectionLostError,
  GearmanClient,
  GearmanError,
  GearmanWorker,
  JobExceptionError,
  JobFailedError,
  JobFailure,
  jsonCodec,
  QueueFullError,
  textCodec,
} from "../../src/client/mod.ts";
import { deadline, PATIENCE_MS, TcpProxy, WireClient } from "../support/mod.ts";
import { testOnBoth, type TestServer } from "./servers.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

/** A worker of functions that tests need, until the test is over. */
async function withWorker(
  { address }: TestServer,
  use: (worker: GearmanWorker) => Promise<void>,
  concurrency = 4,
): Promise<void> {
  const worker = new GearmanWorker({ servers: [address], concurrency });
  worker
    .add("same", (job) => job.workload)
    .add("nothing", () => {})
    .add("parts", (job) => {
      job.sendStatus(1, 3);
      job.sendData(Uint8Array.of(1, 0));
      job.sendWarning(Uint8Array.of(2));
      job.sendData(Uint8Array.of(3));
      job.sendStatus(3, 3);
      return Uint8Array.of(4);
    })
    .add("fail", () => {
      throw new JobFailure();
    })
    .add("throw", () => {
      throw new TypeError("no such träger");
    })
    .add("unique", (job) => textCodec.encode(`${job.unique} ${job.functionName}`));
  const running = worker.run();
  try {
    await use(worker);
  } finally {
    await worker.stop();
    await running;
  }
}

testOnBoth(
  "a result has the bytes that the worker sent, whatever they are",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address] });
      assert.deepEqual(await client.do("same", ALL_BYTES), ALL_BYTES);
      const large = new Uint8Array(3_000_000).map((_, i) => i * 7);
      assert.deepEqual(await client.doHigh("same", large), large);
      assert.deepEqual(await client.doLow("same", new Uint8Array(0)), new Uint8Array(0));
      assert.deepEqual(await client.do("nothing", ALL_BYTES), new Uint8Array(0));
    }),
);

testOnBoth(
  "a job streams data, warnings and progress in order, and is awaitable as well",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address] });
      const calls: unknown[] = [];
      const job = client.do("parts", ALL_BYTES, {
        onCreated: (handle) => calls.push(["created", handle]),
        onData: (data) => calls.push(["data", ...data]),
        onWarning: (data) => calls.push(["warning", ...data]),
        onStatus: (numerator, denominator) => calls.push(["status", numerator, denominator]),
        onComplete: (result) => calls.push(["complete", ...result]),
      });
      const updates = [];
      for await (const update of job) updates.push(update);
      assert.deepEqual(updates, [
        { kind: "status", numerator: 1, denominator: 3 },
        { kind: "data", data: Uint8Array.of(1, 0) },
        { kind: "warning", data: Uint8Array.of(2) },
        { kind: "data", data: Uint8Array.of(3) },
        { kind: "status", numerator: 3, denominator: 3 },
      ]);
      assert.deepEqual(await job, Uint8Array.of(4));
      assert.equal(await job.created, job.handle);
      assert.match(job.handle!, /^H:.+:\d+$/);
      assert.equal(job.server, server.address);
      assert.deepEqual(calls, [
        ["created", job.handle],
        ["status", 1, 3],
        ["data", 1, 0],
        ["warning", 2],
        ["data", 3],
        ["status", 3, 3],
        ["complete", 4],
      ]);
    }),
);

testOnBoth(
  "failure and exception are errors of their own, for await and for the stream",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address] });
      const failed = client.do("fail", ALL_BYTES);
      await assert.rejects(failed.result, (error) => {
        assert.ok(error instanceof JobFailedError);
        assert.equal(error.code, "JOB_FAILED");
        assert.equal(error.handle, failed.handle);
        return true;
      });
      const calls: unknown[] = [];
      const thrown = client.do("throw", ALL_BYTES, {
        onException: (data) => calls.push(new TextDecoder().decode(data)),
      });
      await assert.rejects(async () => {
        for await (const _ of thrown) { /* nothing comes before the end */ }
      }, (error) => {
        assert.ok(error instanceof JobExceptionError);
        assert.equal(error.code, "JOB_EXCEPTION");
        assert.deepEqual(error.data, new TextEncoder().encode("no such träger"));
        return true;
      });
      assert.deepEqual(calls, ["no such träger"]);
    }),
);

testOnBoth(
  "codecs give text and JSON; one client has several views",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address], codec: textCodec });
      assert.equal(await client.do("same", "größer"), "größer");
      const json = client.with(jsonCodec);
      assert.deepEqual(await json.do("same", { a: [1, null] }), { a: [1, null] });
      assert.equal(await json.do("nothing", 1), null);
      await assert.rejects(client.with(jsonCodec).do("parts", 1).result, SyntaxError);
      assert.equal(await client.echo("hello"), "hello");
    }),
);

testOnBoth(
  "thousands of jobs go over one connection at once",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address], codec: textCodec });
      const jobs = Array.from({ length: 3000 }, (_, i) => client.do("same", `${i}`));
      assert.deepEqual(await Promise.all(jobs), Array.from({ length: 3000 }, (_, i) => `${i}`));
      assert.equal(new Set(jobs.map((job) => job.handle)).size, 3000);
    }),
);

testOnBoth(
  "jobs with one unique ID are one job, and each caller gets all of it",
  async (server) => {
    using client = new GearmanClient({ servers: [server.address] });
    const jobs = [1, 2, 3].map(() => client.do("parts", ALL_BYTES, { unique: "only one" }));
    const handles = await Promise.all(jobs.map((job) => job.created));
    assert.equal(new Set(handles).size, 1);
    assert.equal((await client.statusByUnique("only one")).known, true);
    await withWorker(server, async () => {
      for (const job of jobs) {
        const kinds = [];
        for await (const update of job) kinds.push(update.kind);
        assert.deepEqual(kinds, ["status", "data", "warning", "data", "status"]);
        assert.deepEqual(await job, Uint8Array.of(4));
      }
      assert.equal(
        await client.with(textCodec).do("unique", "", { unique: "ä 1" }),
        "ä 1 unique",
      );
    });
  },
);

testOnBoth(
  "background jobs are acknowledged, known until they are done, and run",
  async (server) => {
    using client = new GearmanClient({ servers: [server.address], codec: textCodec });
    const submitted = [
      await client.doLowBackground("later", "low"),
      await client.doBackground("later", "normal"),
      await client.doHighBackground("later", "high"),
    ];
    for (const job of submitted) {
      assert.equal(job.server, server.address);
      const expected = { known: true, running: false, numerator: 0, denominator: 0 };
      assert.deepEqual(await client.status(job), expected);
      assert.deepEqual(await client.status(job.handle), expected);
    }
    const done: string[] = [];
    const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
    const all = new Promise<void>((resolve) => {
      worker.add("later", async (job) => {
        job.sendStatus(done.length, 3);
        // It is asked for on another connection, which may be served first.
        const expected = { known: true, running: true, numerator: done.length, denominator: 3 };
        while (!isDeepStrictEqual(await client.status(job.handle), expected));
        if (done.push(job.data) === 3) resolve();
      });
    });
    const running = worker.run();
    await deadline(all, PATIENCE_MS, "three background jobs");
    await worker.stop();
    await running;
    assert.deepEqual(done, ["high", "normal", "low"]);
    assert.equal((await client.status(submitted[0]!)).known, false);
  },
);

testOnBoth("a delayed job waits for its time, a reduce job names its reducer", async (server) => {
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const started = Math.floor(Date.now() / 1000);
  const times: number[] = [];
  const seen: string[] = [];
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec, concurrency: 4 });
  worker.add("poke", () => {});
  const delayed = new Promise<void>((resolve) => {
    worker.add("delayed", () => {
      times.push(Date.now() / 1000);
      resolve();
    });
  });
  const reduced = new Promise<void>((resolve) => {
    worker.add("map", (job) => {
      seen.push(job.reducer);
      if (seen.length === 2) resolve();
      return job.data;
    });
  });
  const running = worker.run();
  await client.doAt("delayed", "x", new Date((started + 1) * 1000));
  assert.equal(await client.doReduce("map", "sum", "1"), "1");
  await client.doReduceBackground("map", "total", "2");
  // C gearmand hands a delayed job out only when the worker is woken for something else. One at a time,
  // because it gives a worker the jobs of one function as long as there are any.
  const poked = (async () => {
    while (times.length === 0) await client.do("poke", "");
  })();
  await deadline(Promise.all([delayed, reduced]), PATIENCE_MS, "the delayed and the reduce jobs");
  await poked;
  await worker.stop();
  await running;
  assert.ok(times[0]! >= started + 1, `ran at ${times[0]}, not before ${started + 1}`);
  assert.deepEqual(seen, ["sum", "total"]);
});

testOnBoth("a time-out and an abort give up the answer, not the connection", async (server) => {
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  const code = (expected: string) => (error: unknown) =>
    error instanceof GearmanError && error.code === expected;
  await assert.rejects(client.do("nobody", "x", { timeoutMs: 50 }).result, code("TIMEOUT"));
  const abort = new AbortController();
  const job = client.do("nobody", "x", { signal: abort.signal });
  await job.created;
  abort.abort();
  await assert.rejects(job.result, code("ABORTED"));
  await assert.rejects(
    client.doBackground("nobody", "x", { signal: AbortSignal.abort() }),
    code("ABORTED"),
  );
  // Both jobs are still there: the answers to what follows must not be mistaken for theirs.
  assert.equal(await client.echo("still in step"), "still in step");
  const worker = new GearmanWorker({ servers: [server.address], codec: textCodec });
  worker.add("nobody", (late) => late.data);
  const running = worker.run();
  assert.equal(await client.do("nobody", "y"), "y");
  await worker.stop();
  await running;
});

testOnBoth("a full queue is an error of its own", async (server) => {
  const admin = await WireClient.connect(server.port);
  admin.sendText("create function crowded\r\n");
  assert.equal(await admin.readLine(), "OK\r\n");
  admin.sendText("maxqueue crowded 1\r\n");
  assert.equal(await admin.readLine(), "OK\r\n");
  using client = new GearmanClient({ servers: [server.address], codec: textCodec });
  await client.doBackground("crowded", "1");
  await assert.rejects(client.doBackground("crowded", "2"), QueueFullError);
  await assert.rejects(client.do("crowded", "3").result, /Queue of "crowded" is full/);
  await admin.close();
});

testOnBoth(
  "a task set runs in parallel and tells how each job ended",
  (server) =>
    withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address] });
      const set = client.taskSet();
      for (let i = 0; i < 20; i++) set.add("same", Uint8Array.of(i));
      set.add("fail", ALL_BYTES).add("throw", ALL_BYTES).add("parts", ALL_BYTES);
      const calls: string[] = [];
      const outcomes = await set.run({
        concurrency: 5,
        onCreated: (task) => calls.push(`${task} created`),
        onData: (task, data) => calls.push(`${task} data ${data}`),
        onWarning: (task, data) => calls.push(`${task} warning ${data}`),
        onStatus: (task, numerator, denominator) =>
          calls.push(`${task} status ${numerator}/${denominator}`),
        onComplete: (task, result) => calls.push(`${task} complete ${result}`),
        onException: (task) => calls.push(`${task} exception`),
        onFail: (task) => calls.push(`${task} fail`),
      });
      assert.equal(outcomes.length, 23);
      for (let i = 0; i < 20; i++) assert.deepEqual(outcomes[i]!.result, Uint8Array.of(i));
      assert.ok(outcomes[20]!.error instanceof JobFailedError);
      assert.ok(outcomes[21]!.error instanceof JobExceptionError);
      assert.deepEqual(calls.filter((call) => call.startsWith("22 ")), [
        "22 created",
        "22 status 1/3",
        "22 data 1,0",
        "22 warning 2",
        "22 data 3",
        "22 status 3/3",
        "22 complete 4",
      ]);
      assert.equal(calls.filter((call) => call.endsWith("created")).length, 23);
      assert.ok(calls.includes("20 fail") && calls.includes("21 exception"));
    }),
);

testOnBoth(
  "a lost connection fails what was under way; the next call goes elsewhere",
  (server) =>
    withWorker(server, async () => {
      await using proxy = await TcpProxy.start(server.port);
      using client = new GearmanClient({
        servers: [`127.0.0.1:${proxy.port}`, server.address],
        codec: textCodec,
      });
      const job = client.do("nobody does this", "x");
      await job.created;
      const unanswered = client.echo("x");
      proxy.cutAll();
      for (const lost of [job.result, unanswered]) {
        await assert.rejects(lost, (error) => {
          assert.ok(error instanceof ConnectionLostError);
          assert.equal(error.server, `127.0.0.1:${proxy.port}`);
          return true;
        });
      }
      await proxy.refuse();
      const next = client.do("same", "to the second server");
      assert.equal(await next, "to the second server");
      assert.equal(next.server, server.address);
    }),
);

testOnBoth(
  "values that are no bytes, and times that are none, are refused and disturb nothing",
  async (server) => {
    await withWorker(server, async () => {
      using client = new GearmanClient({ servers: [server.address], codec: textCodec });
      const careless = client.with<unknown>({
        encode: (value) => value as Uint8Array,
        decode: String,
      });
      for (const value of [undefined, null, 5, "text", {}, new ArrayBuffer(1), [1]]) {
        assert.throws(() => careless.do("same", value), { code: "INVALID_ARGUMENT" });
        await assert.rejects(careless.doBackground("same", value), { code: "INVALID_ARGUMENT" });
        await assert.rejects(careless.echo(value), { code: "INVALID_ARGUMENT" });
      }
      for (const when of [NaN, Infinity, -1, 2 ** 53, new Date(NaN)]) {
        await assert.rejects(client.doAt("later", "x", when), { code: "INVALID_ARGUMENT" });
      }
      // No timer can run for so long: it has no end.
      for (const timeoutMs of [Infinity, 2 ** 31, 2 ** 40]) {
        assert.equal(await client.do("same", "x", { timeoutMs }), "x");
      }
      const set = client.taskSet().add("same", "a").add("same", "b");
      for (const concurrency of [NaN, 0, -1, 0.5]) {
        assert.deepEqual((await set.run({ concurrency })).map(({ result }) => result), ["a", "b"]);
      }
    });
  },
);
