import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import type { PostgresConnection } from "./connection.ts";
import { concernsData } from "./faults.ts";
import type { ReplayReader } from "./replay_reader.ts";

/** C gearmand's own table (its queue module Postgres). */
const COLUMNS =
  "unique_key VARCHAR(64), function_name VARCHAR(255), priority INTEGER, data BYTEA, " +
  "when_to_run INTEGER, UNIQUE (unique_key, function_name)";
/**
 * gearmand writes times but reads them as none after a restart. Names are bytes in the database's own encoding,
 * which says itself what it cannot hold.
 */
const LAYOUT: GearmandLayout = { maxFunctionBytes: 255, textNames: false, keepsTimes: false };

export interface ExportTarget {
  /** Name of C gearmand's table as it stands in SQL. */
  readonly table: string;
  /** Server and database, for people. */
  readonly place: string;
  readonly plan: ExportPlan;
  readonly reader: ReplayReader;
  /** Key of the last job to be moved. */
  readonly end: number;
  /** Removes jobs of these keys, in the transaction that is under way. */
  remove(keys: readonly number[]): Promise<void>;
}

/** Moves the queued jobs into the table, all in one transaction. Rows that are there stay, and win. */
export async function exportJobs(
  connection: PostgresConnection,
  { table, place, plan, reader, end, remove }: ExportTarget,
): Promise<ExportOutcome> {
  const tally = new GearmandExport(LAYOUT, plan);
  await connection.execute("BEGIN");
  try {
    await connection.execute(`CREATE TABLE IF NOT EXISTS ${table} (${COLUMNS})`);
    for (let after = 0;;) {
      const jobs = await reader.jobs(connection, after, end);
      const last = jobs.at(-1);
      if (last === undefined) break;
      after = last.key;
      const moved: number[] = [];
      for (const job of jobs) {
        if (tally.accepts(job) && await write(connection, table, job, tally)) moved.push(job.key);
      }
      if (!plan.keep) await remove(moved);
    }
    await connection.execute("COMMIT");
    return tally.outcome(`table "${table}" of ${place}`);
  } catch (error) {
    // The connection may be the reason; the first error counts.
    await connection.execute("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function write(
  connection: PostgresConnection,
  table: string,
  job: StoredJob,
  tally: GearmandExport,
): Promise<boolean> {
  const { workload } = job;
  await connection.execute("SAVEPOINT cogd_row");
  try {
    const rows = await connection.query(
      `INSERT INTO ${table} (unique_key, function_name, priority, data, when_to_run) VALUES ` +
        "(convert_from($1::bytea, getdatabaseencoding()), " +
        "convert_from($2::bytea, getdatabaseencoding()), $3::int4, $4::bytea, $5::int4) " +
        "ON CONFLICT DO NOTHING RETURNING priority",
      [
        bytesOfName(job.unique),
        bytesOfName(job.functionName),
        `${job.priority}`,
        Buffer.from(workload.buffer, workload.byteOffset, workload.length),
        `${job.notBefore}`,
      ],
      "cogd_export",
    );
    await connection.execute("RELEASE SAVEPOINT cogd_row");
    if (rows.length === 0) tally.collided(job);
    else tally.wrote();
    return rows.length > 0;
  } catch (error) {
    if (!concernsData(error)) throw error;
    await connection.execute("ROLLBACK TO SAVEPOINT cogd_row");
    tally.leave(job, `the table cannot hold it (${error})`);
    return false;
  }
}
