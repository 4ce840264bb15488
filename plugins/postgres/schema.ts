import { StoreError } from "../../src/plugin_api/mod.ts";
import type { PostgresConnection } from "./connection.ts";

/** Version of the tables below. Whoever changes them raises it and adds the step from the version before. */
export const SCHEMA_VERSION = 1;

/** Keeps two servers from creating the tables at once: any number, as long as it stays the same. */
const CREATION_LOCK = "7165297014";

/** The tables' names for SQL, with their schema, quoted. */
export interface Tables {
  /** One row: the version. */
  readonly schema: string;
  /** One row for each namespace, with its lease. */
  readonly queue: string;
  readonly job: string;
  readonly record: string;
}

function tablesIn(schema: string): Tables {
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  return {
    schema: `${quoted}.cogd_schema`,
    queue: `${quoted}.cogd_queue`,
    job: `${quoted}.cogd_job`,
    record: `${quoted}.cogd_record`,
  };
}

/**
 * Names are `bytea`, because they are bytes in no particular encoding. The queue's number stands before
 * the key, so that the jobs of several servers (`--namespace`) share the table and nothing else.
 * Rising keys keep inserts at one end of the index and removals at the other.
 */
function creation({ schema, queue, job, record }: Tables): string {
  return `
  CREATE TABLE ${schema} (version int4 NOT NULL);
  INSERT INTO ${schema} VALUES (${SCHEMA_VERSION});
  CREATE TABLE ${queue} (
    id         int4        PRIMARY KEY,
    namespace  bytea       NOT NULL UNIQUE,
    term       int8        NOT NULL,            -- rises; every write compares it
    holder     text        NOT NULL,            -- JSON; empty when the lease was given back
    expires_at timestamptz NOT NULL
  );
  CREATE TABLE ${job} (
    queue         int4  NOT NULL,
    key           int8  NOT NULL,
    priority      int2  NOT NULL,               -- 0 high, 1 normal, 2 low
    state         int2  NOT NULL DEFAULT 0,     -- 0 queued, 1 done, 2 failed, 3 dead
    accepted_at   int8  NOT NULL,               -- milliseconds since 1970
    attempts      int8  NOT NULL DEFAULT 0,
    not_before    int8  NOT NULL DEFAULT 0,     -- seconds since 1970
    finished_at   int8,                         -- milliseconds since 1970
    expires_at    int8,                         -- milliseconds since 1970
    handle        bytea NOT NULL,
    function_name bytea NOT NULL,
    unique_id     bytea NOT NULL,
    reducer       bytea NOT NULL DEFAULT '',
    namespace     bytea,                        -- NULL: that of the queue
    workload      bytea NOT NULL,
    result        bytea,
    PRIMARY KEY (queue, key)
  );
  CREATE TABLE ${record} (
    queue int4  NOT NULL,
    name  text  COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (queue, name)
  );`;
}

/**
 * Finds the tables on the search path, or creates them in its first schema.
 * Throws `CANNOT_OPEN` when there is no schema or a newer version of this plugin made the tables.
 */
export async function prepareSchema(connection: PostgresConnection): Promise<Tables> {
  return await findTables(connection) ?? await createTables(connection);
}

async function findTables(connection: PostgresConnection): Promise<Tables | null> {
  const rows = await connection.query(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
      "WHERE c.oid = to_regclass('cogd_schema')",
  );
  const schema = rows[0]?.[0];
  if (schema === undefined || schema === null) return null;
  const tables = tablesIn(schema);
  const versions = await connection.query(
    `SELECT version FROM ${tables.schema}`,
  );
  const version = Number(versions[0]?.[0]);
  if (version === SCHEMA_VERSION) return tables;
  throw version > SCHEMA_VERSION
    ? new StoreError(
      "CANNOT_OPEN",
      `a newer cogd made its tables (version ${version}, this cogd knows up to ` +
        `${SCHEMA_VERSION}); start that one, or give this one another database or schema`,
    )
    : new StoreError("DAMAGED", `its tables have version ${versions[0]?.[0]}, which never was`);
}

async function createTables(connection: PostgresConnection): Promise<Tables> {
  const [row] = await connection.query("SELECT current_schema()");
  const schema = row?.[0];
  if (schema === undefined || schema === null) {
    throw new StoreError(
      "CANNOT_OPEN",
      "no schema of the search path exists; create one, or set search_path",
    );
  }
  await connection.execute(`BEGIN; SELECT pg_advisory_xact_lock(${CREATION_LOCK})`);
  try {
    // Another server may have been quicker.
    const found = await findTables(connection);
    const tables = found ?? tablesIn(schema);
    if (found === null) await connection.execute(creation(tables));
    await connection.execute("COMMIT");
    return tables;
  } catch (error) {
    // The connection may be the reason; the first error counts.
    await connection.execute("ROLLBACK").catch(() => {});
    throw error;
  }
}
