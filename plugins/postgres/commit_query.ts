import type { Buffer } from "node:buffer";
import type { StoreBatch, StoredJob, StoredJobUpdate } from "../../src/plugin_api/mod.ts";
import { byteaArray, int8Array, namesArray, textArray } from "./binary_array.ts";
import type { Parameter } from "./pg_package.ts";
import type { Fence } from "./queue_lease.ts";
import type { Tables } from "./schema.ts";

/** States by the number that stands for them in the table. */
export const STATES = ["queued", "done", "failed", "dead"] as const;

/** One statement that writes a batch, whole or not at all. Its text is the same for the same name. */
export interface CommitQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Parameter[];
}

/**
 * The statement for a batch. It locks the queue's row and looks at its term; only if that is still the
 * writer's own do the other parts find anything to do. Answers one row if it was, none if it was not.
 * A statement is a transaction: one round trip.
 */
export function commitQuery(
  tables: Tables,
  fence: Fence,
  namespace: string,
  batch: StoreBatch,
): CommitQuery {
  const parts = new Parts(fence);
  if (batch.add.length > 0) addJobs(parts, tables, namespace, batch.add);
  if (batch.update.length > 0) updateJobs(parts, tables, batch.update);
  if (batch.remove.length > 0) removeJobs(parts, tables, batch.remove);
  const kept = batch.put.filter(({ value }) => value !== null);
  const dropped = batch.put.filter(({ value }) => value === null);
  if (kept.length > 0) {
    const names = parts.value(textArray(kept.map(({ name }) => name)), "text[]");
    const values = parts.value(byteaArray(kept.map(({ value }) => value)), "bytea[]");
    parts.add(
      "put",
      `INSERT INTO ${tables.record} (queue, name, value) SELECT $1::int4, unnest(${names}), ` +
        `unnest(${values}) WHERE EXISTS (SELECT FROM own) ` +
        "ON CONFLICT (queue, name) DO UPDATE SET value = excluded.value",
    );
  }
  if (dropped.length > 0) {
    const names = parts.value(textArray(dropped.map(({ name }) => name)), "text[]");
    parts.add(
      "drop",
      `DELETE FROM ${tables.record} WHERE queue = $1::int4 AND name = ANY(${names}) ` +
        "AND EXISTS (SELECT FROM own)",
    );
  }
  return parts.query(tables);
}

/** Parts of a statement, and the values in their order. */
class Parts {
  readonly #texts: string[] = [];
  readonly #names: string[] = [];
  readonly #values: Parameter[];

  constructor({ queue, term }: Fence) {
    this.#values = [`${queue}`, `${term}`];
  }

  /** A further value; answers its place in the text. */
  value(bytes: Buffer, type: string): string {
    this.#values.push(bytes);
    return `$${this.#values.length}::${type}`;
  }

  add(name: string, text: string): void {
    this.#names.push(name);
    this.#texts.push(`, part_${name} AS (${text})`);
  }

  query({ queue }: Tables): CommitQuery {
    return {
      name: `cogd_commit_${this.#names.join("_")}`,
      text: `WITH own AS (SELECT FROM ${queue} WHERE id = $1::int4 AND term = $2::int8 ` +
        `FOR SHARE)${this.#texts.join("")} SELECT 1 FROM own`,
      values: this.#values,
    };
  }
}

/** Adding a known key changes nothing, so that a batch can be repeated. */
function addJobs(
  parts: Parts,
  { job }: Tables,
  namespace: string,
  jobs: readonly StoredJob[],
): void {
  const columns: [name: string, values: Buffer, type: string][] = [
    ["key", int8Array(jobs.map(({ key }) => key)), "int8[]"],
    ["priority", int8Array(jobs.map(({ priority }) => priority)), "int8[]"],
    ["accepted_at", int8Array(jobs.map(({ acceptedAt }) => acceptedAt)), "int8[]"],
    ["handle", namesArray(jobs.map(({ handle }) => handle)), "bytea[]"],
    ["function_name", namesArray(jobs.map(({ functionName }) => functionName)), "bytea[]"],
    ["unique_id", namesArray(jobs.map(({ unique }) => unique)), "bytea[]"],
    ["workload", byteaArray(jobs.map(({ workload }) => workload)), "bytea[]"],
  ];
  // Nearly all jobs are new and plain: the table's defaults are theirs.
  const plain = jobs.every((one) => isPlain(one, namespace));
  if (!plain) {
    const namespaces = jobs.map((one) => one.namespace === namespace ? null : one.namespace);
    columns.push(
      ["reducer", namesArray(jobs.map(({ reducer }) => reducer)), "bytea[]"],
      ["namespace", namesArray(namespaces), "bytea[]"],
      ...lifeColumns(jobs),
    );
  }
  const values = columns.map(([, bytes, type]) => `unnest(${parts.value(bytes, type)})`);
  parts.add(
    plain ? "new" : "add",
    `INSERT INTO ${job} (queue, ${columns.map(([name]) => name).join(", ")}) ` +
      `SELECT $1::int4, ${values.join(", ")} WHERE EXISTS (SELECT FROM own) ` +
      "ON CONFLICT (queue, key) DO NOTHING",
  );
}

function updateJobs(parts: Parts, { job }: Tables, updates: readonly StoredJobUpdate[]): void {
  const keys = parts.value(int8Array(updates.map(({ key }) => key)), "int8[]");
  const columns = lifeColumns(updates);
  const values = columns.map(([name, bytes, type]) =>
    `unnest(${parts.value(bytes, type)}) AS ${name}`
  );
  parts.add(
    "update",
    `UPDATE ${job} AS old SET ${
      columns.map(([name]) => `${name} = fresh.${name}`).join(", ")
    } FROM (SELECT unnest(${keys}) AS key, ${values.join(", ")}) AS fresh ` +
      "WHERE old.queue = $1::int4 AND old.key = fresh.key AND EXISTS (SELECT FROM own)",
  );
}

function removeJobs(parts: Parts, { job }: Tables, keys: readonly number[]): void {
  const gone = parts.value(int8Array(keys), "int8[]");
  parts.add(
    "remove",
    `DELETE FROM ${job} WHERE queue = $1::int4 AND key = ANY(${gone}) ` +
      "AND EXISTS (SELECT FROM own)",
  );
}

/** What may change in a job. */
function lifeColumns(
  jobs: readonly StoredJobUpdate[],
): [name: string, values: Buffer, type: string][] {
  return [
    ["attempts", int8Array(jobs.map(({ attempts }) => attempts)), "int8[]"],
    ["not_before", int8Array(jobs.map(({ notBefore }) => notBefore)), "int8[]"],
    ["state", int8Array(jobs.map(({ state }) => STATES.indexOf(state))), "int8[]"],
    ["finished_at", int8Array(jobs.map(({ outcome }) => outcome?.finishedAt ?? null)), "int8[]"],
    ["expires_at", int8Array(jobs.map(({ outcome }) => outcome?.expiresAt ?? null)), "int8[]"],
    ["result", byteaArray(jobs.map(({ outcome }) => outcome?.result ?? null)), "bytea[]"],
  ];
}

function isPlain(job: StoredJob, namespace: string): boolean {
  return job.state === "queued" && job.attempts === 0 && job.notBefore === 0 &&
    job.reducer === "" && job.namespace === namespace;
}
