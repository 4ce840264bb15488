import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type HighWater,
  highWaterFrom,
  type NamedRecord,
  nameOfBytes,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  REPLAY_PAGE_LIMITS,
  type ReplayPage,
  type StoredJob,
  type StoredPriority,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { STATES } from "./batch_writer.ts";
import type { Cell, MySqlConnection, Row } from "./connection.ts";
import { bytesLiteral, numberLiteral, type Scope } from "./scope.ts";

const JOB_COLUMNS = "job_key, handle, function_name, unique_id, priority, accepted_at, reducer, " +
  "job_namespace, attempts, not_before, state, finished_at, expires_at, result, workload";

/** How far a replay has come. Both go by the primary key, so that changes between two pages do no harm. */
export interface ReplayPosition {
  /** Name of the last record read; null when all are read. */
  readonly record: Buffer | null;
  /** Key of the last job read. */
  readonly job: number;
}

/** Where every replay begins. */
export const REPLAY_START: ReplayPosition = { record: Buffer.alloc(0), job: 0 };

/** A page, and where the next one begins. */
export interface ReadPage {
  readonly page: ReplayPage;
  readonly next: ReplayPosition;
}

/** Reads what one namespace holds, page by page. */
export class ReplayReader {
  readonly #scope: Scope;
  readonly #namespace: string;
  readonly #place: string;

  constructor(scope: Scope, namespace: string, place: string) {
    this.#scope = scope;
    this.#namespace = namespace;
    this.#place = place;
  }

  /** The highest key that a job has, 0 when there is none. */
  async lastKey(connection: MySqlConnection): Promise<number> {
    const [row] = await connection.select(
      `SELECT MAX(job_key) FROM ${this.#scope.jobs} WHERE namespace = ${this.#scope.namespace}`,
    );
    return Number(row?.[0] ?? 0);
  }

  /** The high-water marks; never at or below a key that a job has. */
  async marks(connection: MySqlConnection): Promise<HighWater> {
    const names = [NEXT_KEY_RECORD, NEXT_HANDLE_RECORD].map((name) => `'${name}'`).join(", ");
    const rows = await connection.select(
      `SELECT name, value FROM ${this.#scope.records} WHERE namespace = ` +
        `${this.#scope.namespace} AND name IN (${names})`,
    );
    const marks = highWaterFrom(rows.map(recordOf));
    return { ...marks, nextKey: Math.max(marks.nextKey, await this.lastKey(connection) + 1) };
  }

  /** The page at a position, up to the job with key `end`; null when there is none. */
  async page(
    connection: MySqlConnection,
    position: ReplayPosition,
    end: number,
  ): Promise<ReadPage | null> {
    if (position.record !== null) {
      const records = await this.#records(connection, position.record);
      const last = records.at(-1);
      if (last !== undefined) {
        const next = { ...position, record: bytesOfName(last.name) };
        return { page: { records, jobs: [] }, next };
      }
    }
    const last = await this.#pageEnd(connection, position.job, end);
    if (last === null) return null;
    const rows = await connection.select(
      `SELECT ${JOB_COLUMNS} FROM ${this.#scope.jobs} WHERE ` +
        `${this.#keys(position.job, last)} ORDER BY job_key`,
    );
    const jobs = rows.map((row) => this.#jobOf(row));
    return { page: { records: [], jobs }, next: { record: null, job: last } };
  }

  async #records(connection: MySqlConnection, after: Buffer): Promise<NamedRecord[]> {
    const from = `FROM ${this.#scope.records} WHERE namespace = ${this.#scope.namespace} ` +
      `AND name > ${bytesLiteral(after)}`;
    const sizes = await connection.select(
      `SELECT name, LENGTH(value) ${from} ORDER BY name LIMIT ${REPLAY_PAGE_LIMITS.jobs}`,
    );
    const count = fitting(sizes.map(([, size]) => Number(size)));
    if (count === 0) return [];
    const rows = await connection.select(
      `SELECT name, value ${from} ORDER BY name LIMIT ${count}`,
    );
    return rows.map(recordOf);
  }

  /** The key at which a page behind `after` has to end to stay within the limits. */
  async #pageEnd(connection: MySqlConnection, after: number, end: number): Promise<number | null> {
    const sizes = await connection.select(
      `SELECT job_key, LENGTH(workload) + COALESCE(LENGTH(result), 0) FROM ${this.#scope.jobs} ` +
        `WHERE ${this.#keys(after, end)} ORDER BY job_key LIMIT ${REPLAY_PAGE_LIMITS.jobs}`,
    );
    const last = sizes[fitting(sizes.map(([, size]) => Number(size))) - 1];
    return last === undefined ? null : Number(last[0]);
  }

  #keys(after: number, end: number): string {
    return `namespace = ${this.#scope.namespace} AND job_key > ${numberLiteral(after)} ` +
      `AND job_key <= ${numberLiteral(end)}`;
  }

  #jobOf(row: Row): StoredJob {
    const [
      key,
      handle,
      functionName,
      unique,
      priority,
      acceptedAt,
      reducer,
      namespace,
      attempts,
      notBefore,
      state,
      finishedAt,
      expiresAt,
      result,
      workload,
    ] = row;
    const known = STATES[Number(state)];
    const numbers = [key, acceptedAt, attempts, notBefore, finishedAt, expiresAt].map(Number);
    if (known === undefined || Number(priority) > 2 || !numbers.every(Number.isSafeInteger)) {
      throw new StoreError(
        "DAMAGED",
        `Cannot read job ${String(key)} in ${this.#place}: its row holds what cogd never wrote; ` +
          "restore the table from a backup, or delete that row",
      );
    }
    return {
      key: Number(key),
      handle: nameOf(handle),
      functionName: nameOf(functionName),
      unique: nameOf(unique),
      workload: copyOf(workload),
      priority: Number(priority) as StoredPriority,
      notBefore: Number(notBefore),
      reducer: nameOf(reducer),
      acceptedAt: Number(acceptedAt),
      attempts: Number(attempts),
      namespace: namespace === null ? this.#namespace : nameOf(namespace),
      state: known,
      outcome: known === "queued" ? null : {
        finishedAt: Number(finishedAt),
        expiresAt: Number(expiresAt),
        result: copyOf(result),
      },
    };
  }
}

/** How many of these sizes a page holds; the first one always fits. */
export function fitting(sizes: readonly number[]): number {
  let bytes = 0;
  const over = sizes.findIndex((size, i) => {
    bytes += size;
    return i > 0 && bytes > REPLAY_PAGE_LIMITS.bytes;
  });
  return over === -1 ? sizes.length : over;
}

function recordOf([name, value]: Row): NamedRecord {
  return { name: nameOf(name), value: copyOf(value) };
}

function nameOf(cell: Cell | undefined): string {
  return Buffer.isBuffer(cell) ? nameOfBytes(cell) : "";
}

/** The driver's bytes are part of larger buffers, which would live as long as one of the jobs. */
function copyOf(cell: Cell | undefined): Uint8Array {
  return Buffer.isBuffer(cell) ? new Uint8Array(cell) : new Uint8Array(0);
}
