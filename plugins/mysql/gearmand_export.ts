import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  inHalves,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { type MySqlConnection, textOf } from "./connection.ts";
import { errorNumber } from "./faults.ts";
import { REPLAY_START, type ReplayReader } from "./replay_reader.ts";
import { insertPortion, type NewRow, portionsOf, type RowInsert } from "./row_insert.ts";
import { quoted } from "./scope.ts";

/** C gearmand's own table (its queue module MySQL). */
const COLUMNS =
  "unique_key VARCHAR(64), function_name VARCHAR(255), priority INT, data LONGBLOB, " +
  "when_to_run INT, UNIQUE KEY (unique_key, function_name)";
const LAYOUT: GearmandLayout = { maxFunctionBytes: 255, textNames: true, keepsTimes: true };

const ER_DUP_ENTRY = 1062;
/** Values that the column cannot hold: out of range, wrong for its character set, too long. */
const UNFIT: ReadonlySet<number | undefined> = new Set([1264, 1366, 1406, 3988]);

export interface ExportTarget {
  /** Name of C gearmand's table. */
  readonly table: string;
  /** Server and database, for people. */
  readonly place: string;
  readonly plan: ExportPlan;
  readonly reader: ReplayReader;
  readonly writer: BatchWriter;
  /** Key of the last job to be moved. */
  readonly end: number;
}

/**
 * Makes the table where it is missing and sees to it that values which do not fit are refused. Before the
 * transaction, which it would end.
 */
export async function prepareExport(connection: MySqlConnection, table: string): Promise<void> {
  await connection.change(`CREATE TABLE IF NOT EXISTS ${quoted(table)} (${COLUMNS})`);
  const rows = await connection.select(`SHOW CREATE TABLE ${quoted(table)}`);
  if (!/ENGINE=InnoDB/i.test(textOf(rows[0]?.[1]))) {
    throw new Error(
      `the table ${table} has no transactions; ALTER TABLE ${table} ENGINE = InnoDB`,
    );
  }
  await connection.change("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')");
}

/** Moves the queued jobs into the table, within a transaction of the caller. Rows that are there stay, and win. */
export async function exportJobs(
  connection: MySqlConnection,
  { table, place, plan, reader, writer, end }: ExportTarget,
): Promise<ExportOutcome> {
  const tally = new GearmandExport(LAYOUT, plan);
  const insert = insertInto(table);
  let position = REPLAY_START;
  for (;;) {
    const read = await reader.page(connection, position, end);
    if (read === null) return tally.outcome(`table "${table}" of ${place}`);
    position = read.next;
    const moved: number[] = [];
    const rows = read.page.jobs.filter((job) => tally.accepts(job)).map(rowOf);
    for (const portion of portionsOf(connection, rows)) {
      await inHalves(portion, async (part) => {
        const error = await refusalOf(insertPortion(connection, insert, part));
        if (error !== null && part.length > 1) return false;
        for (const { job } of part) {
          if (error !== null) leave(tally, job, error);
          else {
            tally.wrote();
            moved.push(job.key);
          }
        }
        return true;
      });
    }
    if (plan.keep) continue;
    const batch = { add: [], update: [], remove: moved, put: [] };
    await writer.write(connection, writer.prepare(connection, batch));
  }
}

function insertInto(table: string): RowInsert {
  return {
    head: `INSERT INTO ${quoted(table)} ` +
      "(unique_key, function_name, priority, data, when_to_run) VALUES",
    rowHead: "(",
    width: 5,
    places: ["CONVERT(? USING utf8mb4)", "CONVERT(? USING utf8mb4)", "?", "?", "?"],
    tail: "",
  };
}

interface JobRow extends NewRow {
  readonly job: StoredJob;
}

function rowOf(job: StoredJob): JobRow {
  const { unique, functionName, priority, workload, notBefore, handle } = job;
  const data = Buffer.from(workload.buffer, workload.byteOffset, workload.length);
  return {
    job,
    what: `job ${handle}`,
    values: [bytesOfName(unique), bytesOfName(functionName), priority, data, notBefore],
  };
}

/** What stood against rows; null when they were inserted. Rejects when it was not for what is in them. */
async function refusalOf(inserting: Promise<void>): Promise<Error | null> {
  try {
    await inserting;
    return null;
  } catch (error) {
    const number = errorNumber(error);
    if (number !== ER_DUP_ENTRY && !UNFIT.has(number)) throw error;
    return error as Error;
  }
}

function leave(tally: GearmandExport, job: StoredJob, error: Error): void {
  if (errorNumber(error) === ER_DUP_ENTRY) tally.collided(job);
  else tally.leave(job, `the table cannot hold it (${error})`);
}
