/** A queue that C gearmand wrote is taken over, whole and once. */

import assert from "node:assert/strict";
import test from "node:test";
import { highWaterFrom } from "../../../src/plugin_api/mod.ts";
import { byteStringFromText } from "../../../src/protocol/mod.ts";
import { replayed } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { essenceOf, eventually, storedByGearmand, takenUp } from "../mod.ts";
import { quoted, type SchemaOptions, TestSchema } from "./places.ts";

const missing = programMissing("postgres");
const server = missing === false ? await startPostgres() : null;

/** C gearmand's own statement. */
const CREATE_TABLE = `CREATE TABLE queue (unique_key VARCHAR(64), function_name VARCHAR(255),
  priority INTEGER, data BYTEA, when_to_run INTEGER, UNIQUE (unique_key, function_name))`;

function adoptionTest(
  name: string,
  run: (schema: TestSchema) => Promise<void>,
  options: SchemaOptions = {},
): void {
  test(`postgres adoption: ${name}`, { skip: missing }, async () => {
    await using schema = await TestSchema.create(server!, options);
    await run(schema);
  });
}

/** As C gearmand makes it: the table belongs to the user. */
function tableFor(
  schema: TestSchema,
  create: string,
  ...rows: readonly string[]
): Promise<string[]> {
  return schema.rows(
    `SET ROLE ${schema.name}; ${create}; ${
      rows.map((row) => `INSERT INTO queue VALUES ${row};`).join("\n")
    }`,
  );
}

