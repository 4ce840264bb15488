import { crc32 } from "node:zlib";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import { type NamedRecord, StoreError } from "../../src/plugin_api/mod.ts";
import {
  FIXED_HEAD_BYTES,
  type FixedNumbers,
  type Life,
  LIFE_HEAD_BYTES,
  type NameLengths,
  packedRecordBytes,
  Packer,
  STATES,
} from "./packer.ts";
import { pageEndSql, type Row } from "./paging.ts";
import { ReplayPosition } from "./replay_position.ts";
import { SALVAGE } from "./faults.ts";

/**
 * Names and workload in one array, as a packed job has them: on Deno each array that SQLite hands out
 * costs half a microsecond.
 */
const JOB_COLUMNS = `key, accepted_at, priority, fixed_sum,
  length(handle) AS n1, length(function_name) AS n2, length(unique_id) AS n3,
  length(reducer) AS n4, length(namespace) AS n5,
  CAST(handle || function_name || unique_id || reducer || namespace || workload AS BLOB) AS body,
  attempts, not_before, state, finished_at, expires_at, result, life_sum`;

/**
 * Reads what a database holds, page by page: first where the next page ends, then its rows. Both go by the primary key, so that rows which come and go between two pages do no harm.
 */
export class ReplayReader {
  readonly #path: string;
  readonly #recordPageEnd: StatementSync;
  readonly #records: StatementSync;
  readonly #record: StatementSync;
  readonly #jobPageEnd: StatementSync;
  readonly #jobs: StatementSync;
  readonly #extent: StatementSync;

  constructor(db: DatabaseSync, path: string) {
    this.#path = path;
    this.#recordPageEnd = db.prepare(pageEndSql({
      table: "cogd_record",
      place: "name",
      size: "length(value)",
      where: "name > ?",
    }));
    this.#records = db.prepare(
      "SELECT name, value, sum FROM cogd_record WHERE name > ? AND name <= ? ORDER BY name",
    );
    this.#record = db.prepare("SELECT name, value, sum FROM cogd_record WHERE name = ?");
    this.#jobPageEnd = db.prepare(pageEndSql({
      table: "cogd_job",
      place: "key",
      size: "length(workload) + coalesce(length(result), 0)",
      where: "key > ? AND key <= ?",
    }));
    this.#jobs = db.prepare(
      `SELECT ${JOB_COLUMNS} FROM cogd_job WHERE key > ? AND key <= ? ORDER BY key`,
    );
    this.#extent = db.prepare(
      "SELECT (SELECT coalesce(max(key), 0) FROM cogd_job) AS key, jobs, records FROM cogd_queue",
    );
  }

  /** The beginning of a replay of what the database holds now. */
  start(): ReplayPosition {
    const { key, jobs, records } = this.#extent.get()!;
    return new ReplayPosition(Number(key), Number(jobs), Number(records));
  }

  /** The record of this name as a list of one, or none. */
  record(name: string): NamedRecord[] {
    const row = this.#record.get(name);
    return row === undefined ? [] : [this.#recordOf(row)];
  }

  /**
   * The next page, packed as a count of records, the records, a count of jobs, the jobs; null at the
   * end. Moves the position. Throws `DAMAGED` when a checksum does not match or rows are missing.
   */
  page(position: ReplayPosition): ArrayBuffer | null {
    return this.#recordPage(position) ?? this.#jobPage(position);
  }

  #recordPage(position: ReplayPosition): ArrayBuffer | null {
    if (position.record === null) return null;
    const last = this.#recordPageEnd.get(position.record)?.["last"] ?? null;
    if (last === null) {
      if (position.recordsMissing !== 0) throw this.#missing("records", position.recordsMissing);
      position.record = null;
      return null;
    }
    const rows = this.#records.all(position.record, last);
    position.recordsRead(rows.length);
    position.record = String(last);
    return packRecords(rows.map((row) => this.#recordOf(row)));
  }

  #jobPage(position: ReplayPosition): ArrayBuffer | null {
    const last = this.#jobPageEnd.get(position.job, position.end)?.["last"] ?? null;
    if (last === null) {
      if (position.jobsMissing !== 0) throw this.#missing("jobs", position.jobsMissing);
      return null;
    }
    const rows = this.#jobs.all(position.job, last);
    position.jobsRead(rows.length);
    position.job = Number(last);
    return this.#packJobs(rows);
  }

  #packJobs(rows: readonly Row[]): ArrayBuffer {
    let size = 8;
    for (const { body, result } of rows) {
      size += FIXED_HEAD_BYTES + LIFE_HEAD_BYTES + bytesIn(body).length + bytesIn(result).length;
    }
    const packer = new Packer(size);
    packer.count(0);
    packer.count(rows.length);
    for (const row of rows) {
      const start = packer.position;
      packer.fixedBody(numbersOf(row), nameLengthsOf(row), bytesIn(row["body"]));
      const middle = packer.position;
      packer.life(lifeOf(row));
      if (
        crc32(packer.bytes.subarray(start, middle)) !== row["fixed_sum"] ||
        crc32(packer.bytes.subarray(middle, packer.position)) !== row["life_sum"]
      ) throw this.#damaged(`job ${row["key"]}`);
    }
    return packer.buffer;
  }

  #recordOf(row: Row): NamedRecord {
    const name = String(row["name"]);
    const value = row["value"] as Uint8Array;
    if (crc32(value) !== row["sum"]) throw this.#damaged(`record "${name}"`);
    return { name, value };
  }

  #damaged(what: string): StoreError {
    return new StoreError(
      "DAMAGED",
      `Cannot read ${what} in "${this.#path}": its checksum does not match; ${SALVAGE}`,
    );
  }

  #missing(what: string, count: number): StoreError {
    return new StoreError(
      "DAMAGED",
      `Cannot read all ${what} in "${this.#path}": the number found is wrong by ${count}; ${SALVAGE}`,
    );
  }
}

function packRecords(records: readonly NamedRecord[]): ArrayBuffer {
  let size = 8;
  for (const record of records) size += packedRecordBytes(record);
  const packer = new Packer(size);
  packer.count(records.length);
  for (const record of records) packer.record(record);
  packer.count(0);
  return packer.buffer;
}

// What follows takes values for what they should be; the checksums tell whether they are.

function bytesIn(value: SQLOutputValue | undefined): Uint8Array {
  return value === null ? NO_BYTES : value as Uint8Array;
}

function numbersOf(row: Row): FixedNumbers {
  return {
    key: row["key"] as number,
    acceptedAt: row["accepted_at"] as number,
    priority: row["priority"] as number,
  };
}

function nameLengthsOf(row: Row): NameLengths {
  return [row["n1"], row["n2"], row["n3"], row["n4"], row["n5"]] as unknown as NameLengths;
}

function lifeOf(row: Row): Life {
  const state = STATES[row["state"] as number] ?? "queued";
  return {
    attempts: row["attempts"] as number,
    notBefore: row["not_before"] as number,
    state,
    outcome: state === "queued" ? null : {
      finishedAt: row["finished_at"] as number,
      expiresAt: row["expires_at"] as number,
      result: bytesIn(row["result"]),
    },
  };
}

const NO_BYTES = new Uint8Array(0);
