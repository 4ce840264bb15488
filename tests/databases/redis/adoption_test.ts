/** The keys of C gearmand's redis queue become jobs of this server. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import test from "node:test";
import { splitKey } from "../../../plugins/redis/key_split.ts";
import { redisPlugin } from "../../../plugins/redis/mod.ts";
import {
  highWaterFrom,
  type NamedRecord,
  recordsOfHighWater,
  type StoredJob,
} from "../../../src/plugin_api/mod.ts";
import { batchOf, bytesFrom, replayed, sampleJob } from "../../conformance/stores/mod.ts";
import { type Redis, startRedis } from "../../support/databases/mod.ts";
import {
  programMissing,
  runProgram,
  startGearmand,
  TcpProxy,
  WireClient,
} from "../../support/mod.ts";
import { takenUp } from "../mod.ts";
import { hostWith, quoted, TestPrefix } from "./places.ts";

const missing = programMissing("redis-server");
const redis = missing === false ? await startRedis() : null;

function adoptionTest(name: string, run: (place: TestPrefix, redis: Redis) => Promise<void>): void {
  test(`redis: ${name}`, { skip: missing }, async () => {
    await using place = await TestPrefix.create(redis!);
    await run(place, redis!);
  });
}

interface Adopted {
  readonly jobs: readonly StoredJob[];
  readonly records: readonly NamedRecord[];
  /** Lines for the log. */
  readonly log: readonly string[];
}

/** Opens (and so adopts), replays, closes. */
async function adopt(place: TestPrefix): Promise<Adopted> {
  place.log.length = 0;
  const { jobs, records } = await takenUp(place);
  return {
    jobs,
    records: [...records].map(([name, value]) => ({ name, value })),
    log: [...place.log],
  };
}

/** What identifies a job here: function, unique ID, priority, workload as text. */
function essence({ functionName, unique, priority, workload }: StoredJob): string {
  return [functionName, unique, priority, String.fromCharCode(...workload)].join("|");
}

function essences(jobs: readonly StoredJob[]): string[] {
  return jobs.map(essence).sort();
}

/** C gearmand's keys that are left. */
function keysLeft(place: TestPrefix): Promise<string[]> {
  return place.lines(`KEYS ${place.prefix}-*`);
}

type Cell = string | Uint8Array;

/** A hash as one of C gearmand's generations writes it; byte strings. */
function hash(key: string, fields: Readonly<Record<string, Cell>>): string {
  const cells = Object.entries(fields).map(([name, value]) => `${name} ${quoted(bytes(value))}`);
  return `HSET ${quoted(bytes(key))} ${cells.join(" ")}\n`;
}

function bytes(cell: Cell): Uint8Array {
  return typeof cell === "string" ? Uint8Array.from(cell, (char) => char.charCodeAt(0)) : cell;
}

