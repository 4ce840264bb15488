/** What clients of cogd notice of a Redis that fails. */

import assert from "node:assert/strict";
import test from "node:test";
import { replayed } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing, startCogd, WireClient } from "../../support/mod.ts";
import { drainQueue, eventually, exerciseServed, LOAD_FUNCTION, SubmitLoad } from "../mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const redis = missing === false ? await startRedis() : null;

if (redis !== null) {
  exerciseServed({ name: "redis", server: redis, newPlace: () => TestPrefix.create(redis) });
}

test("cogd on redis: full memory refuses jobs until workers have made room, under load too", {
  skip: missing,
}, async () => {
  await using place = await TestPrefix.create(redis!);
  await using cogd = await startCogd(place.commandLine());
  const load = await SubmitLoad.connect(cogd.port);
  const used = Number(/used_memory:([0-9]+)/.exec(await redis!.sql("INFO memory\n"))![1]);
  await redis!.sql(`CONFIG SET maxmemory ${used + 500_000}\n`);
  try {
    load.start();
    await eventually(() => load.refused.length > 100, "refusals");
    const before = load.acknowledged.size;
    // While clients go on submitting without a pause.
    const done = await drainQueue(cogd.port, before);
    assert.equal(done.length, before);
    // Counted from before the draining: what it freed may be filled again by now.
    await load.reached(before + 100);
  } finally {
    await redis!.sql("CONFIG SET maxmemory 0\n");
  }
  await load.stop();
  const rest = await drainQueue(cogd.port);
  const expected = [...load.acknowledged.keys()].slice(-rest.length);
  assert.deepEqual(rest.map(({ handle }) => handle), expected);
  await eventually(async () => (await place.keys()).length === 0, "all rows to be removed");
});

test("cogd on redis: delayed jobs are kept, which C gearmand refuses there", {
  skip: missing,
}, async () => {
  await using place = await TestPrefix.create(redis!);
  const later = Math.floor(Date.now() / 1000) + 86_400;
  {
    await using cogd = await startCogd(place.commandLine());
    await using client = await WireClient.connect(cogd.port);
    const args = [LOAD_FUNCTION, "later", `${later}`];
    await client.ask("SUBMIT_JOB_EPOCH", { args, data: "x" }, "JOB_CREATED");
  }
  const store = await place.open();
  const { jobs } = await replayed(store);
  await store.close();
  assert.deepEqual(jobs.map(({ unique, notBefore }) => [unique, notBefore]), [["later", later]]);
});

test("cogd on redis: the start line says what is promised; no password is printed", {
  skip: missing,
}, async () => {
  await using place = await TestPrefix.create(redis!);
  const { args, env } = place.commandLine();
  await using cogd = await startCogd({ args: [...args, "--verbose=DEBUG"], env });
  const text = `queue redis 127.0.0.1:${
    redis!.port
  }: acknowledged background jobs survive power loss`;
  assert(cogd.startLine.endsWith(text), cogd.startLine);
  assert(!cogd.process.stderr.includes(env["COGD_REDIS_PASSWORD"]!));
});

test(
  "redis: the server of the served tests ends",
  { skip: missing },
  () => redis![Symbol.asyncDispose](),
);
