/** What Redis's own settings make of an acknowledgement, and how the operator hears of it. */

import assert from "node:assert/strict";
import test from "node:test";
import { promiseOf } from "../../../plugins/redis/promise.ts";
import { batchOf, replayed, sampleJob, sampleJobs } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import { programMissing, startCogd } from "../../support/mod.ts";
import { TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");

interface Expectation {
  /** Lines for CONFIG SET. */
  readonly settings: readonly string[];
  readonly durability: "restart" | "power-loss";
  readonly promise: RegExp;
  /** What is logged, each line with its level; nothing else is. */
  readonly log: readonly RegExp[];
}

const NEVER_EVICTS = "maxmemory-policy noeviction";
const EXPECTATIONS: readonly Expectation[] = [
  {
    settings: ["appendonly yes", "appendfsync always", NEVER_EVICTS],
    durability: "power-loss",
    promise: /^acknowledged background jobs survive power loss$/,
    log: [],
  },
  {
    settings: ["no-appendfsync-on-rewrite yes"],
    durability: "restart",
    promise: /a power loss while Redis rewrites its append-only file takes those of that time/,
    log: [/^NOTICE .*no-appendfsync-on-rewrite is not no/],
  },
  {
    settings: ["no-appendfsync-on-rewrite no", "appendfsync everysec"],
    durability: "restart",
    promise: /survive a restart or a crash; a power loss takes those of the last 2 s$/,
    log: [/^NOTICE .*appendfsync is everysec: .*set appendonly yes and appendfsync always/],
  },
  {
    settings: ["appendfsync no"],
    durability: "restart",
    promise: /a power loss takes those that the system had not written/,
    log: [/^NOTICE .*appendfsync is no/],
  },
  {
    settings: ["appendonly no", 'save "3600 1 300 100"'],
    durability: "restart",
    promise: /when Redis crashes or loses power, those since its last snapshot are lost/,
    log: [/^WARNING .*only snapshots \(save 3600 1 300 100\)/],
  },
  {
    settings: ['save ""'],
    durability: "restart",
    promise: /survive a restart of cogd only; when Redis ends, they are lost/,
    log: [/^WARNING .*it keeps nothing on its disk: all jobs are lost when it ends/],
  },
  {
    settings: ["appendonly yes", "appendfsync always", "maxmemory-policy allkeys-lru"],
    durability: "power-loss",
    promise: /survive power loss$/,
    log: [/^NOTICE .*maxmemory-policy is allkeys-lru: .*maxmemory is 0.*set it to noeviction/],
  },
  {
    settings: ["maxmemory 100mb"],
    durability: "restart",
    promise: /survive power loss; Redis may throw them away when its memory is full$/,
    log: [/^WARNING .*maxmemory-policy is allkeys-lru: .*throws queued jobs away; set it/],
  },
  {
    // Spares keys without an expiry time, such as ours.
    settings: ["maxmemory-policy volatile-lru"],
    durability: "power-loss",
    promise: /survive power loss$/,
    log: [],
  },
];

test("redis: each setting of persistence and eviction has its promise, and is told", {
  skip: missing,
}, async () => {
  await using redis = await startRedis();
  const place = await TestPrefix.create(redis);
  for (const { settings, durability, promise, log } of EXPECTATIONS) {
    await redis.sql(settings.map((setting) => `CONFIG SET ${setting}\n`).join(""));
    place.log.length = 0;
    const store = await place.open();
    const seen = [...place.log];
    const { traits } = store;
    await store.close();
    const what = settings.join(", ");
    assert.equal(traits.durability, durability, what);
    assert.match(traits.promise!, promise, what);
    assert.equal(seen.length, log.length, seen.join("\n"));
    log.forEach((line, i) => assert.match(seen[i]!, line, what));
  }
});

test("redis: jobs survive cogd's end whatever Redis keeps, and are written to it", {
  skip: missing,
}, async () => {
  await using redis = await startRedis({ durable: false });
  const place = await TestPrefix.create(redis);
  const store = await place.open();
  await store.commit(batchOf({ add: sampleJobs(3) }));
  await store.close();
  const again = await place.open();
  assert.equal((await replayed(again)).jobs.length, 3);
  await again.close();
  const { args, env } = place.commandLine();
  await using cogd = await startCogd({ args: [...args, "--verbose=WARNING"], env });
  assert.match(cogd.startLine, /survive a restart of cogd only; when Redis ends, they are lost$/);
  assert.match(cogd.process.stderr, /WARNING.*it keeps nothing on its disk/);
});

test("redis: settings that change while the store is open are noticed with the next session", {
  skip: missing,
}, async () => {
  await using redis = await startRedis();
  const place = await TestPrefix.create(redis);
  const store = await place.open();
  await redis.sql("CONFIG SET appendfsync everysec\n");
  await place.killSessions();
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  await place.killSessions();
  await store.commit(batchOf({ add: [sampleJob(2)] }));
  await store.close();
  const told = place.log.filter((line) => /WARNING|NOTICE/.test(line));
  assert.equal(told.length, 2, told.join("\n"));
  assert.match(
    told[0]!,
    /^WARNING The settings of redis .* have changed: now acknowledged .* 2 s$/,
  );
  assert.match(told[1]!, /^NOTICE .*appendfsync is everysec/);
});

test(
  "redis: a Redis whose CONFIG was renamed is taken for the worse",
  { skip: missing },
  async () => {
    await using redis = await startRedis({ args: ["--rename-command", "CONFIG", ""] });
    const place = await TestPrefix.create(redis);
    const store = await place.open();
    assert.equal(store.traits.durability, "restart");
    assert.match(store.traits.promise!, /how many a power loss takes is not known$/);
    await store.close();
    assert(
      place.log.some((line) => /^NOTICE .*it refuses CONFIG: what it does not tell/.test(line)),
    );
  },
);

test("what is not known of a Redis is taken for the worse", () => {
  const unknown = {
    version: null,
    majorVersion: null,
    primary: null,
    inCluster: false,
    appendOnly: null,
    appendFsync: null,
    noFsyncOnRewrite: null,
    save: null,
    maxMemory: null,
    maxMemoryPolicy: null,
    maxBulkBytes: null,
    refused: ["INFO", "CONFIG"],
  };
  assert.match(promiseOf(unknown).text, /survive a restart of cogd only/);
  const always = { ...unknown, appendOnly: true, appendFsync: "always" };
  assert.equal(promiseOf(always).durability, "restart");
  assert.equal(promiseOf({ ...always, noFsyncOnRewrite: false }).durability, "power-loss");
  const evicting = { ...always, noFsyncOnRewrite: false, maxMemoryPolicy: "allkeys-random" };
  assert.equal(promiseOf(evicting).durability, "restart");
});