async function withDatabase(
  encoding: string,
  work: (database: string) => Promise<void>,
): Promise<void> {
  const database = `adoption_${encoding.toLowerCase()}`;
  await server!.sql(
    `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  try {
    await work(database);
  } finally {
    await server!.sql(`DROP DATABASE ${database} WITH (FORCE)`);
  }
}

for (const encoding of ["UTF8", "LATIN1", "SQL_ASCII"]) {
  test(`postgres adoption: what the real C gearmand wrote (${encoding}) is taken over`, {
    skip: missing || programMissing("gearmand"),
  }, () =>
    withDatabase(encoding, async (database) => {
      await using schema = await TestSchema.create(server!, { database });
      const { name } = schema;
      const place = `host=${server!.folder} port=${server!.port} user=${name} dbname=${database}`;
      // In a database of bytes without meaning, any bytes; else such as its encoding has.
      const odd = encoding === "UTF8" ? byteStringFromText("größe") : "gr\xf6\xdfe";
      const options = ["--queue-type=Postgres", `--libpq-conninfo=${place}`];
      const stored = await storedByGearmand(options, odd);
      const held = await takenUp(schema);
      assert.deepEqual(held.jobs.map(essenceOf), stored);
      assert.deepEqual(held.jobs.map(({ key }) => key), stored.map((_, i) => i + 1));
      assert.deepEqual(await schema.rows("SELECT count(*) FROM queue"), ["0"]);
      assert.deepEqual(schema.log.filter((line) => !line.startsWith("INFO")), [
        `NOTICE Adopted 61 jobs of C gearmand from table "${name}.queue" of ` +
        `postgres 127.0.0.1:${server!.port}/${database}`,
      ]);
      // Once is once.
      assert.equal((await takenUp(schema)).jobs.length, 61);
    }));
}

adoptionTest(
  "thousands of rows, of them large ones, come in pages and in order",
  async (schema) => {
    await tableFor(schema, CREATE_TABLE);
    await schema.rows(`INSERT INTO queue SELECT 'u' || n, 'f', n % 3,
    convert_to(repeat('x', CASE n % 500 WHEN 0 THEN 3000000 ELSE 50 END), 'UTF8'),
    CASE n % 7 WHEN 0 THEN 2000000000 ELSE 0 END FROM generate_series(1, 3500) AS n`);
    const { jobs, records } = await takenUp(schema);
    assert.deepEqual(jobs.map(({ unique }) => unique), jobs.map((_, i) => `u${i + 1}`));
    assert.deepEqual(
      jobs.map(({ key, handle }) => [key, handle]),
      Array.from({ length: 3500 }, (_, i) => [i + 1, `H:test:${i + 1}`]),
    );
    const bytes = jobs.reduce((sum, { workload }) => sum + workload.length, 0);
    assert.equal(bytes, 3493 * 50 + 7 * 3_000_000);
    assert.equal(jobs.filter(({ notBefore }) => notBefore > 0).length, 500);
    const kept = [...records].map(([name, value]) => ({ name, value }));
    assert.deepEqual(highWaterFrom(kept), { nextKey: 3501, nextHandle: 3501 });
    assert.deepEqual(await schema.rows("SELECT count(*) FROM queue"), ["0"]);
  },
);

adoptionTest("NULL in every column is read as C reads it", async (schema) => {
  await tableFor(
    schema,
    CREATE_TABLE,
    "('a', 'f', NULL, NULL, NULL), ('b', 'f', 99, 'x', -5), (NULL, 'f', 1, 'null unique', 0)",
    "(NULL, 'f', 2, 'null unique', 0), ('c', NULL, 1, '', 0), (NULL, NULL, NULL, NULL, NULL)",
  );
  assert.deepEqual((await takenUp(schema)).jobs.map(essenceOf), [
    ["f", "a", 0, 0, ""],
    ["f", "b", 1, 0, "x"],
    ["f", "", 1, 0, "null unique"],
    ["f", "", 2, 0, "null unique"],
    ["", "c", 1, 0, ""],
    ["", "", 0, 0, ""],
  ]);
  assert.deepEqual(await schema.rows("SELECT count(*) FROM queue"), ["0"]);
});

adoptionTest(
  "rows of which no job can be made stay where they are, and are told",
  async (schema) => {
    await tableFor(
      schema,
      "CREATE TABLE queue (unique_key text, function_name text, priority text, data text, " +
        "when_to_run text)",
      "('good', 'f', '1', 'größe', '0'), ('late', 'f', '1', 'x', 'tomorrow')",
      `(${quoted("u".repeat(65))}, 'f', '2', 'x', '0'), ('better', 'f', 'high', NULL, '12.5')`,
    );
    for (let opening = 1; opening <= 2; opening++) {
      schema.log.length = 0;
      const { jobs } = await takenUp(schema);
      assert.deepEqual(jobs.map(essenceOf), [
        ["f", "good", 1, 0, byteStringFromText("größe")],
        ["f", "better", 1, 12, ""],
      ]);
      const left = await schema.rows("SELECT unique_key FROM queue ORDER BY 1");
      assert.deepEqual(left, ["late", "u".repeat(65)]);
      const log = schema.log.join("\n");
      assert.match(log, /WARNING Left 2 rows in table "test_/);
      assert.match(log, /unique "late"\): when_to_run is "tomorrow", not a time/);
      assert.equal(/NOTICE Adopted 2 jobs/.test(log), opening === 1);
    }
  },
);

adoptionTest(
  "a row that the server cannot read is told and left, the others are taken",
  async (schema) => {
    await tableFor(schema, CREATE_TABLE);
    await schema.rows(`
    ALTER TABLE queue ALTER data SET STORAGE EXTERNAL;
    INSERT INTO queue SELECT 'u' || n, 'f', 1, convert_to(repeat('x', 20000), 'UTF8'), 0
    FROM generate_series(1, 300) AS n`);
    const [toast] = await schema.rows(
      "SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'queue'::regclass",
    );
    // A piece of the data of one row is lost, as after a damaged disk.
    await schema.rows(`
    BEGIN;
    UPDATE pg_class SET relkind = 'r' WHERE oid = '${toast}'::regclass;
    DELETE FROM ${toast} WHERE chunk_seq = 3 AND chunk_id =
      (SELECT chunk_id FROM ${toast} GROUP BY chunk_id ORDER BY chunk_id OFFSET 136 LIMIT 1);
    UPDATE pg_class SET relkind = 't' WHERE oid = '${toast}'::regclass;
    COMMIT`);
    const { jobs } = await takenUp(schema);
    assert.equal(jobs.length, 299);
    assert(!jobs.some(({ unique }) => unique === "u137"));
    assert.deepEqual(await schema.rows("SELECT unique_key FROM queue"), ["u137"]);
    assert.match(schema.log.join("\n"), /WARNING Left the row at \([0-9]+,[0-9]+\) in table/);
  },
);

adoptionTest(
  "an old table without when_to_run, and one with other types, are understood",
  async (schema) => {
    await tableFor(
      schema,
      "CREATE TABLE queue (other int, data bytea, unique_key bytea, function_name char(5), " +
        "priority numeric)",
      "(1, '\\x00ff', '\\xff5c', 'f', 2.0)",
    );
    assert.deepEqual((await takenUp(schema)).jobs.map(essenceOf), [[
      "f",
      "\xff\\",
      2,
      0,
      "\0\xff",
    ]]);
  },
);

adoptionTest("a table of another name and schema is found by --libpq-table", async (schema) => {
  await schema.rows(`CREATE SCHEMA "Old ${schema.name}"`);
  const name = `"Old ${schema.name}"."My ""queue"`;
  await schema.rows(`
    ${CREATE_TABLE.replace("queue", name)};
    INSERT INTO ${name} VALUES ('u', 'f', 1, 'x', 0);
    GRANT USAGE ON SCHEMA "Old ${schema.name}" TO ${schema.name};
    GRANT SELECT, DELETE ON ${name} TO ${schema.name};`);
  const store = await schema.open({ values: { "libpq-table": name } });
  assert.equal((await replayed(store)).jobs.length, 1);
  await store.close();
  await schema.rows(`DROP SCHEMA "Old ${schema.name}" CASCADE`);
});

adoptionTest("what cannot be taken over is left as it is, with a warning", async (schema) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["CREATE VIEW queue AS SELECT 1 AS unique_key", /it is not an ordinary table/],
    ["CREATE TABLE queue (id int, unique_key int)", /no column function_name, priority, data/],
    [`RESET ROLE; ${CREATE_TABLE}`, /the user may not SELECT and DELETE there/],
  ];
  for (const [create, warning] of cases) {
    schema.log.length = 0;
    await tableFor(schema, create);
    assert.equal((await takenUp(schema)).jobs.length, 0);
    assert.match(schema.log.join("\n"), warning);
    await schema.rows(`DROP ${/VIEW/.test(create) ? "VIEW" : "TABLE"} queue`);
  }
});

adoptionTest(
  "a C gearmand that still writes is waited for no longer than a moment",
  async (schema) => {
    await tableFor(schema, CREATE_TABLE, "('u', 'f', 1, 'x', 0)");
    await schema.rows("CREATE TABLE told ()");
    // It writes before the store is opened, and until it is told to end.
    const busy = schema.rows(`
      BEGIN;
      INSERT INTO queue VALUES ('v', 'f', 1, 'x', 0);
      DO $$ BEGIN
        WHILE NOT EXISTS (SELECT FROM told) LOOP PERFORM pg_sleep(0.05); END LOOP;
      END $$;
      COMMIT`);
    await eventually(
      async () =>
        (await schema.rows(
          "SELECT count(*) FROM pg_locks WHERE relation = 'queue'::regclass AND granted " +
            "AND mode = 'RowExclusiveLock'",
        ))[0] === "1",
      "the other one to write",
    );
    await assert.rejects(schema.open(), { message: /lock timeout/ });
    await schema.rows("INSERT INTO told DEFAULT VALUES");
    await busy;
    assert.equal((await takenUp(schema)).jobs.length, 2);
  },
);

test(
  "postgres: the server of the adoption tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
