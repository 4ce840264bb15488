/** What a server, its settings and a user's privileges make of a queue. */

import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { postgresPlugin } from "../../../plugins/postgres/mod.ts";
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
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing, temporaryFolder } from "../../support/mod.ts";
import { CommitLoad, commitUntilHeld, endSessions, eventually } from "../mod.ts";
import { TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

function openingTest(name: string, run: (schema: TestSchema) => Promise<void>): void {
  test(`postgres: ${name}`, { skip: missing }, async () => {
    await using schema = await TestSchema.create(server!);
    await run(schema);
  });
}

const warnings = ({ log }: TestSchema) => log.filter((line) => !/^(INFO|NOTICE|DEBUG)/.test(line));

openingTest(
  "a wrong password ends the start, and is not repeated in the message",
  async (schema) => {
    const password = "wr0ng-s3cret";
    const url = server!.urlFor({ user: schema.name, password });
    const opening = postgresPlugin.open(
      { values: new Map([["postgres-url", url]]), dataDir: "" },
      schema.host(),
    );
    await assert.rejects(opening, (error: Error & { code?: string }) => {
      assert.equal(error.code, "CANNOT_OPEN");
      assert.match(error.message, /password authentication failed for user "test_/);
      assert(!`${error.message}${error.stack}${error.cause}`.includes(password));
      return true;
    });
  },
);

openingTest("a password comes from a file, from libpq's file, or with the URL", async (schema) => {
  await using folder = await temporaryFolder();
  const own = join(folder.path, "password");
  const libpq = join(folder.path, "pgpass");
  await writeFile(own, `${schema.password}\nnot this line\n`);
  const escaped = schema.password.replace(/[\\:]/g, "\\$&");
  await writeFile(libpq, `other:*:*:*:no\n127.0.0.1:${server!.port}:*:${schema.name}:${escaped}\n`);
  await chmod(libpq, 0o600);
  const url = server!.urlFor({ user: schema.name });
  const conninfo = `host=127.0.0.1 port=${server!.port} user=${schema.name} dbname=cogd`;
  for (
    const values of [
      { "postgres-url": url, "postgres-password-file": own },
      { "postgres-url": `${url}?passfile=${libpq}` },
      { "libpq-conninfo": `${conninfo} passfile='${libpq}'` },
      { "libpq-conninfo": `${conninfo} password='${schema.password.replace(/['\\]/g, "\\$&")}'` },
    ]
  ) {
    const given = new Map(Object.entries<string>(values));
    const store = await postgresPlugin.open({ values: given, dataDir: "" }, schema.host());
    await store.close();
  }
  assert.deepEqual(warnings(schema), []);
});

openingTest("a Unix socket is as good as an address", async (schema) => {
  const conninfo = `host=${server!.folder} port=${server!.port} user=${schema.name} dbname=cogd`;
  const open = () =>
    postgresPlugin.open(
      { values: new Map([["libpq-conninfo", conninfo]]), dataDir: "" },
      schema.host(),
    );
  const store = await open();
  await store.commit(batchOf({ add: sampleJobs(3) }));
  await store.close();
  const again = await open();
  assertSameJobs((await replayed(again)).jobs, sampleJobs(3));
  await again.close();
});

openingTest("the first of several servers that can be reached is used", async (schema) => {
  const { name, password } = schema;
  const url = server!.urlFor({ user: name, password })
    .replace(/@[^/]+/, `@127.0.0.1:1,127.0.0.1:${server!.port}`);
  const values = new Map([["postgres-url", url]]);
  const store = await postgresPlugin.open({ values, dataDir: "" }, schema.host());
  await schema.killSessions();
  await commitUntilHeld(store, batchOf({ add: sampleJobs(3) }));
  await store.close();
  assert.deepEqual(await schema.rows("SELECT count(*) FROM cogd_job"), ["3"]);
});

openingTest(
  "without a database, or the right to make tables, the start says so",
  async (schema) => {
    const { name, password } = schema;
    const url = server!.urlFor({ user: name, password, database: "no such" });
    const opening = postgresPlugin.open(
      { values: new Map([["postgres-url", url]]), dataDir: "" },
      schema.host(),
    );
    await assert.rejects(opening, /database "no such" does not exist/);
    await schema.rows(`REVOKE CREATE ON SCHEMA ${name} FROM ${name}`);
    await assert.rejects(schema.open(), { code: "CANNOT_OPEN", message: /permission denied/ });
  },
);

openingTest("who is not let in is told why", async (schema) => {
  const { name, password } = schema;
  const openAs = (url: string) =>
    postgresPlugin.open({ values: new Map([["postgres-url", url]]), dataDir: "" }, schema.host());
  await assert.rejects(
    openAs(server!.urlFor({ user: name })),
    /the server asks for a password, and none was given; name a file with --postgres-password-file/,
  );
  await schema.rows(`ALTER ROLE ${name} NOLOGIN`);
  // The second try, with TLS, only says that this server has none.
  await assert.rejects(openAs(server!.urlFor({ user: name, password })), /not permitted to log in/);
});

openingTest("a user needs no right to make tables once they are there", async (schema) => {
  await (await schema.open()).close();
  const { name } = schema;
  await schema.rows(`
    REVOKE CREATE ON SCHEMA ${name} FROM ${name};
    REASSIGN OWNED BY ${name} TO tester;
    GRANT SELECT, INSERT, UPDATE, DELETE ON cogd_job, cogd_record TO ${name};
    GRANT SELECT, INSERT, UPDATE ON cogd_queue TO ${name};
    GRANT SELECT ON cogd_schema TO ${name};`);
  const store = await schema.open();
  const load = new CommitLoad(store);
  load.start();
  await load.progress(10);
  await load.stop();
  await store.close();
});

openingTest("tables of a newer version are left alone", async (schema) => {
  await (await schema.open()).close();
  await schema.rows("UPDATE cogd_schema SET version = 2");
  await assert.rejects(schema.open(), {
    code: "CANNOT_OPEN",
    message: /a newer cogd made its tables \(version 2, this cogd knows up to 1\)/,
  });
  await schema.rows("UPDATE cogd_schema SET version = -1");
  await assertRefuses(schema.open(), "DAMAGED");
});

openingTest(
  "two servers that make the tables at the same time do not disturb each other",
  async (schema) => {
    const stores = await Promise.all(
      Array.from({ length: 6 }, (_, i) => schema.open({ namespace: `n${i}` })),
    );
    await Promise.all(stores.map((store) => store.commit(batchOf({ add: sampleJobs(5) }))));
    await Promise.all(stores.map((store) => store.close()));
    assert.deepEqual(await schema.rows("SELECT count(*), count(DISTINCT queue) FROM cogd_job"), [
      "30\t6",
    ]);
  },
);

openingTest("what commits survive is told, and warned of where it is little", async (schema) => {
  const usual = await schema.open();
  assert.equal(usual.traits.durability, "power-loss");
  await usual.close();
  assert.deepEqual(warnings(schema), []);
  await schema.rows(`ALTER USER ${schema.name} SET synchronous_commit TO off`);
  const hasty = await schema.open();
  assert.equal(hasty.traits.durability, "restart");
  await hasty.close();
  assert.match(warnings(schema).join("\n"), /^WARNING postgres .*synchronous_commit is off/);
  // A promise is kept, whatever the setting becomes later.
  await schema.rows(`ALTER USER ${schema.name} SET synchronous_commit TO remote_write`);
  const careful = await schema.open();
  assert.equal(careful.traits.durability, "power-loss");
  await schema.rows(`ALTER USER ${schema.name} SET synchronous_commit TO off`);
  await endSessions(schema);
  await commitUntilHeld(careful, batchOf({ add: sampleJobs(1) }));
  await careful.close();
  assert.equal(warnings(schema).length, 1);
});

openingTest(
  "sessions that the server ends when they are idle are not noticed by anybody",
  async (schema) => {
    await schema.rows(`ALTER USER ${schema.name} SET idle_session_timeout TO '2s'`);
    const store = await schema.open();
    for (let key = 1; key <= 3; key++) {
      await eventually(async () => (await schema.sessions()).length === 0, "idle_session_timeout");
      assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(key)] })), []);
    }
    await store.close();
    assert.deepEqual(warnings(schema), []);
  },
);

