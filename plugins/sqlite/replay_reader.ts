import { crc32 } from "node:zlib";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type NamedRecord,
  nameOfBytes,
  REPLAY_PAGE_LIMITS,
  type StoredJob,
  type StoredPriority,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { packedJobBytes, packedRecordBytes, Packer, STATES } from "./packer.ts";
import { lastThatFits, type Row } from "./paging.ts";
import { ReplayPosition } from "./replay_position.ts";
import { SALVAGE } from "./sqlite_faults.ts";

/**
 * Reads what a database holds, page by page: first how long the next rows are, then as many of them
 * as fit. Both go by the primary key, so that rows which come and go between two pages do no harm.
 */
export class ReplayReader {
  readonly #path: string;
  readonly #recordSizes: StatementSync;
  readonly #records: StatementSync;
  readonly #record: StatementSync;
  readonly #jobSizes: StatementSync;
  readonly #jobs: StatementSync;
  readonly #extent: StatementSync;

  constructor(db: DatabaseSync, path: string) {
    this.#path = path;
    this.#recordSizes = db.prepare(
      "SELECT name AS at, length(value) AS size FROM cogd_record WHERE name > ? ORDER BY name " +
        `LIMIT ${REPLAY_PAGE_LIMITS.jobs}`,
    );
    this.#records = db.prepare(
      "SELECT name, value, sum FROM cogd_record WHERE name > ? AND name <= ? ORDER BY name",
    );
    this.#record = db.prepare("SELECT name, value, sum FROM cogd_record WHERE name = ?");
    this.#jobSizes = db.prepare(
      "SELECT key AS at, length(workload) + coalesce(length(result), 0) AS size FROM cogd_job " +
        `WHERE key > ? AND key <= ? ORDER BY key LIMIT ${REPLAY_PAGE_LIMITS.jobs}`,
    );
    this.#jobs = db.prepare("SELECT * FROM cogd_job WHERE key > ? AND key <= ? ORDER BY key");
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
    const last = lastThatFits(this.#recordSizes.all(position.record));
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
    const last = lastThatFits(this.#jobSizes.all(position.job, position.end));
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
    const jobs = rows.map(jobOf);
    let size = 8;
    for (const job of jobs) size += packedJobBytes(job);
    const packer = new Packer(size);
    packer.count(0);
    packer.count(jobs.length);
    jobs.forEach((job, i) => {
      const start = packer.position;
      packer.fixed(job);
      const middle = packer.position;
      packer.life(job);
      const row = rows[i]!;
      if (
        crc32(packer.bytes.subarray(start, middle)) !== row["fixed_sum"] ||
        crc32(packer.bytes.subarray(middle, packer.position)) !== row["life_sum"]
      ) throw this.#damaged(`job ${job.key} (handle ${job.handle})`);
    });
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

function jobOf(row: Row): StoredJob {
  const state = STATES[row["state"] as number] ?? "queued";
  return {
    key: row["key"] as number,
    handle: nameOfBytes(row["handle"] as Uint8Array),
    functionName: nameOfBytes(row["function_name"] as Uint8Array),
    unique: nameOfBytes(row["unique_id"] as Uint8Array),
    workload: row["workload"] as Uint8Array,
    priority: row["priority"] as StoredPriority,
    notBefore: row["not_before"] as number,
    reducer: nameOfBytes(row["reducer"] as Uint8Array),
    acceptedAt: row["accepted_at"] as number,
    attempts: row["attempts"] as number,
    namespace: nameOfBytes(row["namespace"] as Uint8Array),
    state,
    outcome: state === "queued" ? null : {
      finishedAt: row["finished_at"] as number,
      expiresAt: row["expires_at"] as number,
      result: (row["result"] ?? new Uint8Array(0)) as Uint8Array,
    },
  };
}