test("redis: jobs that the real C gearmand stored are taken over, bytes and all", {
  skip: programMissing("redis-server", "gearmand", "gearman"),
}, async () => {
  await using place = await TestPrefix.create(redis!);
  const { prefix } = place;
  {
    await using gearmand = await startGearmand({
      args: [
        "--queue-type=redis",
        "--redis-server=127.0.0.1",
        `--redis-port=${redis!.port}`,
        `--redis-prefix=${prefix}`,
      ],
    });
    const gearman = async (stdin: string, ...args: string[]) => {
      const where = ["-h", "127.0.0.1", "-p", `${gearmand.port}`];
      assert.equal((await runProgram("gearman", [...where, "-b", ...args], { stdin })).code, 0);
    };
    await gearman("first", "-f", "plain", "-u", "id-1");
    await gearman("dash", "-f", "plain", "-u", "-");
    await gearman("urgent", "-f", "plain", "-u", "id2", "-I");
    await gearman("idle", "-f", "plain", "-u", "id3", "-L");
    await gearman("", "-f", "empty", "-u", "id4");
    await using client = await WireClient.connect(gearmand.port);
    const submit = (functionName: string, unique: string, data: string) =>
      client.ask("SUBMIT_JOB_BG", { args: [functionName, unique], data }, "JOB_CREATED");
    await submit("raw", "", "no unique ID");
    await submit("raw\xff\x80", "\xfe\x01", "\x00\x01\xff\x00");
    await submit("raw", "u".repeat(63), "long unique ID");
    await submit("raw", "v".repeat(64), "longest unique ID");
    await submit("with-hyphen", "a-b-c", "three ways");
    await submit("with-hyphen", "d", "two ways");
    await submit("my-own", "", "no unique ID, hyphen in the function");
    await submit("my-own", "e", "two ways as well");
  }
  const before = await keysLeft(place);
  const { jobs, records, log } = await adopt(place);
  // What cannot be told apart any more: the first hyphen counts, as in C gearmand.
  const expected = [
    "plain|id-1|1|first",
    "plain|-|1|dash",
    "plain|id2|0|urgent",
    "plain|id3|2|idle",
    "empty|id4|1|",
    "raw||1|no unique ID",
    "raw\xff\x80|\xfe\x01|1|\x00\x01\xff\x00",
    `raw|${"u".repeat(63)}|1|long unique ID`,
    // C gearmand cuts it and sets a space before it.
    `raw| ${"v".repeat(63)}|1|longest unique ID`,
    "with|hyphen-a-b-c|1|three ways",
    "with|hyphen-d|1|two ways",
    "my|own-|1|no unique ID, hyphen in the function",
    "my|own-e|1|two ways as well",
  ].sort();
  assert.deepEqual(essences(jobs), expected);
  assert.equal(before.length, expected.length);
  assert.deepEqual(jobs.map(({ key }) => key), expected.map((_, i) => i + 1));
  assert.deepEqual(jobs.map(({ handle }) => handle), expected.map((_, i) => `H:test:${i + 1}`));
  assert.deepEqual(highWaterFrom(records), { nextKey: 14, nextHandle: 14 });
  assert.equal(
    log[0],
    `NOTICE Adopted 13 jobs of C gearmand from keys "${prefix}-*" of redis 127.0.0.1:${
      redis!.port
    }`,
  );
  assert.match(log[1]!, /^NOTICE .* 6 had more than one hyphen/);
  assert.equal(log.length, 2, log.join("\n"));
  assert.deepEqual(await keysLeft(place), []);
  const again = await adopt(place);
  assert.equal(again.jobs.length, 13);
  assert.deepEqual(again.log, []);
});

adoptionTest(
  "each generation of C gearmand is read, with the function of the others' keys",
  async (place, redis) => {
    const { prefix } = place;
    await redis.sql([
      // Since 2.0: all four fields. Their values count, not the key.
      hash(`${prefix}-my-func-u-1`, {
        data: "4",
        priority: "2",
        function: "my-func",
        unique: "u-1",
      }),
      hash(`${prefix}-f-`, { data: "4 without", priority: "1", function: "f", unique: "" }),
      // 1.1.16 to 1.1.20: two fields. `my-func` is known from above, `resize` from the key below.
      hash(`${prefix}-my-func-a-b`, { data: "2", priority: "0" }),
      hash(`${prefix}-my-func-`, { data: "2 without", priority: "1" }),
      hash(`${prefix}-resize-x`, { data: "2 plain", priority: "1" }),
      hash(`${prefix}-resize--`, { data: "2 dash", priority: "1" }),
      hash(`${prefix}-other-name-y`, { data: "2 unknown", priority: "1" }),
      hash(`${prefix}-\xc3\x28\xff-\x80`, { data: "\x00raw\x00", priority: "1" }),
      // Up to 1.1.15: the workload alone.
      `SET ${quoted(bytes(`${prefix}-resize-old`))} ${quoted(bytes("\x00\x01\xff"))}\n`,
      // Oddities that C gearmand refuses to start with.
      hash(`${prefix}-odd-1`, { data: "no priority" }),
      hash(`${prefix}-odd-2`, { data: "word", priority: "high" }),
      hash(`${prefix}-odd-3`, { data: "nine", priority: "9" }),
    ].join(""));
    const { jobs, log } = await adopt(place);
    assert.deepEqual(
      essences(jobs),
      [
        "my-func|u-1|2|4",
        "f||1|4 without",
        "my-func|a-b|0|2",
        "my-func||1|2 without",
        "resize|x|1|2 plain",
        "resize|-|1|2 dash",
        "other|name-y|1|2 unknown",
        "\xc3\x28\xff|\x80|1|\x00raw\x00",
        "resize|old|1|\x00\x01\xff",
        "odd|1|1|no priority",
        "odd|2|1|word",
        "odd|3|1|nine",
      ].sort(),
    );
    assert.equal(log.filter((line) => line.startsWith("NOTICE Adopted 12 jobs")).length, 1);
    assert.deepEqual(await keysLeft(place), []);
  },
);

