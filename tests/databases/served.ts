import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  COGD_BINARIES,
  COGD_FLAVOURS,
  type CogdFlavour,
  flavourMissing,
  Random,
  type RunningCogd,
  seedFrom,
  startCogd,
  TcpProxy,
  WireClient,
} from "../support/mod.ts";
import { eventually } from "./eventually.ts";
import { drainQueue, LOAD_FUNCTION, SubmitLoad } from "./submit_load.ts";
import type { CommandLine, StoreWithServer, TestPlace } from "./test_place.ts";

/**
 * Which cogd is tried: both executables, which hold the drivers. `COGD_FLAVOURS=deno` tries the source instead,
 * so that nothing has to be built.
 */
export const SERVED_FLAVOURS: readonly CogdFlavour[] = COGD_FLAVOURS.filter((flavour) =>
  (process.env["COGD_FLAVOURS"]?.split(",") ?? COGD_BINARIES).includes(flavour)
);

/** `--store-wait` of a server whose submissions are meant to be refused, seconds. */
const SHORT_WAIT_S = 6;
/** Of a server that waits for its store as long as it does by default, refusals come after this. */
const DEFAULT_WAIT_MS = 30_000;
/** Some starts wait for a lease. */
const START_MS = 120_000;
/** How long the server is paused: longer than submissions wait for their store as a rule. */
const PAUSE_MS = Number(process.env["COGD_PAUSE_MS"] ?? 30_000);
/** `--store-wait` of a server that must not refuse anything meanwhile, seconds. */
const LONG_WAIT_S = PAUSE_MS / 1000 + 90;
/** For so long the server closes idle sessions; a few times in any case. */
const IDLE_MS = Number(process.env["COGD_IDLE_MINUTES"] ?? 0) * 60_000;
const CUTS = 2 * Number(process.env["COGD_FAULT_ROUNDS"] ?? 5);

/** Registers tests of what clients of cogd notice of a database that fails. The same for every store. */
export function exerciseServed(store: StoreWithServer): void {
  for (const flavour of SERVED_FLAVOURS) {
    const missing = flavourMissing(flavour);
    if (missing === false) exerciseFlavour(flavour, store);
    else test(`${flavour} on ${store.name}`, { skip: missing }, () => {});
  }
}

function exerciseFlavour(flavour: CogdFlavour, { name, server, newPlace }: StoreWithServer): void {
  const served = (what: string, run: (place: TestPlace) => Promise<void>) => {
    test(`${flavour} on ${name}: ${what}`, async () => {
      const place = await newPlace();
      try {
        await run(place);
      } finally {
        await place.remove();
      }
    });
  };
  const start = ({ args, env }: CommandLine, ...more: string[]) =>
    startCogd({ flavour, args: [...args, ...more], env, readyMs: START_MS });

  served("no job is lost or doubled while the database fails in every way", async (place) => {
    await using cogd = await start(place.commandLine(), `--store-wait=${LONG_WAIT_S}`);
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
      await load.progress(100);
    }
    await assertAllHeld(place, cogd, load);
  });

  served("connections that are cut anywhere lose and double nothing", async (place) => {
    const seed = seedFrom(process.env);
    console.error(`note: ${flavour} on ${name}: cuts with seed ${seed}`);
    const random = new Random(seed);
    await using proxy = await TcpProxy.start(server.port);
    await using cogd = await start(place.commandLine(proxy.port));
    const load = await SubmitLoad.connect(cogd.port);
    load.start();
    await load.progress(100);
    for (let round = 0; round < CUTS; round++) {
      // Before a request reached the server, after it was done; then in the middle of either.
      const of = random.chance(0.5) ? "request" : "reply";
      await proxy.cutAtTurn({ turn: random.between(1, 4), of });
      await load.progress(1);
      const direction = of === "request" ? "to-server" : "to-client";
      await proxy.cutAfter(direction, random.below(of === "request" ? 8000 : 600));
      await load.progress(1);
    }
    await assertAllHeld(place, cogd, load);
  });

  served("idle sessions that the server closes are no failure", async (place) => {
    await place.closeIdleSessions(true);
    try {
      await using cogd = await start(place.commandLine());
      await using client = await WireClient.connect(cogd.port);
      const end = performance.now() + IDLE_MS;
      let rounds = 0;
      do {
        await eventually(async () => await place.countSessions() === 0, "the idle session's end");
        client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: `${rounds}` });
        await client.expect("JOB_CREATED");
        rounds++;
      } while (rounds < 4 || performance.now() < end);
      assert.equal((await place.keys()).length, rounds);
      assert.doesNotMatch(cogd.process.stderr, /ERROR|WARNING/);
    } finally {
      await place.closeIdleSessions(false);
    }
  });

  served("submissions wait while the database is away, then are refused in time", async (place) => {
    await using cogd = await start(place.commandLine(), `--store-wait=${SHORT_WAIT_S}`);
    const client = await WireClient.connect(cogd.port, { patienceMs: 120_000 });
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
    assert(ms < DEFAULT_WAIT_MS, `it took ${ms.toFixed(0)} ms`);
    // What is in memory goes on, and its end is remembered until it can be written.
    const [first] = await drainQueue(cogd.port, 1);
    assert.equal(first!.workload, "before");
    const restarted = server.restart();
    // Where the start takes longer than submissions wait, another one must do.
    for (let outcome = "ERROR"; outcome !== "JOB_CREATED";) {
      submit("waits");
      outcome = (await client.readPacket()).name;
      assert.match(outcome, /^(ERROR|JOB_CREATED)$/);
    }
    await restarted;
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
        const cogd = await start(place.commandLine());
        const load = await SubmitLoad.connect(cogd.port);
        load.start();
        await load.progress(100);
        await cogd.kill9();
        await load.stop().catch(() => {});
        for (const [handle, workload] of load.acknowledged) submitted.set(handle, workload);
      }
      await using cogd = await start(place.commandLine(), "--verbose=NOTICE");
      // It would say that it waits for the other one's lease to run out.
      assert.doesNotMatch(cogd.process.stderr, /is held by/);
      const done = new Map((await drainQueue(cogd.port)).map((job) => [job.handle, job.workload]));
      for (const [handle, workload] of submitted) assert.equal(done.get(handle), workload, handle);
    },
  );

  served("a second server on the same queue does not start, and says who has it", async (place) => {
    await using cogd = await start(place.commandLine());
    await assert.rejects(
      start(place.commandLine()).then((second) => second.stop()),
      (error: Error) => {
        assert.match(error.message, new RegExp(`process ${cogd.pid}\\b.* holds it`));
        return true;
      },
    );
    await using client = await WireClient.connect(cogd.port);
    client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: "x" });
    await client.expect("JOB_CREATED");
  });

  served("the database being away at the start is an error, said at once", async (place) => {
    await server.stop();
    try {
      await assert.rejects(
        start(place.commandLine()).then((cogd: RunningCogd) => cogd.stop()),
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

/** Ends the load; then each job is in the database once, and is run once, in order, as it was submitted. */
async function assertAllHeld(place: TestPlace, cogd: RunningCogd, load: SubmitLoad): Promise<void> {
  await load.stop();
  assert.deepEqual(load.refused, []);
  assert.equal((await place.keys()).length, load.acknowledged.size, "rows in the database");
  const done = await drainQueue(cogd.port);
  assert.deepEqual(
    done.map(({ handle, workload }) => [handle, workload]),
    [...load.acknowledged],
  );
  await eventually(async () => (await place.keys()).length === 0, "all rows to be removed");
}
