/** What a server's settings make of the queue: limits, durability, privileges, idle connections. */

import assert from "node:assert/strict";
import test from "node:test";
import { type JobStore, StoreError } from "../../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  bytesFrom,
  recordOf,
  replayed,
  sampleJob,
  sampleJobs,
} from "../../conformance/stores/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { CommitLoad, commitUntilHeld, eventually } from "../mod.ts";
import { PRIVILEGES, TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false
  ? await startMariadb({ args: ["--log-bin=binlog", "--sync-binlog=1"] })
  : null;
const MIB = 1024 * 1024;

function settingsTest(name: string, run: (database: TestDatabase) => Promise<void>): void {
  test(`mysql: ${name}`, { skip: missing }, async () => {
    await using database = await TestDatabase.create(server!);
    await run(database);
  });
}

/** Sets global variables while `work` runs. */
async function withGlobals(
  values: Readonly<Record<string, string | number>>,
  work: () => Promise<void>,
): Promise<void> {
  const names = Object.keys(values);
  const before = (await server!.sql(`SELECT ${names.map((n) => `@@GLOBAL.${n}`).join(", ")}`))
    .trim().split("\t");
  const set = (to: readonly (string | number)[]) =>
    server!.sql(names.map((name, i) => `SET GLOBAL ${name} = ${literal(to[i]!)};`).join(" "));
  await set(Object.values(values));
  try {
    await work();
  } finally {
    await set(before);
  }
}

function literal(value: string | number): string {
  return /^-?[0-9]+$/.test(String(value)) ? String(value) : `'${value}'`;
}

settingsTest(
  "a connection that was idle past wait_timeout is not noticed by anybody",
  (database) =>
    withGlobals({ wait_timeout: 2 }, async () => {
      const store = await database.open();
      for (let key = 1; key <= 3; key++) {
        await eventually(async () => (await database.sessions()).length === 0, "wait_timeout");
        assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] })), []);
      }
      await store.close();
      assert.deepEqual(database.log.filter((line) => !line.startsWith("INFO")), []);
    }),
);

settingsTest(
  "nor is one whose end this process had no time to see",
  (database) =>
    withGlobals({ wait_timeout: 2 }, async () => {
      const store = await database.open();
      // Blocks the event loop, as a long collection of garbage does.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500);
      assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(1)] })), []);
      await store.close();
    }),
);

settingsTest(
  "batches are split to fit max_allowed_packet, and larger jobs are refused unsent",
  (database) =>
    withGlobals({ max_allowed_packet: MIB }, async () => {
      const store = await database.open();
      const { maxWorkloadBytes } = store.traits;
      assert.equal(maxWorkloadBytes, MIB - 32 * 1024);
      const jobs = [
        ...Array.from(
          { length: 50 },
          (_, i) => sampleJob(i + 1, { workload: bytesFrom(i, 100_000) }),
        ),
        ...sampleJobs(1000, 51),
        sampleJob(2000, {
          workload: bytesFrom(1, maxWorkloadBytes),
          functionName: "f".repeat(8192),
          reducer: "r".repeat(8192),
        }),
      ];
      await store.commit(batchOf({ add: jobs }));
      const before = await database.sessions();
      const tooLarge = sampleJob(2001, { workload: bytesFrom(2, maxWorkloadBytes + 1) });
      await assertRefuses(store.commit(batchOf({ add: [sampleJob(2002), tooLarge] })), "TOO_LARGE");
      const longNames = sampleJob(2003, {
        workload: bytesFrom(1, maxWorkloadBytes),
        functionName: "f".repeat(40_000),
      });
      await assertRefuses(store.commit(batchOf({ add: [longNames] })), "TOO_LARGE");
      const record = recordOf("large", bytesFrom(1, MIB));
      await assertRefuses(store.commit(batchOf({ put: [record] })), "TOO_LARGE");
      assert.deepEqual(await database.sessions(), before, "the connection was not lost over it");
      await store.commit(batchOf({ add: [sampleJob(2004)] }));
      await store.close();
      await assertHolds(database, [...jobs, sampleJob(2004)]);
    }),
);

settingsTest(
  "a packet size lowered behind the store's back makes no endless repetition",
  async (database) => {
    const store = await database.open();
    await withGlobals({ max_allowed_packet: MIB }, async () => {
      await database.killSessions();
      const large = sampleJob(1, { workload: bytesFrom(1, 2 * MIB) });
      await assert.rejects(commitUntilHeld(store, batchOf({ add: [large] })), (error) => {
        assert(error instanceof StoreError && error.code === "TOO_LARGE");
        assert.match(
          error.message,
          /job H:sample.example:1 takes [0-9]+ bytes.*max_allowed_packet/,
        );
        return true;
      });
      await store.commit(batchOf({ add: [sampleJob(2)] }));
    });
    await store.close();
    await assertHolds(database, [sampleJob(2)]);
  },
);

settingsTest(
  "while the server is read-only commits wait, and go on when it is not",
  async (database) => {
    const store = await database.open();
    const load = new CommitLoad(store);
    load.start();
    await load.progress(3);
    await withGlobals({ read_only: 1 }, async () => {
      await eventually(() => load.codes.length >= 3, "failed attempts");
      assert(
        load.codes.every((code) => code === "AWAY" || code === "UNKNOWN_OUTCOME"),
        load.codes.join(" "),
      );
    });
    await load.progress(3);
    await load.stop();
    await store.close();
    await assertHolds(database, load.expected);
    assert(database.log.some((line) => /WARNING .*read-only/.test(line)), database.log.join("\n"));
  },
);