adoptionTest("keys that are none of C gearmand's are reported and left", async (place, redis) => {
  const { prefix } = place;
  const foreign = [
    `RPUSH ${prefix}-list-1 a\n`,
    `SADD ${prefix}-set-1 a\n`,
    hash(`${prefix}-hash-1`, { data: "x", priority: "1", extra: "y" }),
    hash(`${prefix}-hash-2`, { a: "1", b: "2", c: "3", d: "4", data: "5" }),
    hash(`${prefix}-hash-3`, { priority: "1" }),
    hash(`${prefix}-nohyphen`, { data: "x", priority: "1" }),
    hash(`${prefix}-long-${"x".repeat(65)}`, { data: "x", priority: "1" }),
    hash(`${prefix}-four-long`, {
      data: "x",
      priority: "1",
      function: "f",
      unique: "x".repeat(65),
    }),
    hash(`${prefix}-four-nul`, { data: "x", priority: "1", function: "f\x00", unique: "x" }),
  ];
  await redis.sql(foreign.join("") + hash(`${prefix}-good-1`, { data: "ok", priority: "1" }));
  for (const adopted of [1, 0]) {
    const { jobs, log } = await adopt(place);
    assert.deepEqual(essences(jobs), ["good|1|1|ok"]);
    assert.equal(log.filter((line) => /^NOTICE Adopted 1 job/.test(line)).length, adopted);
    const left = log.filter((line) => line.startsWith("WARNING"));
    for (
      const line of [
        /Left 7 keys ".*" of redis .* as they are: C gearmand did not write them/,
        /-list-1": it is a list$/,
        /-hash-1": it has a field "extra"$/,
        /-hash-2": it has 5 fields$/,
        /-hash-3": it has no field "data"$/,
        /-nohyphen": no function and unique ID can be read from its name$/,
        /Left 2 rows in keys/,
        /its unique ID has 65 bytes, more than 64$/,
        /its function holds a NUL byte$/,
      ]
    ) assert(left.some((text) => line.test(text)), `${line} in\n${left.join("\n")}`);
    assert.equal((await keysLeft(place)).length, foreign.length);
  }
});

adoptionTest("adopted jobs get numbers that nobody has used", async (place, redis) => {
  const { prefix } = place;
  const store = await place.open();
  const marks = { nextKey: 500, nextHandle: 90 };
  await store.commit(batchOf({ add: [sampleJob(499)], put: recordsOfHighWater(marks) }));
  await store.close();
  await redis.sql(hash(`${prefix}-f-a`, { data: "", priority: "1" }));
  assert.deepEqual((await adopt(place)).jobs.map(({ key, handle }) => [key, handle]), [
    [499, "H:sample.example:499"],
    [500, "H:test:90"],
  ]);
  await redis.sql(hash(`${prefix}-f-b`, { data: "", priority: "1" }));
  const { jobs, records } = await adopt(place);
  assert.equal(jobs.at(-1)!.handle, "H:test:91");
  assert.deepEqual(highWaterFrom(records), { nextKey: 502, nextHandle: 92 });
});