openingTest(
  "one whose end this process had no time to see is not noticed either",
  async (schema) => {
    await schema.rows(`ALTER USER ${schema.name} SET idle_session_timeout TO '2s'`);
    const store = await schema.open();
    // Blocks the event loop, as a long collection of garbage does.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500);
    assert.deepEqual(await commitUntilHeld(store, batchOf({ add: [sampleJob(1)] })), []);
    await store.close();
  },
);

openingTest("a server that takes no writes is waited for", async (schema) => {
  const store = await schema.open();
  await store.commit(batchOf({ add: [sampleJob(1)] }));
  await server!.sql(
    "ALTER SYSTEM SET default_transaction_read_only TO on; SELECT pg_reload_conf()",
  );
  try {
    await eventually(
      async () => (await server!.sql("SHOW default_transaction_read_only")).trim() === "on",
      "the setting",
    );
    const batch = batchOf({ add: [sampleJob(2)], remove: [1] });
    const codes: string[] = [];
    const held = commitUntilHeld(store, batch, 120_000, codes);
    await eventually(() => codes.length >= 3, "failed attempts");
    assert(codes.every((code) => code === "AWAY" || code === "UNKNOWN_OUTCOME"), codes.join(" "));
    await server!.sql(
      "SET default_transaction_read_only TO off; ALTER SYSTEM RESET default_transaction_read_only",
    );
    await server!.sql("SET default_transaction_read_only TO off; SELECT pg_reload_conf()");
    await held;
  } finally {
    await server!.sql("SET default_transaction_read_only TO off; ALTER SYSTEM RESET ALL");
    server!.reload();
  }
  await store.close();
  assert.deepEqual(await schema.rows("SELECT key FROM cogd_job"), ["2"]);
  assert.match(warnings(schema).join("\n"), /the server takes no writes: a failover under way/);
});