settingsTest("a global lock, as backups take it, is waited for", async (database) => {
  const store = await database.open();
  const load = new CommitLoad(store);
  load.start();
  await load.progress(3);
  // Longer than the store lets the server wait for a lock.
  await server!.sql("FLUSH TABLES WITH READ LOCK; DO SLEEP(7); UNLOCK TABLES;");
  await load.progress(3);
  await load.stop();
  await store.close();
  assert(load.codes.every((code) => code === "LOCKED"), load.codes.join(" "));
  await assertHolds(database, load.expected);
});

settingsTest("an idle store keeps its connection through a global lock", async (database) => {
  const store = await database.open();
  const before = await database.sessions();
  await server!.sql("FLUSH TABLES WITH READ LOCK; DO SLEEP(9); UNLOCK TABLES;");
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  assert.deepEqual(await database.sessions(), before);
  await store.close();
  assert.deepEqual(database.log, []);
});

settingsTest(
  "it says what acknowledged jobs survive, and warns when that is less than it could be",
  async (database) => {
    const expected = [
      [{ innodb_flush_log_at_trx_commit: 1, sync_binlog: 1 }, "power-loss", /^$/],
      [
        { innodb_flush_log_at_trx_commit: 1, sync_binlog: 0 },
        "restart",
        /sync_binlog is 0: .*power/,
      ],
      [
        { innodb_flush_log_at_trx_commit: 2, sync_binlog: 1 },
        "restart",
        /commit is 2: .*not a power/,
      ],
      [
        { innodb_flush_log_at_trx_commit: 0, sync_binlog: 1 },
        "restart",
        /commit is 0: up to a second/,
      ],
    ] as const;
    for (const [globals, durability, warning] of expected) {
      await withGlobals(globals, async () => {
        database.log.length = 0;
        const store = await database.open();
        assert.equal(store.traits.durability, durability);
        assert.match(database.log.join("\n"), warning);
        await store.close();
      });
    }
  },
);

settingsTest(
  "the tables work whatever the server's SQL mode and isolation level are",
  async (database) => {
    const jobs = sampleJobs(10);
    for (
      const [i, mode] of ["", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH"].entries()
    ) {
      await withGlobals({ sql_mode: mode, tx_isolation: "SERIALIZABLE" }, async () => {
        const store = await database.open();
        await store.commit(batchOf({ add: jobs.slice(5 * i, 5 * i + 5) }));
        await store.close();
      });
    }
    await assertHolds(database, jobs);
  },
);

settingsTest("a missing privilege is found at the start, and named", async (database) => {
  await (await database.open()).close();
  const { name } = database;
  for (const lacking of ["DELETE", "UPDATE", "INSERT", "SELECT"]) {
    await database.server.sql(`REVOKE ${lacking} ON ${name}.* FROM '${name}'@'127.0.0.1'`);
    await assert.rejects(database.open(), (error: Error) => {
      assert(error instanceof StoreError);
      assert.equal(error.code, "CANNOT_OPEN");
      assert.match(error.message, new RegExp(`${lacking} command denied`));
      return true;
    });
    await database.server.sql(`GRANT ${PRIVILEGES} ON ${name}.* TO '${name}'@'127.0.0.1'`);
  }
  // With tables that are there already, CREATE is not needed.
  await database.server.sql(`REVOKE CREATE ON ${name}.* FROM '${name}'@'127.0.0.1'`);
  await (await database.open()).close();
});

settingsTest("tables that are not this cogd's are left alone", async (database) => {
  const refused = async (change: string, why: RegExp) => {
    await database.rows(change);
    await assert.rejects(database.open(), (error: Error) => {
      assert(error instanceof StoreError && error.code === "CANNOT_OPEN", String(error));
      assert.match(error.message, why);
      return true;
    });
  };
  await refused("CREATE TABLE cogd_records (a INT)", /"cogd_records".*it is not cogd's/);
  await database.rows("DROP TABLE cogd_records");
  await (await database.open()).close();
  await refused(
    "ALTER TABLE cogd_jobs COMMENT 'cogd 2'",
    /schema has version 2, this cogd knows 1/,
  );
  await database.rows("ALTER TABLE cogd_jobs COMMENT 'cogd 1'");
  await refused("ALTER TABLE cogd_jobs ENGINE = MyISAM", /engine is MyISAM/);
});

settingsTest("what prevents the start is told without the password", async (database) => {
  const good = database.url();
  const wrong: readonly (readonly [string, RegExp])[] = [
    [good.replace(/:[^:@]+@/, ":wrong%20secret@"), /Access denied .*check user, password/],
    [good.replace(/\/[^/]+$/, "/no_such_database"), /no_such_database/],
    [good.replace("127.0.0.1", "no-such-host.invalid"), /no-such-host\.invalid/],
  ];
  for (const [url, why] of wrong) {
    const other = await TestDatabase.create(server!, { values: { "mysql-url": url } });
    await assert.rejects(other.open(), (error: Error) => {
      assert(error instanceof StoreError && error.code === "CANNOT_OPEN", String(error));
      assert.match(error.message, why);
      assert(!/secret/.test(error.message), error.message);
      return true;
    });
    await other.remove();
  }
});

async function assertHolds(
  database: TestDatabase,
  jobs: Parameters<typeof assertSameJobs>[1],
): Promise<void> {
  const store: JobStore = await database.open();
  assertSameJobs((await replayed(store)).jobs, jobs);
  await store.close();
}

test(
  "mysql: the server of the settings tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
