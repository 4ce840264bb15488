import { crc32 } from "node:zlib";
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { LIFE_HEAD_BYTES } from "./packer.ts";
import { SALVAGE } from "./faults.ts";

/**
 * Version of the tables below. Whoever changes them (or the layout in `packer.ts`) raises it and
 * adds the step from the version before.
 */
export const SCHEMA_VERSION = 1;

/** Checksum of a life in which nothing has happened yet: queued, at once, never tried. */
const FRESH_LIFE_SUM = crc32(new Uint8Array(LIFE_HEAD_BYTES));

/**
 * All names begin with `cogd_`, so that C gearmand's table can live in the same file.
 * The defaults are those of the job that nearly every job is. Names are BLOBs because they are bytes
 * in no particular character set. Rising keys keep inserts at one end of the table and the removals
 * at the other.
 */
const TABLES = [
  // One row. The counts tell a damaged file, in which rows cannot be found any more, from a sound one.
  `CREATE TABLE cogd_queue (
    version INTEGER NOT NULL,
    jobs    INTEGER NOT NULL,
    records INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO cogd_queue VALUES (${SCHEMA_VERSION}, 0, 0)`,
  `CREATE TABLE cogd_job (
    key           INTEGER PRIMARY KEY,
    handle        BLOB    NOT NULL,
    function_name BLOB    NOT NULL,
    unique_id     BLOB    NOT NULL,
    priority      INTEGER NOT NULL,              -- 0 high, 1 normal, 2 low
    accepted_at   INTEGER NOT NULL,              -- milliseconds since 1970
    reducer       BLOB    NOT NULL DEFAULT x'',
    namespace     BLOB    NOT NULL DEFAULT x'',
    fixed_sum     INTEGER NOT NULL,              -- CRC-32 of the fields above and the workload
    attempts      INTEGER NOT NULL DEFAULT 0,
    not_before    INTEGER NOT NULL DEFAULT 0,    -- seconds since 1970
    state         INTEGER NOT NULL DEFAULT 0,    -- 0 queued, 1 done, 2 failed, 3 dead
    finished_at   INTEGER,                       -- milliseconds since 1970
    expires_at    INTEGER,                       -- milliseconds since 1970
    result        BLOB,
    life_sum      INTEGER NOT NULL DEFAULT ${FRESH_LIFE_SUM}, -- CRC-32 of attempts to result
    workload      BLOB    NOT NULL
  ) STRICT`,
  `CREATE TABLE cogd_record (
    name  TEXT    PRIMARY KEY,
    value BLOB    NOT NULL,
    sum   INTEGER NOT NULL                       -- CRC-32 of the value
  ) STRICT, WITHOUT ROWID`,
];

/**
 * Creates the tables in a database that has none. Runs inside a transaction.
 * Throws `CANNOT_OPEN` when a newer version of this plugin made them.
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  const known = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'cogd_queue'").get();
  if (known === undefined) {
    for (const statement of TABLES) db.prepare(statement).run();
    return;
  }
  const version = db.prepare("SELECT version FROM cogd_queue").get()?.["version"];
  if (version === SCHEMA_VERSION) return;
  if (typeof version === "number" && version > SCHEMA_VERSION) {
    throw new StoreError(
      "CANNOT_OPEN",
      `Cannot open "${path}": a newer cogd made it (its schema has version ${version}, this cogd ` +
        `knows up to ${SCHEMA_VERSION}); start that one, or give this one another file`,
    );
  }
  throw new StoreError(
    "DAMAGED",
    `Cannot open "${path}": its schema has version ${version}, which never was; ${SALVAGE}`,
  );
}
