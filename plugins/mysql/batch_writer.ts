import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type StoreBatch,
  type StoredJob,
  type StoredJobUpdate,
  type StoredState,
} from "../../src/plugin_api/mod.ts";
import type { MySqlConnection } from "./connection.ts";
import { insertRows, type NewRow, requireFitting, type RowInsert } from "./row_insert.ts";
import { bytesLiteral, numberLiteral, type Scope } from "./scope.ts";

/** States as the database numbers them, by position. */
export const STATES: readonly StoredState[] = ["queued", "done", "failed", "dead"];

/** Columns of a job to which nothing has happened yet; the others have the schema's defaults. */
const FRESH_COLUMNS = [
  "job_key",
  "handle",
  "function_name",
  "unique_id",
  "priority",
  "accepted_at",
  "workload",
] as const;

const ALL_COLUMNS = [
  ...FRESH_COLUMNS,
  "reducer",
  "job_namespace",
  "attempts",
  "not_before",
  "state",
  "finished_at",
  "expires_at",
  "result",
] as const;

/** Keys in one statement: MariaDB turns longer lists into subqueries. */
const MOST_KEYS = 512;

/** Writes batches into one namespace, within a transaction of the caller. */
export class BatchWriter {
  readonly #scope: Scope;
  /** The store's namespace, as jobs have it. */
  readonly #namespace: string;
  readonly #fresh: RowInsert;
  readonly #full: RowInsert;
  readonly #record: RowInsert;

  constructor(scope: Scope, namespace: string) {
    this.#scope = scope;
    this.#namespace = namespace;
    this.#fresh = jobInsert(scope, FRESH_COLUMNS);
    this.#full = jobInsert(scope, ALL_COLUMNS);
    this.#record = {
      head: `INSERT INTO ${scope.records} (namespace, name, value) VALUES`,
      row: `(${scope.namespace},?,?)`,
      tail: "ON DUPLICATE KEY UPDATE value = VALUES(value)",
    };
  }

  /**
   * The batch as rows. Throws `TOO_LARGE` when one of them does not fit the session. Nothing has been sent
   * then.
   */
  prepare(connection: MySqlConnection, batch: StoreBatch): PreparedBatch {
    const fresh: NewRow[] = [];
    const full: NewRow[] = [];
    for (const job of batch.add) {
      if (this.#isFresh(job)) fresh.push({ values: freshValues(job), what: `job ${job.handle}` });
      else full.push({ values: this.#allValues(job), what: `job ${job.handle}` });
    }
    const records = batch.put.flatMap(({ name, value }): NewRow[] =>
      value === null
        ? []
        : [{ values: [bytesOfName(name), bufferOf(value)], what: `record "${name}"` }]
    );
    const outcomes = batch.update.filter(({ outcome }) => outcome !== null).map((update) => ({
      key: update.key,
      row: { values: outcomeValues(update), what: `the result of job ${update.key}` },
    }));
    requireFitting(connection, [...fresh, ...full, ...records, ...outcomes.map(({ row }) => row)]);
    return { batch, fresh, full, records, outcomes };
  }

  async write(connection: MySqlConnection, prepared: PreparedBatch): Promise<void> {
    const { batch, fresh, full, records, outcomes } = prepared;
    await insertRows(connection, this.#fresh, fresh);
    await insertRows(connection, this.#full, full);
    await this.#updateLives(connection, batch.update);
    for (const { key, row } of outcomes) {
      await connection.execute(
        `UPDATE ${this.#scope.jobs} SET attempts = ?, not_before = ?, state = ?, ` +
          `finished_at = ?, expires_at = ?, result = ? WHERE namespace = ${this.#scope.namespace} ` +
          "AND job_key = ?",
        [...row.values, key],
      );
    }
    for (const keys of portions(batch.remove)) {
      await connection.change(`DELETE FROM ${this.#scope.jobs} WHERE ${this.#withKeys(keys)}`);
    }
    await insertRows(connection, this.#record, records);
    const gone = batch.put.filter(({ value }) => value === null);
    for (const names of portions(gone.map(({ name }) => bytesLiteral(bytesOfName(name))))) {
      await connection.change(
        `DELETE FROM ${this.#scope.records} WHERE namespace = ${this.#scope.namespace} ` +
          `AND name IN (${names.join(", ")})`,
      );
    }
  }

  /** Jobs that come back usually come back alike: those with equal lives are updated together. */
  async #updateLives(
    connection: MySqlConnection,
    updates: readonly StoredJobUpdate[],
  ): Promise<void> {
    const alike = new Map<string, number[]>();
    for (const { key, attempts, notBefore, state, outcome } of updates) {
      if (outcome !== null) continue;
      const life = `attempts = ${numberLiteral(attempts)}, ` +
        `not_before = ${numberLiteral(notBefore)}, state = ${STATES.indexOf(state)}, ` +
        "finished_at = NULL, expires_at = NULL, result = NULL";
      const keys = alike.get(life);
      if (keys === undefined) alike.set(life, [key]);
      else keys.push(key);
    }
    for (const [life, all] of alike) {
      for (const keys of portions(all)) {
        await connection.change(
          `UPDATE ${this.#scope.jobs} SET ${life} WHERE ${this.#withKeys(keys)}`,
        );
      }
    }
  }

  #withKeys(keys: readonly number[]): string {
    return `namespace = ${this.#scope.namespace} AND ` +
      `job_key IN (${keys.map(numberLiteral).join(", ")})`;
  }

  #isFresh(job: StoredJob): boolean {
    return job.state === "queued" && job.attempts === 0 && job.notBefore === 0 &&
      job.reducer === "" && job.namespace === this.#namespace;
  }

  #allValues(job: StoredJob): NewRow["values"] {
    return [
      ...freshValues(job),
      job.reducer === "" ? null : bytesOfName(job.reducer),
      job.namespace === this.#namespace ? null : bytesOfName(job.namespace),
      ...outcomeValues(job),
    ];
  }
}

/** A batch that is known to fit. */
export interface PreparedBatch {
  readonly batch: StoreBatch;
  readonly fresh: readonly NewRow[];
  readonly full: readonly NewRow[];
  readonly records: readonly NewRow[];
  readonly outcomes: readonly { readonly key: number; readonly row: NewRow }[];
}

/** An insert that leaves known keys as they are, so that a batch can be repeated. */
function jobInsert({ jobs, namespace }: Scope, columns: readonly string[]): RowInsert {
  return {
    head: `INSERT INTO ${jobs} (namespace, ${columns.join(", ")}) VALUES`,
    row: `(${namespace}${",?".repeat(columns.length)})`,
    // Not INSERT IGNORE: that would also cut and change values that do not fit.
    tail: "ON DUPLICATE KEY UPDATE job_key = job_key",
  };
}

/** Values of `FRESH_COLUMNS`. */
function freshValues(job: StoredJob): NewRow["values"] {
  return [
    job.key,
    bytesOfName(job.handle),
    bytesOfName(job.functionName),
    bytesOfName(job.unique),
    job.priority,
    job.acceptedAt,
    bufferOf(job.workload),
  ];
}

/** Values of the columns from `attempts` to `result`. */
function outcomeValues(job: Omit<StoredJobUpdate, "key">): NewRow["values"] {
  const { outcome } = job;
  return [
    job.attempts,
    job.notBefore,
    STATES.indexOf(job.state),
    outcome?.finishedAt ?? null,
    outcome?.expiresAt ?? null,
    outcome === null ? null : bufferOf(outcome.result),
  ];
}

function* portions<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += MOST_KEYS) yield all.slice(at, at + MOST_KEYS);
}

/** The same bytes, not copied. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
