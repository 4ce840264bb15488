/** A queue that C gearmand wrote is taken over, whole and once. */

import assert from "node:assert/strict";
import test from "node:test";
import { byteStringFromText } from "../../../src/protocol/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { programMissing } from "../../support/mod.ts";
import { type Essence, essenceOf, storedByGearmand, takenUp } from "../mod.ts";
import { type DatabaseOptions, TestDatabase } from "./places.ts";

const missing = programMissing("mariadbd");
const server = missing === false ? await startMariadb() : null;

const CREATE_TABLE = `CREATE TABLE gearman_queue (
  unique_key VARCHAR(64), function_name VARCHAR(255), priority INT, data LONGBLOB, when_to_run INT,
  UNIQUE KEY (unique_key, function_name))`;

function adoptionTest(
  name: string,
  run: (database: TestDatabase) => Promise<void>,
  options: DatabaseOptions = {},
): void {
  test(`mysql adoption: ${name}`, { skip: missing }, async () => {
    await using database = await TestDatabase.create(server!, options);
    await run(database);
  });
}

const byUnique = (a: Essence, b: Essence) => a[1] < b[1] ? -1 : 1;

for (const charset of ["utf8mb4", "latin1"]) {
  test(`mysql adoption: what the real C gearmand wrote (${charset}) is taken over`, {
    skip: missing || programMissing("gearmand"),
  }, async () => {
    await using database = await TestDatabase.create(server!, { charset });
    const url = new URL(database.url());
    const options = [
      "--queue-type=MySQL",
      "--mysql-host=127.0.0.1",
      `--mysql-port=${url.port}`,
      `--mysql-user=${url.username}`,
      `--mysql-password=${decodeURIComponent(url.password)}`,
      `--mysql-db=${database.name}`,
    ];
    const stored = await storedByGearmand(options, byteStringFromText("größe"));
    const { jobs } = await takenUp(database);
    // Its table has no order.
    assert.deepEqual(jobs.map(essenceOf).sort(byUnique), stored.sort(byUnique));
    assert.deepEqual(await database.rows("SELECT COUNT(*) FROM gearman_queue"), ["0"]);
    assert(database.log.some((line) => /NOTICE Adopted 61 jobs of C gearmand/.test(line)));
    // Once is once.
    assert.equal((await takenUp(database)).jobs.length, 61);
  });
}

adoptionTest("thousands of rows, of them large ones, come in pages", async (database) => {
  await database.rows(`${CREATE_TABLE};
    INSERT INTO gearman_queue
      SELECT CONCAT('u', seq), IF(seq % 2, 'f', 'F'), seq % 3, REPEAT('x', IF(seq % 500, 50, 3000000)),
        IF(seq % 7, 0, 4102444800 - 2147483648)
      FROM seq_1_to_3500`);
  const { jobs } = await takenUp(database);
  assert.equal(new Set(jobs.map(({ unique }) => unique)).size, 3500);
  assert.deepEqual(
    jobs.map(({ key, handle }) => [key, handle]),
    jobs.map((_, i) => [i + 1, `H:test:${i + 1}`]),
  );
  const bytes = jobs.reduce((sum, { workload }) => sum + workload.length, 0);
  assert.equal(bytes, 3493 * 50 + 7 * 3_000_000);
  assert.equal(jobs.filter(({ notBefore }) => notBefore > 0).length, 500);
  assert.deepEqual(await database.rows("SELECT COUNT(*) FROM gearman_queue"), ["0"]);
});

