import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type CogdFlavour, type RunningCogd, startCogd, WireClient } from "../support/mod.ts";
import { eventually } from "./eventually.ts";
import type { FaultPlace, StoreWithServer } from "./faults.ts";
import { drainQueue, LOAD_FUNCTION, SubmitLoad } from "./submit_load.ts";

/** A place with the command line that leads cogd there. */
export interface ServedPlace extends FaultPlace {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A store as cogd itself uses it. */
export interface ServedStore extends StoreWithServer {
  /** Which cogd to try. Default: the runtime that runs the test, from source. */
  readonly flavour?: CogdFlavour;
  newPlace(): Promise<ServedPlace>;
}

/** Milliseconds within which submissions must be acknowledged again after the server's return. */
const BACK_WITHIN_MS = 5000;
/** `--store-wait` of a server whose submissions are meant to be refused, seconds. */
const SHORT_WAIT_S = 6;
/** A refusal may come later by as much as one attempt to connect takes. */
const ATTEMPT_MS = 6000;
const PAUSE_MS = Number(process.env["COGD_PAUSE_MS"] ?? 3000);

/** Registers tests of what clients of cogd notice of a database that fails. The same for every store. */
export function exerciseServed({ name, server, flavour, newPlace }: ServedStore): void {
  const served = (what: string, run: (place: ServedPlace) => Promise<void>) => {
    test(`${flavour ?? "cogd"} on ${name}: ${what}`, async () => {
      const place = await newPlace();
      try {
        await run(place);
      } finally {
        await place.remove();
      }
    });
  };
  const start = ({ args, env }: ServedPlace, ...more: string[]) =>
    startCogd({
      args: [...args, ...more],
      ...(env === undefined ? {} : { env }),
      ...(flavour === undefined ? {} : { flavour }),
      readyMs: 60_000,
    });

  served("no job is lost or doubled while the database fails in every way", async (place) => {
    await using cogd = await start(place);
    const load = await SubmitLoad.connect(cogd.port);
    load.start();
    await load.progress(200);
    const disturbances: readonly (() => Promise<void>)[] = [
      () => place.killSessions(),
      () => server.restart(),
      async () => {
        await server.kill9();
        await server.restart();
      },
      async () => {
        server.pause();
        await sleep(PAUSE_MS);
        server.resume();
      },
    ];
    for (const disturb of disturbances) {
      await disturb();
      await load.progress(1, BACK_WITHIN_MS);
      await load.progress(100);
    }
    await load.stop();
    assert.deepEqual(load.refused, []);
    assert.equal((await place.keys()).length, load.acknowledged.size, "rows in the database");
    const done = await drainQueue(cogd.port);
    assert.deepEqual(
      done.map(({ handle, workload }) => [handle, workload]),
      [...load.acknowledged],
      "each job once, in order, as it was submitted",
    );
    await eventually(async () => (await place.keys()).length === 0, "all rows to be removed");
  });

  served("submissions wait while the database is away, then are refused in time", async (place) => {
    await using cogd = await start(place, `--store-wait=${SHORT_WAIT_S}`);
    const client = await WireClient.connect(cogd.port, { patienceMs: 60_000 });
    const submit = (workload: string) =>
      client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: workload });
    submit("before");
    await client.expect("JOB_CREATED");
    await server.kill9();
    const began = performance.now();
    submit("refused");
    const refusal = await client.expect("ERROR");
    assert.equal(refusal.args[0], "QUEUE_ERROR");
    const ms = performance.now() - began;
    assert(ms < SHORT_WAIT_S * 1000 + ATTEMPT_MS, `it took ${ms.toFixed(0)} ms`);
    // What is in memory goes on, and its end is remembered until it can be written.
    const [first] = await drainQueue(cogd.port, 1);
    assert.equal(first!.workload, "before");
    submit("waits");
    await server.restart();
    await client.expect("JOB_CREATED");
    client.close();
    await eventually(async () => (await place.keys()).length === 1, "the removal");
    const done = await drainQueue(cogd.port);
    assert.deepEqual(done.map(({ workload }) => workload), ["waits"]);
  });

  served(
    "a server that was killed is followed by the next at once, with all jobs",
    async (place) => {
      const submitted = new Map<string, string>();
      for (let round = 0; round < 2; round++) {
        const cogd = await start(place);
        const load = await SubmitLoad.connect(cogd.port);
        load.start();
        await load.progress(100);
        await cogd.kill9();
        await load.stop().catch(() => {});
        for (const [handle, workload] of load.acknowledged) submitted.set(handle, workload);
      }
      const began = performance.now();
      await using cogd = await start(place);
      const ms = performance.now() - began;
      assert(ms < 10_000, `the start took ${ms.toFixed(0)} ms`);
      const done = new Map((await drainQueue(cogd.port)).map((job) => [job.handle, job.workload]));
      for (const [handle, workload] of submitted) assert.equal(done.get(handle), workload, handle);
    },
  );

  served("a second server on the same queue does not start, and says who has it", async (place) => {
    await using cogd = await start(place);
    await assert.rejects(start(place).then((second) => second.stop()), (error: Error) => {
      assert.match(error.message, new RegExp(`process ${cogd.pid}\\b.* holds it`));
      return true;
    });
    await using client = await WireClient.connect(cogd.port);
    client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: "x" });
    await client.expect("JOB_CREATED");
  });

  served("the database being away at the start is an error, said at once", async (place) => {
    await server.stop();
    try {
      await assert.rejects(
        start(place).then((cogd: RunningCogd) => cogd.stop()),
        (error: Error) => {
          assert.match(error.message, /Cannot open/);
          return true;
        },
      );
    } finally {
      await server.restart();
    }
  });
}
