import {
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  inHalves,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import { byteaArray, int8Array, namesArray } from "./binary_array.ts";
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
      await inHalves(jobs.filter((job) => tally.accepts(job)), async (part) => {
        const obstacle = await insert(connection, table, part);
        if (obstacle !== null && part.length > 1) return false;
        for (const job of part) {
          if (obstacle === "collision") tally.collided(job);
          else if (obstacle !== null) tally.leave(job, `the table cannot hold it (${obstacle})`);
          else {
            tally.wrote();
            moved.push(job.key);
          }
        }
        return true;
      });
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

/** Inserts all jobs, or none: then it answers what stands against at least one of them. */
async function insert(
  connection: PostgresConnection,
  table: string,
  jobs: readonly StoredJob[],
): Promise<null | "collision" | Error> {
  await connection.execute("SAVEPOINT cogd_rows");
  let obstacle: null | "collision" | Error = null;
  try {
    const rows = await connection.query(
      `INSERT INTO ${table} (unique_key, function_name, priority, data, when_to_run) ` +
        "SELECT convert_from(unnest($1::bytea[]), getdatabaseencoding()), " +
        "convert_from(unnest($2::bytea[]), getdatabaseencoding()), " +
        "unnest($3::int8[]), unnest($4::bytea[]), unnest($5::int8[]) " +
        "ON CONFLICT DO NOTHING RETURNING priority",
      [
        namesArray(jobs.map(({ unique }) => unique)),
        namesArray(jobs.map(({ functionName }) => functionName)),
        int8Array(jobs.map(({ priority }) => priority)),
        byteaArray(jobs.map(({ workload }) => workload)),
        int8Array(jobs.map(({ notBefore }) => notBefore)),
      ],
      "cogd_export",
    );
    if (rows.length < jobs.length) obstacle = "collision";
  } catch (error) {
    if (!concernsData(error)) throw error;
    obstacle = error as Error;
  }
  if (obstacle !== null) await connection.execute("ROLLBACK TO SAVEPOINT cogd_rows");
  await connection.execute("RELEASE SAVEPOINT cogd_rows");
  return obstacle;
}