adoptionTest("NULL in every column is read as C reads it", async (database) => {
  await database.rows(`${CREATE_TABLE};
    INSERT INTO gearman_queue VALUES
      ('a', 'f', NULL, NULL, NULL), ('b', 'f', 99, 'x', -5), (NULL, 'f', 1, 'null unique', 0),
      (NULL, 'f', 2, 'null unique', 0), ('c', NULL, 1, '', 0)`);
  const { jobs } = await takenUp(database);
  const seen = jobs.map(essenceOf).map((job) => JSON.stringify(job)).sort();
  assert.deepEqual(
    seen,
    [
      ["", "c", 1, 0, ""],
      ["f", "", 1, 0, "null unique"],
      ["f", "", 2, 0, "null unique"],
      ["f", "a", 0, 0, ""],
      ["f", "b", 1, 0, "x"],
    ].map((job) => JSON.stringify(job)),
  );
  assert.deepEqual(await database.rows("SELECT COUNT(*) FROM gearman_queue"), ["0"]);
});

adoptionTest(
  "rows of which no job can be made stay where they are, and are told",
  async (database) => {
    await database.rows(
      `CREATE TABLE gearman_queue (unique_key VARCHAR(100), function_name VARCHAR(255),
      priority INT, data LONGBLOB, when_to_run VARCHAR(20));
    INSERT INTO gearman_queue VALUES ('good', 'f', 1, 'x', '0'), ('A', 'f', 1, 'upper', 'soon'),
      ('a', 'f', 1, 'lower', '0'), (REPEAT('u', 65), 'f', 1, 'x', '0'), (NULL, 'f', 1, 'x', 'never'),
      (NULL, 'f', 1, 'x', '0')`,
    );
    const { jobs } = await takenUp(database);
    assert.deepEqual(jobs.map(({ unique }) => unique).sort(), ["", "a", "good"]);
    const left = await database.rows(
      "SELECT unique_key, when_to_run FROM gearman_queue ORDER BY 1",
    );
    assert.deepEqual(left, ["NULL\tnever", "A\tsoon", `${"u".repeat(65)}\t0`]);
    assert(
      database.log.some((line) => line.startsWith("WARNING Left 3 rows")),
      database.log.join("\n"),
    );
    assert(database.log.some((line) => line.includes('when_to_run is "soon", not a time')));
    assert.equal((await takenUp(database)).jobs.length, 3);
  },
);

adoptionTest(
  "an old table without when_to_run, and one with other types, are understood",
  async (database) => {
    await database.rows(`CREATE TABLE gearman_queue (unique_key VARBINARY(64), function_name TEXT,
      priority BIGINT, data MEDIUMTEXT) CHARACTER SET utf8mb4;
    INSERT INTO gearman_queue VALUES (x'FF00'  , 'f', 1, 'x'), (x'FF', 'f', 2, 'größe')`);
    const { jobs } = await takenUp(database);
    const [job, none] = jobs;
    assert.equal(none, undefined);
    assert.deepEqual(essenceOf(job!), ["f", "\xff", 2, 0, byteStringFromText("größe")]);
  },
);

adoptionTest("a table of another name is found by --mysql-table", async (database) => {
  await database.rows(`${CREATE_TABLE.replace("gearman_queue", "`my ``queue`")};
    INSERT INTO \`my \`\`queue\` VALUES ('u', 'f', 1, 'x', 0)`);
  assert.equal((await takenUp(database)).jobs.length, 1);
}, { values: { "mysql-table": "my `queue" } });

adoptionTest(
  "tables that cannot be moved safely are left as they are, with a warning",
  async (database) => {
    const tables: readonly (readonly [string, RegExp])[] = [
      [`${CREATE_TABLE} ENGINE = MyISAM`, /its engine is MyISAM; ALTER TABLE/],
      [
        "CREATE TABLE gearman_queue (id INT, unique_key INT)",
        /no column function_name, priority, data/,
      ],
    ];
    for (const [create, warning] of tables) {
      database.log.length = 0;
      await database.rows(create);
      assert.equal((await takenUp(database)).jobs.length, 0);
      assert.match(database.log.join("\n"), warning);
      await database.rows("DROP TABLE gearman_queue");
    }
  },
);

test(
  "mysql: the server of the adoption tests ends",
  { skip: missing },
  () => server![Symbol.asyncDispose](),
);
