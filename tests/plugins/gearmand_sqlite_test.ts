/** The file of C gearmand's libsqlite3 queue becomes the file of this server. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import {
  highWaterFrom,
  type NamedRecord,
  recordsOfHighWater,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  batchOf,
  bytesFrom,
  recordOf,
  replayed,
  sampleJob,
} from "../conformance/stores/mod.ts";
import {
  programMissing,
  runProgram,
  startGearmand,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { openFile } from "./sqlite_files.ts";

/** C gearmand's own statement. */
const C_TABLE = `CREATE TABLE gearman_queue ( unique_key TEXT, function_name TEXT,
  priority INTEGER, data BLOB, when_to_run INTEGER, PRIMARY KEY (unique_key, function_name))`;

interface Adopted {
  readonly jobs: readonly StoredJob[];
  readonly records: readonly NamedRecord[];
  /** Lines for the log, each with its level in front. */
  readonly log: readonly string[];
}

/** Opens the file (and so adopts), replays, closes. */
async function adopt(path: string, options: Record<string, string> = {}): Promise<Adopted> {
  const log: string[] = [];
  const store = await openFile(path, options, (level, line) => log.push(`${level} ${line}`));
  try {
    const { jobs, records } = await replayed(store);
    return { jobs, records: [...records].map(([name, value]) => ({ name, value })), log };
  } finally {
    await store.close();
  }
}

/** Runs statements on the file with SQLite itself. */
function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function rowsLeft(path: string, table = "gearman_queue"): number {
  return withDatabase(path, (database) => {
    return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"]);
  });
}

/** What identifies a job here: function, unique ID, priority, time, workload as text. */
function essence({ functionName, unique, priority, notBefore, workload }: StoredJob): unknown[] {
  return [functionName, unique, priority, notBefore, String.fromCharCode(...workload)];
}

test("jobs that the real C gearmand stored are taken over, bytes and all", {
  skip: programMissing("gearmand", "gearman"),
}, async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "gearmand.db");
  const later = Math.floor(Date.now() / 1000) + 86_400;
  {
    await using gearmand = await startGearmand({
      args: ["--queue-type=libsqlite3", `--libsqlite3-db=${path}`],
    });
    const gearman = async (stdin: string, ...args: string[]) => {
      const where = ["-h", "127.0.0.1", "-p", `${gearmand.port}`];
      assert.equal((await runProgram("gearman", [...where, "-b", ...args], { stdin })).code, 0);
    };
    await gearman("first", "-f", "plain", "-u", "id-1");
    await gearman("dash", "-f", "plain", "-u", "-");
    await gearman("urgent", "-f", "plain", "-u", "id-2", "-I");
    await gearman("idle", "-f", "plain", "-u", "id-3", "-L");
    await gearman("", "-f", "empty", "-u", "id-4");
    await using client = await WireClient.connect(gearmand.port);
    const submit = (functionName: string, unique: string, data: string) =>
      client.ask("SUBMIT_JOB_BG", { args: [functionName, unique], data }, "JOB_CREATED");
    await submit("raw", "", "no unique ID");
    await submit("raw\xff\x80", "\xfe\x01", "\x00\x01\xff\x00");
    await submit("raw", "u".repeat(63), "long unique ID");
    await client.ask("SUBMIT_JOB_EPOCH", {
      args: ["raw", "epoch", `${later}`],
      data: "tomorrow",
    }, "JOB_CREATED");
  }
  const rows = rowsLeft(path);
  const { jobs, records, log } = await adopt(path);
  const expected = [
    ["plain", "id-1", 1, 0, "first"],
    ["plain", "-", 1, 0, "dash"],
    ["plain", "id-2", 0, 0, "urgent"],
    ["plain", "id-3", 2, 0, "idle"],
    ["empty", "id-4", 1, 0, ""],
    ["raw", "", 1, 0, "no unique ID"],
    ["raw\xff\x80", "\xfe\x01", 1, 0, "\x00\x01\xff\x00"],
    ["raw", "u".repeat(63), 1, 0, "long unique ID"],
    ["raw", "epoch", 1, later, "tomorrow"],
  ];
  assert.deepEqual(jobs.map(essence), expected);
  assert.equal(rows, expected.length);
  assert.deepEqual(jobs.map(({ key }) => key), expected.map((_, i) => i + 1));
  assert.deepEqual(jobs.map(({ handle }) => handle), expected.map((_, i) => `H:test:${i + 1}`));
  assert.deepEqual(highWaterFrom(records), { nextKey: 10, nextHandle: 10 });
  assert.deepEqual(log, [
    `NOTICE Adopted 9 jobs of C gearmand from table "gearman_queue" of "${path}"`,
  ]);
  assert.equal(rowsLeft(path), 0);
  const again = await adopt(path);
  assert.equal(again.jobs.length, 9);
  assert.deepEqual(again.log, []);
});

