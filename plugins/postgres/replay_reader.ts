import {
  type HighWater,
  highWaterFrom,
  type NamedRecord,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  REPLAY_PAGE_LIMITS,
  type StoredJob,
  type StoredPriority,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { STATES } from "./commit_query.ts";
import type { PostgresConnection } from "./connection.ts";
import type { CopyRows } from "./copy_rows.ts";
import type { Tables } from "./schema.ts";

/** Reads what a queue holds, page by page. Pages go by the primary key: rows may come and go between them. */
export class ReplayReader {
  readonly #tables: Tables;
  readonly #queue: number;
  readonly #namespace: string;

  /** `queue` is the queue's number, `namespace` that of its server. */
  constructor(tables: Tables, queue: number, namespace: string) {
    this.#tables = tables;
    this.#queue = queue;
    this.#namespace = namespace;
  }

  /** The highest key that the queue has; 0 when it is empty. */
  async lastKey(connection: PostgresConnection): Promise<number> {
    const [row] = await connection.query(
      `SELECT max(key) FROM ${this.#tables.job} WHERE queue = $1`,
      [`${this.#queue}`],
    );
    return Number(row?.[0] ?? 0);
  }

  /** The high-water marks; never at or below a key that a job has. Rejects with `DAMAGED`. */
  async marks(connection: PostgresConnection): Promise<HighWater> {
    const rows = await connection.copy(
      `SELECT convert_to(name, 'UTF8'), value FROM ${this.#tables.record} ` +
        `WHERE queue = ${this.#queue} AND name IN ('${NEXT_KEY_RECORD}', '${NEXT_HANDLE_RECORD}')`,
    );
    const marks = highWaterFrom(recordsIn(rows));
    const lastKey = await this.lastKey(connection);
    return { ...marks, nextKey: Math.max(marks.nextKey, lastKey + 1) };
  }

  /** The records after this name, by rising names; none at the end. */
  async records(connection: PostgresConnection, after: string): Promise<NamedRecord[]> {
    const rows = await connection.copy(`
      SELECT convert_to(name, 'UTF8'), value
      FROM (
        SELECT name, value, ${pageColumns("name", "octet_length(value)")}
        FROM (
          SELECT name, value FROM ${this.#tables.record}
          WHERE queue = ${this.#queue} AND name > '${quoted(after)}'
          ORDER BY name LIMIT ${REPLAY_PAGE_LIMITS.jobs}
        ) AS next
      ) AS counted WHERE ${PAGE} ORDER BY name`);
    return recordsIn(rows);
  }

  /** The jobs with keys after `after` and up to `end`, by rising keys; none at the end. */
  async jobs(connection: PostgresConnection, after: number, end: number): Promise<StoredJob[]> {
    const rows = await connection.copy(`
      SELECT ${SELECTED}
      FROM (
        SELECT *, ${
      pageColumns("key", "octet_length(workload) + coalesce(octet_length(result), 0)")
    }
        FROM (
          SELECT * FROM ${this.#tables.job}
          WHERE queue = ${this.#queue} AND key > ${after} AND key <= ${end}
          ORDER BY key LIMIT ${REPLAY_PAGE_LIMITS.jobs}
        ) AS next
      ) AS counted WHERE ${PAGE} ORDER BY key`);
    const jobs: StoredJob[] = [];
    while (rows.next()) jobs.push(this.#job(rows));
    return jobs;
  }

  #job(rows: CopyRows): StoredJob {
    const key = rows.number() ?? 0;
    const priority = rows.number();
    const state = STATES[rows.number() ?? -1];
    const acceptedAt = rows.number() ?? 0;
    const attempts = rows.number() ?? 0;
    const notBefore = rows.number() ?? 0;
    const finishedAt = rows.number();
    const expiresAt = rows.number();
    const handle = rows.name() ?? "";
    const functionName = rows.name() ?? "";
    const unique = rows.name() ?? "";
    const reducer = rows.name() ?? "";
    const namespace = rows.name() ?? this.#namespace;
    const workload = rows.bytes() ?? NO_BYTES;
    const result = rows.bytes() ?? NO_BYTES;
    if (state === undefined || (priority !== 0 && priority !== 1 && priority !== 2)) {
      throw new StoreError(
        "DAMAGED",
        `job ${key} has a priority or state that never was; restore a backup, or correct the row`,
      );
    }
    return {
      key,
      handle,
      functionName,
      unique,
      workload,
      priority: priority satisfies StoredPriority,
      notBefore,
      reducer,
      acceptedAt,
      attempts,
      namespace,
      state,
      outcome: state === "queued"
        ? null
        : { finishedAt: finishedAt ?? 0, expiresAt: expiresAt ?? 0, result },
    };
  }
}

function recordsIn(rows: CopyRows): NamedRecord[] {
  const records: NamedRecord[] = [];
  while (rows.next()) records.push({ name: rows.name() ?? "", value: rows.bytes() });
  return records;
}

/** In the order in which they are read. Numbers as `int8`, so that all have one format. */
const SELECTED = `key, priority::int8, state::int8, accepted_at, attempts, not_before, finished_at,
  expires_at, handle, function_name, unique_id, reducer, namespace, workload, result`;

/** Columns that tell where a page ends: how many rows and bytes there are up to each row. */
function pageColumns(order: string, size: string): string {
  const upToHere = `OVER (ORDER BY ${order} ROWS UNBOUNDED PRECEDING)`;
  return `row_number() ${upToHere} AS place_in_page, sum(${size}) ${upToHere} AS bytes_so_far`;
}

/** A first row that is too large alone makes a page. The server knows lengths without reading the bytes. */
const PAGE = `place_in_page = 1 OR bytes_so_far <= ${REPLAY_PAGE_LIMITS.bytes}`;

/** Names are printable ASCII; what stands in SQL is quoted all the same. */
function quoted(name: string): string {
  return name.replaceAll("'", "''");
}

const NO_BYTES = new Uint8Array(0);