openingTest("a role's own limits on statements do not concern the queue", async (schema) => {
  await schema.rows(`
    ALTER USER ${schema.name} SET statement_timeout TO 5;
    ALTER USER ${schema.name} SET default_transaction_isolation TO serializable;
    ALTER USER ${schema.name} SET plan_cache_mode TO force_custom_plan;
    ALTER USER ${schema.name} SET client_encoding TO LATIN1;
    ALTER USER ${schema.name} SET bytea_output TO escape;
    ALTER USER ${schema.name} SET standard_conforming_strings TO off;
    ALTER USER ${schema.name} SET "DateStyle" TO 'SQL, DMY';
    ALTER USER ${schema.name} SET "TimeZone" TO 'Asia/Kolkata';`);
  const put = ["a\\'", "a\\'; DROP TABLE cogd_job", "b"].map((name) => recordOf(name, "x"));
  const store = await schema.open();
  await store.commit(batchOf({ add: [sampleJob(1, { workload: bytesFrom(1, 3_000_000) })] }));
  await schema.killSessions();
  await commitUntilHeld(store, batchOf({ remove: [1], add: [sampleJob(2)], put }));
  await store.close();
  const again = await schema.open();
  const held = await replayed(again);
  assertSameJobs(held.jobs, [sampleJob(2)]);
  assert.deepEqual([...held.records.keys()], put.map(({ name }) => name));
  await again.close();
});

openingTest("a workload that is too large is refused before anything is sent", async (schema) => {
  const store = await schema.open();
  const workload = new Uint8Array(store.traits.maxWorkloadBytes + 1);
  await assertRefuses(store.commit(batchOf({ add: [sampleJob(1, { workload })] })), "TOO_LARGE");
  await store.commit(batchOf({ add: [sampleJob(2)] }));
  await store.close();
});

openingTest("a row that cogd never wrote is not taken for a job", async (schema) => {
  const store = await schema.open();
  await store.commit(batchOf({ add: sampleJobs(3) }));
  await store.close();
  await schema.rows("UPDATE cogd_job SET priority = 7 WHERE key = 2");
  const damaged = await schema.open();
  await assertRefuses(replayed(damaged), "DAMAGED");
  await damaged.close();
});

test(
  "postgres: the server of the opening tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
