import assert from "node:assert/strict";
import process from "node:process";
import { byteStringFrom } from "../../src/protocol/mod.ts";
import {
  type CogdFlavour,
  Random,
  seedFrom,
  startCogd,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { KEYED_FUNCTION, KeyedPosts, resultOf } from "./keyed_posts.ts";

/** Answers in a round, and in all, at most. Above 10,000 outcomes would be forgotten. */
const MOST_ANSWERS = 400;
const MOST_IN_ALL = 8000;
/** Keys that are posted again, and jobs that are asked for, after each start. */
const SAMPLE = 150;

/** Settles when the server has taken up its jobs: connections of the binary port are served then. */
async function loaded(port: number): Promise<void> {
  await using client = await WireClient.connect(port);
  await client.ask("ECHO_REQ", { data: "ready" }, "ECHO_RES");
}

/** Does jobs until there are none for now and `stopsWhenIdle`, or the server is gone. */
async function work(port: number, stopsWhenIdle: boolean): Promise<number> {
  let done = 0;
  const worker = await WireClient.connect(port);
  try {
    worker.send("CAN_DO", { args: [KEYED_FUNCTION] });
    for (;;) {
      worker.send("GRAB_JOB");
      const packet = await worker.readPacket();
      if (packet.name === "JOB_ASSIGN") {
        const handle = packet.args[0]!;
        const result = resultOf(byteStringFrom(packet.data));
        worker.send("WORK_DATA", { args: [handle], data: result.slice(0, 5) });
        worker.send("WORK_COMPLETE", { args: [handle], data: result.slice(5) });
        done++;
      } else if (packet.name === "NO_JOB") {
        if (stopsWhenIdle) return done;
        worker.send("PRE_SLEEP");
        await worker.expect("NOOP");
      }
    }
  } catch (error) {
    if (stopsWhenIdle) throw error;
    return done;
  } finally {
    await worker.close();
  }
}

export interface HttpKillLoopOptions {
  readonly flavour: CogdFlavour;
  readonly rounds: number;
  /** Which queue, if not the default. */
  readonly args?: readonly string[];
}

/** Kills the server again and again; rejects when something was lost. */
export async function runHttpKillLoop(
  { flavour, rounds, args = [] }: HttpKillLoopOptions,
): Promise<void> {
  const random = new Random(seedFrom(process.env));
  await using folder = await temporaryFolder();
  const options = { flavour, dataDir: folder.path, http: true, args };
  const posts = new KeyedPosts();
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    const cogd = await startCogd(options);
    try {
      await loaded(cogd.port);
      // What the kill before left open, and some of what it must not have touched.
      for (const key of posts.unanswered) await posts.post(cogd.url, key);
      const known = posts.answered;
      const sample = known.length === 0
        ? []
        : Array.from({ length: SAMPLE }, () => random.pick(known));
      await posts.states(cogd.url, sample);
      for (const key of sample) await posts.post(cogd.url, key);
      const working = work(cogd.port, false);
      const answers = random.between(20, Math.min(MOST_ANSWERS, MOST_IN_ALL / rounds));
      const posting = posts.postUntilGone(cogd.url, answers, () => void cogd.kill9());
      done += (await Promise.all([working, posting]))[0];
    } finally {
      await cogd.kill9();
    }
    assert.deepEqual(posts.faults, []);
  }
  await using last = await startCogd(options);
  await loaded(last.port);
  for (const key of posts.unanswered) await posts.post(last.url, key);
  const before = await posts.states(last.url, posts.answered);
  done += await work(last.port, true);
  await posts.checkResults(last.url);
  const keys = posts.answered;
  assert.deepEqual(posts.faults, []);
  assert.equal(new Set(keys.map((key) => posts.handleOf(key))).size, keys.length);
  console.error(
    `note: ${flavour}: seed ${random.seed}, ${rounds} kills, ${keys.length} keys, ${done} jobs ` +
      `done, before the last ones: ${JSON.stringify(before)}`,
  );
  assert.ok(keys.length >= rounds * 20, "a loop in which nothing happened proves nothing");
}
