import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type StoreBatch,
  type StoredJob,
  type StoredJobUpdate,
  type StoredState,
} from "../../src/plugin_api/mod.ts";
import type { MySqlConnection } from "./connection.ts";
import {
  insertRows,
  insertText,
  literal,
  type NewRow,
  requireFitting,
  rowBytes,
  type RowInsert,
} from "./row_insert.ts";
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

/** What an update may change. */
const OUTCOME_COLUMNS = [
  "attempts",
  "not_before",
  "state",
  "finished_at",
  "expires_at",
  "result",
] as const;

const ALL_COLUMNS = [...FRESH_COLUMNS, "reducer", "job_namespace", ...OUTCOME_COLUMNS] as const;

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
      // The one way to replace a value that MySQL and MariaDB both have and neither calls outdated.
      head: `REPLACE INTO ${scope.records} (namespace, name, value) VALUES`,
      rowHead: `(${scope.namespace},`,
      width: 2,
      tail: "",
    };
  }

  /**
   * The batch as rows and statements. Throws `TOO_LARGE` when one of them does not fit the session. Nothing
   * has been sent then.
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
      values: [...outcomeValues(update), update.key],
      what: `the result of job ${update.key}`,
    }));
    const rows = [...fresh, ...full, ...records, ...outcomes];
    requireFitting(connection, rows);
    const statements = [...this.#lives(batch.update), ...this.#removals(batch)];
    const bytes = rows.reduce((sum, row) => sum + rowBytes(row), 0) +
      statements.reduce((sum, statement) => sum + statement.length, 0);
    return { fresh, full, records, outcomes, statements, bytes };
  }

  /** The whole batch as statements, for one that is small. */
  statements({ fresh, full, records, outcomes, statements }: PreparedBatch): string[] {
    const inserts = [
      insertText(this.#fresh, fresh),
      insertText(this.#full, full),
      insertText(this.#record, records),
    ].filter((text) => text !== null);
    const updates = outcomes.map(({ values }) => this.#outcomeSql(values.map(literal)));
    return [...inserts, ...updates, ...statements];
  }

  /** Writes a batch of any size. */
  async write(connection: MySqlConnection, prepared: PreparedBatch): Promise<void> {
    await insertRows(connection, this.#fresh, prepared.fresh);
    await insertRows(connection, this.#full, prepared.full);
    await insertRows(connection, this.#record, prepared.records);
    for (const { values } of prepared.outcomes) {
      await connection.execute(this.#outcomeSql(values.map(() => "?")), [...values]);
    }
    for (const statement of prepared.statements) await connection.change(statement);
  }

  #outcomeSql(values: readonly string[]): string {
    const set = OUTCOME_COLUMNS.map((column, i) => `${column} = ${values[i]}`).join(", ");
    return `UPDATE ${this.#scope.jobs} SET ${set} WHERE namespace = ${this.#scope.namespace} ` +
      `AND job_key = ${values[OUTCOME_COLUMNS.length]}`;
  }

  /** Jobs that come back usually come back alike: those with equal lives are updated together. */
  *#lives(updates: readonly StoredJobUpdate[]): Generator<string> {
    const alike = new Map<string, number[]>();
    for (const update of updates) {
      if (update.outcome !== null) continue;
      const values = outcomeValues(update).map(literal);
      const life = OUTCOME_COLUMNS.map((column, i) => `${column} = ${values[i]}`).join(", ");
      const keys = alike.get(life);
      if (keys === undefined) alike.set(life, [update.key]);
      else keys.push(update.key);
    }
    for (const [life, all] of alike) {
      for (const keys of portions(all)) {
        yield `UPDATE ${this.#scope.jobs} SET ${life} WHERE ${this.#withKeys(keys)}`;
      }
    }
  }

  *#removals({ remove, put }: StoreBatch): Generator<string> {
    for (const keys of portions(remove)) {
      yield `DELETE FROM ${this.#scope.jobs} WHERE ${this.#withKeys(keys)}`;
    }
    const gone = put.filter(({ value }) => value === null);
    for (const names of portions(gone.map(({ name }) => bytesLiteral(bytesOfName(name))))) {
      yield `DELETE FROM ${this.#scope.records} WHERE namespace = ${this.#scope.namespace} ` +
        `AND name IN (${names.join(", ")})`;
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
  readonly fresh: readonly NewRow[];
  readonly full: readonly NewRow[];
  readonly records: readonly NewRow[];
  /** Values of `OUTCOME_COLUMNS`, then the job's key. */
  readonly outcomes: readonly NewRow[];
  /** All that has no large values, as SQL. */
  readonly statements: readonly string[];
  /** About as many bytes as all of it has. */
  readonly bytes: number;
}

/** An insert that leaves known keys as they are, so that a batch can be repeated. */
function jobInsert({ jobs, namespace }: Scope, columns: readonly string[]): RowInsert {
  return {
    head: `INSERT INTO ${jobs} (namespace, ${columns.join(", ")}) VALUES`,
    rowHead: `(${namespace},`,
    width: columns.length,
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

/** Values of `OUTCOME_COLUMNS`. */
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
