/** What a Redis refuses, and what becomes of it: full memory, replicas, rights, limits. */

import assert from "node:assert/strict";
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { redisPlugin } from "../../../plugins/redis/mod.ts";
import type { JobStore } from "../../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  batchOf,
  bytesFrom,
  recordOf,
  replayed,
  sampleJob,
  sampleJobs,
  updateOf,
} from "../../conformance/stores/mod.ts";
import { type Redis, startRedis } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { commitUntilHeld, eventually } from "../mod.ts";
import { COMMANDS, hostWith, TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
/** Each test has a server of its own, since it changes what is true of it. */
function stateTest(name: string, run: (place: TestPrefix, redis: Redis) => Promise<void>): void {
  test(`redis: ${name}`, { skip: missing }, async () => {
    await using redis = await startRedis();
    await run(await TestPrefix.create(redis), redis);
  });
}

/** Opens with these options and answers why that was refused. */
async function refusal(options: Readonly<Record<string, string>>): Promise<string> {
  const values = new Map(Object.entries(options));
  const opening = redisPlugin.open({ values, dataDir: "" }, hostWith());
  const store = await opening.catch((error: Error & { code: string }) => error);
  if (!(store instanceof Error)) {
    await store.close();
    return "not refused";
  }
  assert.equal(store.code, "CANNOT_OPEN", store.message);
  return store.message;
}

stateTest(
  "full memory refuses new jobs, lets others end, and needs no restart",
  async (place, redis) => {
    const store = await place.open();
    const job = (key: number) => sampleJob(key, { workload: bytesFrom(key, 100_000) });
    const keys = Array.from({ length: 40 }, (_, i) => i + 1);
    await store.commit(batchOf({ add: keys.map(job) }));
    const used = /used_memory:([0-9]+)/.exec(await redis.sql("INFO memory\n"))![1];
    await redis.sql(`CONFIG SET maxmemory ${Number(used) - 1_000_000}\n`);
    await assert.rejects(store.commit(batchOf({ add: [job(50)], remove: [1] })), {
      code: "FULL",
      message: /memory is full \(maxmemory\)/,
    });
    assert.deepEqual((await place.keys()).sort(byNumber), keys, "all or none");
    await store.commit(batchOf({ update: [updateOf(1, { attempts: 2 })] }));
    await assertRefuses(store.commit(batchOf({ add: [job(50)] })), "FULL");
    await store.commit(batchOf({ remove: [99], put: [recordOf("a", "b")] }));
    await place.killSessions();
    await store.commit(batchOf({ remove: keys.slice(0, 30) }));
    await store.commit(batchOf({ add: [job(50)] }));
    assert.deepEqual((await place.keys()).sort(byNumber), [...keys.slice(30), 50]);
    // A start with full memory works, too: it is what leads out of it.
    await redis.sql("CONFIG SET maxmemory 1mb\n");
    await store.close();
    const again = await place.open();
    assert.equal((await replayed(again)).jobs.length, 11);
    await again.commit(batchOf({ remove: [50] }));
    await again.close();
  },
);

stateTest(
  "a server that becomes a replica is away until it is a primary again",
  async (place, redis) => {
    const store = await place.open();
    await store.commit(batchOf({ add: [sampleJob(1)] }));
    await using other = await startRedis();
    await other.sql(`REPLICAOF 127.0.0.1 ${redis.port}\n`);
    await eventually(
      async () => (await other.sql("INFO replication\n")).includes("master_link_status:up"),
      "the replica",
    );
    const replica = { "redis-url": other.url, "redis-prefix": place.prefix };
    assert.match(
      await refusal(replica),
      /it is a replica of 127\.0\.0\.1:[0-9]+: .*name the primary/,
    );
    await redis.sql(`REPLICAOF 127.0.0.1 ${other.port}\n`);
    // The connection is given up with the first, so that a failover is found: by this commit, or by the
    // session's upkeep before it.
    const first = store.commit(batchOf({ add: [sampleJob(2)] }));
    await assert.rejects(
      first,
      (error: Error & { code: string }) =>
        error.code === "UNKNOWN_OUTCOME" || error.code === "AWAY",
    );
    await assertRefuses(store.commit(batchOf({ add: [sampleJob(2)] })), "AWAY");
    await redis.sql("REPLICAOF NO ONE\n");
    await commitUntilHeld(store, batchOf({ add: [sampleJob(2)] }));
    await store.close();
    assert.deepEqual((await place.keys()).sort(), [1, 2]);
  },
);

stateTest(
  "wrong passwords, users and databases are refused, with what to do",
  async (place, redis) => {
    const url = (parts: { user?: string; password?: string; database?: number }) => ({
      "redis-url": redis.urlFor(parts),
      "redis-prefix": place.prefix,
    });
    const wrong = /the password is wrong, or the user is unknown/;
    assert.match(await refusal(url({ user: place.prefix, password: "other" })), wrong);
    assert.match(await refusal(url({ user: "nobody", password: "x" })), wrong);
    assert.match(await refusal(url({ database: 99 })), /no database of that number/);
    assert.match(await refusal(url({ password: "x" })), /password/);
    await redis.sql(
      "ACL SETUSER default >secret\nAUTH secret\nACL SETUSER default resetpass >secret\n",
    );
    try {
      assert.match(await refusal(url({})), /asks for a password; give --redis-password-file/);
    } finally {
      await redis.sql("AUTH secret\nACL SETUSER default nopass\n");
    }
  },
);

stateTest("a password that is changed meanwhile is waited for", async (place, redis) => {
  const store = await place.open();
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  await redis.sql(`ACL SETUSER ${place.prefix} off\n`);
  await place.killSessions();
  await assertRefuses(store.commit(batchOf({ add: [sampleJob(2)] })), "AWAY");
  assert(place.log.some((line) => /^WARNING .*the password is wrong/.test(line)));
  await redis.sql(`ACL SETUSER ${place.prefix} on\n`);
  await commitUntilHeld(store, batchOf({ add: [sampleJob(2)] }));
  await store.close();
  assert.deepEqual((await place.keys()).sort(), [1, 2]);
});

stateTest("without INFO and CONFIG it works, says so, and promises less", async (place, redis) => {
  await redis.sql(`ACL SETUSER ${place.prefix} -info -config\n`);
  const store = await place.open();
  await store.commit(batchOf({ add: sampleJobs(3) }));
  assert.equal(store.traits.durability, "restart");
  assert.match(store.traits.promise!, /survive a restart of cogd only/);
  assert.equal(store.traits.maxWorkloadBytes, 512 * 1024 * 1024 - 32 * 1024);
  await store.close();
  assert(place.log.some((line) => /^NOTICE .*it refuses INFO and CONFIG/.test(line)));
  assert(place.log.some((line) => /^WARNING .*does not say whether it keeps anything/.test(line)));
  await redis.sql(`ACL SETUSER ${place.prefix} +info\n`);
  const told = await place.open();
  assert.match(told.traits.promise!, /survive a restart or a crash; how many .* is not known/);
  assert.equal((await replayed(told)).jobs.length, 3);
  await told.close();
});

stateTest(
  "a user without enough rights is refused, and told which are missing",
  async (place, redis) => {
    for (const command of ["evalsha -eval", "hset", "time", "zadd"]) {
      await redis.sql(`ACL SETUSER ${place.prefix} ${COMMANDS} -${command}\n`);
      const opening = place.open().then(async (store: JobStore) => {
        await store.commit(batchOf({ add: [sampleJob(1)] })).finally(() => store.close());
      });
      await assert.rejects(opening, /the user may not do what is needed; grant it/, command);
    }
    await redis.sql(`ACL SETUSER ${place.prefix} ${COMMANDS} resetkeys ~other:*\n`);
    await assert.rejects(place.open(), /the user may not do what is needed/);
  },
);

stateTest(
  "a server that takes no more clients, or belongs to a cluster, is named as such",
  async (place, redis) => {
    await redis.sql("CONFIG SET maxclients 1\n");
    await using busy = await redisClient(redis);
    assert.match(
      await refusal({ "redis-url": redis.url, "redis-prefix": place.prefix }),
      /does not want this client: it has too many \(maxclients\)/,
    );
    await busy.send("CONFIG SET maxclients 10000");
    await using cluster = await startRedis({ args: ["--cluster-enabled", "yes"] });
    assert.match(await refusal({ "redis-url": cluster.url }), /belongs to a Redis Cluster/);
  },
);

stateTest(
  "a workload beyond proto-max-bulk-len is refused before anything is sent",
  async (place, redis) => {
    await redis.sql("CONFIG SET proto-max-bulk-len 1mb\n");
    try {
      const store = await place.open();
      assert.equal(store.traits.maxWorkloadBytes, 1024 * 1024 - 32 * 1024);
      const most = sampleJob(1, { workload: new Uint8Array(store.traits.maxWorkloadBytes) });
      await store.commit(batchOf({ add: [most, ...sampleJobs(20, 2)] }));
      const beyond = sampleJob(50, { workload: new Uint8Array(store.traits.maxWorkloadBytes + 1) });
      await assertRefuses(store.commit(batchOf({ add: [beyond] })), "TOO_LARGE");
      const names = sampleJob(51, { ...most, key: 51, functionName: "f".repeat(64 * 1024) });
      await assertRefuses(store.commit(batchOf({ add: [names] })), "TOO_LARGE");
      await store.close();
      assert.equal((await place.keys()).length, 21);
    } finally {
      await redis.sql("CONFIG SET proto-max-bulk-len 512mb\n");
    }
  },
);

stateTest("a Redis that forgot its scripts is told them again", async (place, redis) => {
  const store = await place.open();
  for (let key = 1; key <= 3; key++) {
    await redis.sql("SCRIPT FLUSH\n");
    assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] })), []);
  }
  await store.close();
  assert.deepEqual((await place.keys()).sort(), [1, 2, 3]);
});