adoptionTest(
  "only keys with exactly this prefix are taken, whatever is in it",
  async (_, redis) => {
    const prefixes = ["a*b", "a?b", "a[x]b", "a\\b", "axb", "a-b", "a"];
    for (const prefix of prefixes) {
      await redis.sql(hash(`${prefix}-f-u`, { data: prefix, priority: "1" }));
    }
    const log: string[] = [];
    for (const prefix of prefixes) {
      const values = new Map([["redis-url", redis.url], ["redis-prefix", prefix]]);
      const store = await redisPlugin.open({ values, dataDir: "" }, hostWith(log));
      const { jobs } = await replayed(store);
      await store.close();
      assert.deepEqual(essences(jobs), [`f|u|1|${prefix}`], log.join("\n"));
    }
  },
);

for (const part of ["request", "reply"] as const) {
  adoptionTest(
    `a queue of many keys is taken over once, also when each few ${
      part === "request" ? "requests" : "replies"
    } one is lost`,
    async (place, redis) => {
      const sizes = Array.from({ length: 2500 }, (_, i) => i % 250 === 0 ? 900_000 : i % 60);
      await redis.sql(
        sizes.map((size, i) => {
          const key = `${place.prefix}-f-${i}`;
          if (size < 60) return hash(key, { data: bytesFrom(i, size), priority: "1" });
          // Too long for a line of redis-cli.
          const made =
            `redis.call('HSET', KEYS[1], 'priority', 1, 'data', string.rep('x', ${size}))`;
          return `EVAL "return ${made}" 1 ${key}\n`;
        }).join(""),
      );
      await using proxy = await TcpProxy.start(redis.port);
      let cuts = 0;
      const cutAgain = () => {
        void proxy.cutAtTurn({ turn: 9, of: part }).then(() => {
          cuts++;
          cutAgain();
        });
      };
      cutAgain();
      const store = await place.open({ port: proxy.port });
      proxy.countTurns();
      assert(cuts >= 2, `${cuts} cuts`);
      const { jobs } = await replayed(store);
      await store.close();
      assert.equal(jobs.length, sizes.length);
      const byUnique = new Map(jobs.map((job) => [job.unique, job]));
      for (const [i, size] of sizes.entries()) {
        const { workload } = byUnique.get(`${i}`)!;
        const expected = size < 60 ? bytesFrom(i, size) : new Uint8Array(size).fill(120);
        assert(Buffer.compare(workload, expected) === 0, `workload of ${i}`);
      }
      assert.deepEqual(jobs.map(({ key }) => key), sizes.map((_, i) => i + 1));
      assert.deepEqual(await keysLeft(place), []);
      const again = await adopt(place);
      assert.equal(again.jobs.length, sizes.length);
    },
  );
}

test("a key is split where its function is known, else at the first hyphen that makes a job", () => {
  const split = (text: string, ...known: string[]) => {
    const found = splitKey(text, new Set(known));
    return found === null ? null : [found.functionName, found.unique, found.certain];
  };
  assert.deepEqual(split("f-u"), ["f", "u", true]);
  assert.deepEqual(split("f-"), ["f", "", true]);
  assert.deepEqual(split("a-b-c"), ["a", "b-c", false]);
  assert.deepEqual(split("a-b-c", "a-b"), ["a-b", "c", false]);
  assert.deepEqual(split("a-b-c", "a-b", "a"), ["a-b", "c", false]);
  assert.deepEqual(split("a-b-c", "b", "c", "a-b-c"), ["a", "b-c", false]);
  assert.deepEqual(split("f--"), ["f", "-", false]);
  assert.deepEqual(split("-u"), ["", "u", true]);
  assert.deepEqual(split("--u"), ["-", "u", true]);
  assert.deepEqual(split("nothing"), null);
  assert.deepEqual(split(`a-b-${"u".repeat(64)}`), ["a-b", "u".repeat(64), true]);
  assert.deepEqual(split(`a-${"u".repeat(65)}`), null);
});

test(
  "redis: the server of the adoption tests ends",
  { skip: missing },
  () => redis![Symbol.asyncDispose](),
);
