import assert from "node:assert/strict";
import process from "node:process";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  assertSameJobs,
  batchOf,
  bytesFrom,
  recordOf,
  replayed,
  sampleJob,
  sampleJobs,
  updateOf,
} from "../conformance/stores/mod.ts";
import { Random, seedFrom, TcpProxy } from "../support/mod.ts";
import { CommitLoad, commitUntilHeld } from "./commit_load.ts";
import { eventually } from "./eventually.ts";
import { endSessions, type StoreWithServer, type TestPlace } from "./test_place.ts";

/** How long the server is paused; longer for longer series (docs/fault-tests.md). */
const PAUSE_MS = Number(process.env["COGD_PAUSE_MS"] ?? 3000);
/** How long a proxy holds everything back: longer than an operation's deadline. */
const STALL_MS = Number(process.env["COGD_STALL_MS"] ?? 12_000);
const ROUNDS = Number(process.env["COGD_FAULT_ROUNDS"] ?? 5);

/** Registers the tests. In all of them: one row per job, none lost, none doubled, the last state kept. */
export function exerciseFaults({ name, server, newPlace }: StoreWithServer): void {
  const underLoad = (
    what: string,
    disturb: (load: CommitLoad, place: TestPlace, proxy: TcpProxy) => Promise<void>,
  ) => {
    test(`${name}: ${what}`, async () => {
      const place = await newPlace();
      await using proxy = await TcpProxy.start(server.port);
      try {
        const store = await place.open({ port: proxy.port });
        const load = new CommitLoad(store);
        load.start();
        await load.progress(5);
        await disturb(load, place, proxy);
        await load.stop();
        await store.close();
        await assertHeld(place, load);
      } finally {
        await proxy.resume();
        await place.remove();
      }
    });
  };

  test(`${name}: a session that was ended while idle is not noticed by the next commit`, async () => {
    const place = await newPlace();
    try {
      const store = await place.open();
      for (let key = 1; key <= ROUNDS; key++) {
        await endSessions(place);
        assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] })), []);
      }
      await store.close();
      await eventually(async () => await place.countSessions() === 0, "no session to be left");
    } finally {
      await place.remove();
    }
  });

  underLoad("sessions are ended under load", async (load, place) => {
    for (let round = 0; round < 4 * ROUNDS; round++) {
      await place.killSessions();
      await load.progress(1);
    }
  });

  underLoad("the server is restarted under load", async (load) => {
    await server.restart();
    await assertBack(load);
  });

  underLoad("the server is killed with -9 under load", async (load) => {
    for (let round = 0; round < 2; round++) {
      await server.kill9();
      await server.restart();
      await assertBack(load);
    }
  });

  underLoad(`the server is paused for ${PAUSE_MS} ms under load`, async (load) => {
    server.pause();
    await sleep(PAUSE_MS);
    server.resume();
    await assertBack(load);
  });

  underLoad("connections are refused for a while", async (load, _place, proxy) => {
    await proxy.refuse();
    await eventually(() => load.codes.filter((code) => code === "AWAY").length >= 3, "attempts");
    await proxy.resume();
    await assertBack(load);
  });

  underLoad(
    `the network holds everything back for ${STALL_MS} ms`,
    async (load, _place, proxy) => {
      proxy.stall();
      await sleep(STALL_MS);
      await proxy.resume();
      await assertBack(load);
    },
  );

  underLoad("the network swallows everything until the store gives up", async (load, _, proxy) => {
    proxy.swallow();
    await eventually(() => load.codes.length > 0, "a failed attempt");
    await proxy.resume();
    await assertBack(load);
  });

  underLoad("connections are cut after any number of bytes", async (load, _place, proxy) => {
    const seed = seedFrom(process.env);
    console.error(`note: ${name}: cuts with seed ${seed}`);
    const random = new Random(seed);
    for (let round = 0; round < 4 * ROUNDS; round++) {
      const direction = random.below(2) === 0 ? "to-server" : "to-client";
      await proxy.cutAfter(direction, random.below(direction === "to-server" ? 6000 : 600));
      await load.progress(1);
    }
  });

  for (const part of ["request", "reply"] as const) {
    // A store may send small commits in another way than large ones.
    for (const [size, bytes] of [["small", 64], ["large", 100_000]] as const) {
      const where = part === "request" ? "requests" : "replies";
      test(`${name}: a ${size} commit is cut at each of its ${where}`, async () => {
        const place = await newPlace();
        await using proxy = await TcpProxy.start(server.port);
        try {
          await cutEveryTurn(place, proxy, part, bytes);
        } finally {
          await place.remove();
        }
      });
    }
  }

  test(`${name}: a replay goes on after the session was ended between two pages`, async () => {
    const place = await newPlace();
    try {
      const jobs = sampleJobs(3500);
      const filled = await place.open();
      await filled.commit(batchOf({ add: jobs }));
      await filled.close();
      const store = await place.open();
      const seen = [];
      for await (const page of store.replay()) {
        seen.push(...page.jobs);
        await place.killSessions();
      }
      assertSameJobs(seen, jobs);
      await store.close();
    } finally {
      await place.remove();
    }
  });

  test(`${name}: a store that cannot be reached is not opened, and says why`, async () => {
    const place = await newPlace();
    await using proxy = await TcpProxy.start(server.port);
    try {
      await proxy.refuse();
      await assert.rejects(place.open({ port: proxy.port }), { code: "CANNOT_OPEN" });
      await proxy.resume();
      proxy.stall();
      await assert.rejects(place.open({ port: proxy.port }), { code: "CANNOT_OPEN" });
      await proxy.resume();
      const store = await place.open({ port: proxy.port });
      await store.close();
    } finally {
      await place.remove();
    }
  });
}

