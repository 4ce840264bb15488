import { StoreError } from "../../src/plugin_api/mod.ts";
import { type MySqlConnection, textOf } from "./connection.ts";
import type { Scope } from "./scope.ts";

/**
 * Version of the tables below, kept in their comments. Whoever changes them raises it and adds the step from
 * the version before.
 */
export const SCHEMA_VERSION = 1;

const TABLE_OPTIONS =
  `ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COMMENT = 'cogd ${SCHEMA_VERSION}'`;

/**
 * Names, keys and workloads are bytes in no character set. A job's key is minted by the server, and rises:
 * new rows come at one end of the table, and go from the other. NULL stands for what nearly every job
 * has: no reducer, its store's namespace, no outcome.
 */
function tables(scope: Scope): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${scope.lease} (
      namespace  VARBINARY(191)  NOT NULL PRIMARY KEY,
      term       BIGINT UNSIGNED NOT NULL COMMENT 'rises with each session that may write',
      holder_id  VARBINARY(64)   NOT NULL COMMENT 'empty: nobody',
      holder     VARBINARY(2000) NOT NULL COMMENT 'who that is, for people',
      expires_at DATETIME(3)     NOT NULL COMMENT 'UTC',
      session_id BIGINT UNSIGNED NOT NULL COMMENT 'of the holder, as KILL knows it',
      address    VARBINARY(300)  NOT NULL COMMENT 'of the session, as the process list has it'
    ) ${TABLE_OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${scope.records} (
      namespace VARBINARY(191) NOT NULL,
      name      VARBINARY(200) NOT NULL,
      value     MEDIUMBLOB     NOT NULL,
      PRIMARY KEY (namespace, name)
    ) ${TABLE_OPTIONS}`,
    `CREATE TABLE IF NOT EXISTS ${scope.jobs} (
      namespace     VARBINARY(191)   NOT NULL,
      job_key       BIGINT           NOT NULL,
      handle        VARBINARY(64)    NOT NULL,
      function_name BLOB             NOT NULL,
      unique_id     VARBINARY(64)    NOT NULL,
      priority      TINYINT UNSIGNED NOT NULL COMMENT '0 high, 1 normal, 2 low',
      accepted_at   BIGINT           NOT NULL COMMENT 'milliseconds since 1970',
      reducer       BLOB             NULL,
      job_namespace BLOB             NULL COMMENT 'NULL: that of the first column',
      attempts      BIGINT           NOT NULL DEFAULT 0,
      not_before    BIGINT           NOT NULL DEFAULT 0 COMMENT 'seconds since 1970',
      state         TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '0 queued, 1 done, 2 failed, 3 dead',
      finished_at   BIGINT           NULL COMMENT 'milliseconds since 1970',
      expires_at    BIGINT           NULL COMMENT 'milliseconds since 1970',
      result        LONGBLOB         NULL,
      workload      LONGBLOB         NOT NULL,
      PRIMARY KEY (namespace, job_key)
    ) ${TABLE_OPTIONS}`,
  ];
}

/**
 * Creates the tables where they are missing; needs the privilege CREATE only then. Throws `CANNOT_OPEN` when
 * they are not what this version understands.
 */
export async function prepareSchema(
  connection: MySqlConnection,
  scope: Scope,
  place: string,
): Promise<void> {
  let found = await findTables(connection, scope);
  if (found.length < scope.bareNames.length) {
    for (const statement of tables(scope)) await connection.change(statement);
    found = await findTables(connection, scope);
  }
  for (const { name, engine, comment } of found) {
    const refuse = (why: string) =>
      new StoreError("CANNOT_OPEN", `Cannot use table "${name}" of ${place}: ${why}`);
    const version = Number(/^cogd ([0-9]+)$/.exec(comment)?.[1] ?? NaN);
    if (Number.isNaN(version)) {
      throw refuse("it is not cogd's; choose other names with --mysql-prefix");
    }
    if (version !== SCHEMA_VERSION) {
      throw refuse(
        `its schema has version ${version}, this cogd knows ${SCHEMA_VERSION}; use the cogd ` +
          "that made it, or another --mysql-prefix",
      );
    }
    // Another engine would have no transactions.
    if (engine !== "InnoDB") {
      throw refuse(`its engine is ${engine}; ALTER TABLE ${name} ENGINE = InnoDB`);
    }
  }
}

/**
 * Does nothing in every way that cogd changes tables: a missing privilege is found at the start, not when the
 * first job is done. Rejects with the server's error.
 */
export async function requirePrivileges(connection: MySqlConnection, scope: Scope): Promise<void> {
  const none = `WHERE namespace = ${scope.namespace} AND 1 = 0`;
  const columns: readonly (readonly [string, string])[] = [
    [scope.jobs, "handle"],
    [scope.records, "value"],
  ];
  for (const [table, column] of columns) {
    await connection.change(`INSERT INTO ${table} SELECT * FROM ${table} ${none}`);
    await connection.change(`UPDATE ${table} SET ${column} = x'' ${none}`);
    await connection.change(`DELETE FROM ${table} ${none}`);
  }
}

async function findTables(connection: MySqlConnection, scope: Scope) {
  const names = scope.bareNames.map((name) => `'${name}'`).join(", ");
  const rows = await connection.select(
    "SELECT table_name, engine, table_comment FROM information_schema.tables " +
      `WHERE table_schema = DATABASE() AND LOWER(table_name) IN (${names})`,
  );
  return rows.map((row) => {
    const [name, engine, comment] = row.map(textOf);
    return { name: name!, engine: engine!, comment: comment! };
  });
}