test("C gearmand's oddities are read: NULLs, other types, no when_to_run, any order of columns", async () => {
  await using folder = await temporaryFolder();
  const odd = join(folder.path, "odd.db");
  withDatabase(odd, (database) => {
    database.exec(C_TABLE);
    database.exec(`INSERT INTO gearman_queue VALUES
      ('a', 'f', 1, NULL, NULL), ('b', 'f', 0, x'', 0), ('c', 'f', 2, 'text', 5000000000),
      (NULL, NULL, NULL, x'00ff', -3), ('e', 'f', '2', 17, '12'), ('f', 'f', 9, x'01', 7.5),
      (x'ff', x'c328', 1, x'02', 0)`);
  });
  assert.deepEqual((await adopt(odd)).jobs.map(essence), [
    ["f", "a", 1, 0, ""],
    ["f", "b", 0, 0, ""],
    ["f", "c", 2, 5_000_000_000, "text"],
    ["", "", 0, 0, "\x00\xff"],
    ["f", "e", 2, 12, "17"],
    ["f", "f", 1, 7, "\x01"],
    ["\xc3\x28", "\xff", 1, 0, "\x02"],
  ]);

  const old = join(folder.path, "old.db");
  withDatabase(old, (database) => {
    database.exec(`CREATE TABLE "Old Queue" (data BLOB, PRIORITY INTEGER, other TEXT,
      function_name TEXT, unique_key TEXT)`);
    database.exec(`INSERT INTO "Old Queue" VALUES (x'07', 2, 'x', 'f', 'a')`);
  });
  const { jobs, log } = await adopt(old, { "libsqlite3-table": "old queue" });
  assert.deepEqual(jobs.map(essence), [["f", "a", 2, 0, "\x07"]]);
  assert.equal(log.length, 1);
  assert.equal(rowsLeft(old, '"Old Queue"'), 0);
});

test("a row that cannot be read is reported and left, and the others are taken over", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  withDatabase(path, (database) => {
    database.exec(C_TABLE);
    database.exec(`INSERT INTO gearman_queue VALUES ('good', 'f', 1, x'01', 0),
      ('${"x".repeat(65)}', 'f', 1, x'02', 0), ('late', 'f', 1, x'03', 'tomorrow'),
      ('nul' || char(0), 'f', 1, x'04', 0), ('far', 'f', 1, x'05', 9223372036854775807),
      ('better', 'f', 1, x'06', 0)`);
  });
  for (let opening = 1; opening <= 2; opening++) {
    const { jobs, log } = await adopt(path);
    assert.deepEqual(jobs.map(({ unique }) => unique), ["good", "better"]);
    assert.equal(
      log.filter((line) => line.startsWith("NOTICE Adopted 2 jobs")).length,
      2 - opening,
    );
    assert.equal(log.filter((line) => line.startsWith("WARNING Left in")).length, 4);
    assert(log.some((line) => /unique "late"\): when_to_run is "tomorrow", not a time/.test(line)));
    assert.equal(rowsLeft(path), 4);
  }
});

test("adopted jobs get numbers that nobody has used", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const store = await openFile(path);
  const marks = { nextKey: 500, nextHandle: 90 };
  await store.commit(batchOf({ add: [sampleJob(499)], put: recordsOfHighWater(marks) }));
  await store.close();
  const insert = (unique: string) =>
    withDatabase(path, (database) => {
      database.prepare("INSERT INTO gearman_queue VALUES (?, 'f', 1, x'', 0)").run(unique);
    });
  withDatabase(path, (database) => database.exec(C_TABLE));
  insert("a");
  assert.deepEqual((await adopt(path)).jobs.map(({ key, handle }) => [key, handle]), [
    [499, "H:sample.example:499"],
    [500, "H:test:90"],
  ]);
  insert("b");
  const { jobs, records } = await adopt(path);
  assert.deepEqual(jobs.at(-1)!.handle, "H:test:91");
  assert.deepEqual(highWaterFrom(records), { nextKey: 502, nextHandle: 92 });
});

test("a queue of many rows, large ones among them, is taken over in order", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const sizes = Array.from({ length: 3000 }, (_, i) => i % 100 === 0 ? 200_000 : i % 60);
  withDatabase(path, (database) => {
    database.exec(C_TABLE);
    database.exec("BEGIN");
    const insert = database.prepare("INSERT INTO gearman_queue VALUES (?, 'f', 1, ?, 0)");
    sizes.forEach((size, i) => insert.run(`u${i}`, bytesFrom(i, size)));
    database.exec("COMMIT");
  });
  const { jobs } = await adopt(path);
  assert.deepEqual(jobs.map(({ unique }) => unique), sizes.map((_, i) => `u${i}`));
  jobs.forEach(({ workload }, i) => assert.deepEqual([...workload], [...bytesFrom(i, sizes[i]!)]));
  assert.equal(rowsLeft(path), 0);
});

test("a table that is not C gearmand's is left as it is, and says so", async () => {
  await using folder = await temporaryFolder();
  const tables = [
    "CREATE TABLE gearman_queue (id INTEGER, payload BLOB)",
    `CREATE TABLE gearman_queue (unique_key TEXT PRIMARY KEY, function_name TEXT, priority INTEGER,
       data BLOB) WITHOUT ROWID`,
  ];
  for (const [i, statement] of tables.entries()) {
    const path = join(folder.path, `other-${i}.db`);
    withDatabase(path, (database) => {
      database.exec(statement);
      database.exec("INSERT INTO gearman_queue SELECT 1, 2" + (i === 0 ? "" : ", 3, 4"));
    });
    const { jobs, log } = await adopt(path);
    assert.deepEqual(jobs, []);
    assert.match(log.join(), /^WARNING Left the table "gearman_queue" as it is: it is not C/);
    assert.equal(rowsLeft(path), 1);
  }
});

test("a start that is refused leaves C gearmand's table untouched", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const store = await openFile(path);
  await store.commit(batchOf({ put: [recordOf("next-handle", "no number")] }));
  await store.close();
  withDatabase(path, (database) => {
    database.exec(C_TABLE);
    database.exec("INSERT INTO gearman_queue VALUES ('a', 'f', 1, x'', 0)");
  });
  await assertRefuses(openFile(path), "DAMAGED");
  assert.equal(rowsLeft(path), 1);
  assert.equal(rowsLeft(path, "cogd_job"), 0);
});