/** With commits held again after the server's return. How soon, the pauses between attempts say. */
async function assertBack(load: CommitLoad): Promise<void> {
  await load.progress(5);
}

/** What the database shows, and what the store yields, is what was committed. */
async function assertHeld(place: TestPlace, load: CommitLoad): Promise<void> {
  const { expected } = load;
  const keys = (await place.keys()).sort((a, b) => a - b);
  assert.deepEqual(keys, expected.map(({ key }) => key), "keys in the database");
  const store = await place.open();
  const held = await replayed(store);
  await store.close();
  assertSameJobs(held.jobs, expected);
}

/** Cuts a commit at its first turn, its second …, until one gets through whole. */
async function cutEveryTurn(
  place: TestPlace,
  proxy: TcpProxy,
  part: "request" | "reply",
  bytes: number,
): Promise<void> {
  const jobOf = (key: number, changes = {}) =>
    sampleJob(key, { workload: bytesFrom(key, bytes), ...changes });
  const store = await place.open({ port: proxy.port });
  const batchFor = (key: number) => ({
    add: [jobOf(key), jobOf(key + 1), jobOf(key + 2, { attempts: 1 })],
    update: [updateOf(key - 10, { attempts: 1 })],
    remove: [key - 9],
    put: [recordOf("number", String(key)), recordOf(`gone ${key}`, null)],
  });
  // The first commits of a session have more turns: they also prepare their statements.
  await store.commit(batchFor(10));
  await store.commit(batchFor(20));
  let key = 30;
  for (let turn = 1;; turn++, key += 10) {
    proxy.countTurns();
    let struck = false;
    void proxy.cutAtTurn({ turn, of: part }).then(() => struck = true);
    const codes = await commitUntilHeld(store, batchFor(key));
    const { turns } = proxy;
    proxy.countTurns();
    if (codes.length === 0 && !struck) {
      assert(turn > 1, `a commit has ${turns} turns`);
      break;
    }
    // What was cut was the session's upkeep: this turn of a commit is still to come.
    if (codes.length === 0) turn--;
    assert(codes.every((code) => code === "UNKNOWN_OUTCOME" || code === "AWAY"), codes.join(" "));
    // With the session new again, its statements are prepared before the next cut.
    await store.commit(batchOf({}));
    await store.commit({ ...batchFor(key), remove: [] });
  }
  await store.close();
  const expected = [];
  for (let first = 10; first <= key; first += 10) {
    const again = first < key ? 1 : 0;
    expected.push(jobOf(first, { attempts: again }));
    if (first === key) expected.push(jobOf(first + 1));
    expected.push(jobOf(first + 2, { attempts: 1 }));
  }
  const opened = await place.open();
  const held = await replayed(opened);
  await opened.close();
  assertSameJobs(held.jobs, expected);
  assert.deepEqual([...held.records.keys()], ["number"]);
  assert.equal(new TextDecoder().decode(held.records.get("number")), String(key));
}