stateTest(
  "a Redis that cannot write its snapshot takes nothing until it can",
  async (place, redis) => {
    const store = await place.open();
    // A folder stands where the snapshot is to be.
    const obstacle = join(redis.folder, "dump.rdb");
    await mkdir(obstacle);
    await redis.sql('CONFIG SET save "1 1"\nBGSAVE\n');
    const told = async (text: string) => (await redis.sql("INFO persistence\n")).includes(text);
    await eventually(() => told("last_bgsave_status:err"), "a failure");
    await assert.rejects(store.commit(batchOf({ add: [sampleJob(1)] })), {
      code: "READ_ONLY",
      message: /cannot write its snapshot or append-only file/,
    });
    assert.deepEqual(await place.keys(), []);
    await rmdir(obstacle);
    await redis.sql("BGSAVE\n");
    await eventually(() => told("last_bgsave_status:ok"), "a snapshot");
    await store.commit(batchOf({ add: [sampleJob(1)] }));
    await store.close();
  },
);

test("redis: a Redis that is still loading is refused at the start, and waited for later", {
  skip: missing,
}, async () => {
  const slowly = ["--key-load-delay", "100"];
  await using redis = await startRedis({ args: slowly });
  const place = await TestPrefix.create(redis);
  const store = await place.open();
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  await redis.sql("EVAL \"for i = 1, 60000 do redis.call('SET', i, i) end\" 0\n");
  await redis.kill9();
  const restarted = redis.restart();
  await eventually(async () => {
    const told = await refusal(Object.fromEntries(place.values()));
    return told.includes("it is still loading its data");
  }, "a Redis that loads");
  await commitUntilHeld(store, batchOf({ add: [sampleJob(2)] }));
  await restarted;
  await store.close();
  assert.deepEqual((await place.keys()).sort(), [1, 2]);
});

function byNumber(a: number, b: number): number {
  return a - b;
}

/** One more client of a Redis, which stays. */
async function redisClient(redis: Redis) {
  const { createClient } = await import("redis");
  const client = createClient({ url: redis.url });
  client.on("error", () => {});
  await client.connect();
  return {
    send: (command: string) => client.sendCommand(command.split(" ")),
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  };
}
