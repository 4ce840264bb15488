import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { type MySqlConnection, textOf } from "./connection.ts";
import { errorNumber } from "./faults.ts";
import { REPLAY_START, type ReplayReader } from "./replay_reader.ts";
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
  let position = REPLAY_START;
  for (;;) {
    const read = await reader.page(connection, position, end);
    if (read === null) return tally.outcome(`table "${table}" of ${place}`);
    position = read.next;
    const moved: number[] = [];
    for (const job of read.page.jobs) {
      if (!tally.accepts(job)) continue;
      if (await write(connection, table, job, tally)) moved.push(job.key);
    }
    if (plan.keep) continue;
    const batch = { add: [], update: [], remove: moved, put: [] };
    await writer.write(connection, writer.prepare(connection, batch));
  }
}

async function write(
  connection: MySqlConnection,
  table: string,
  job: StoredJob,
  tally: GearmandExport,
): Promise<boolean> {
  const { workload } = job;
  try {
    await connection.execute(
      `INSERT INTO ${quoted(table)} (unique_key, function_name, priority, data, when_to_run) ` +
        "VALUES (CONVERT(? USING utf8mb4), CONVERT(? USING utf8mb4), ?, ?, ?)",
      [
        bytesOfName(job.unique),
        bytesOfName(job.functionName),
        job.priority,
        Buffer.from(workload.buffer, workload.byteOffset, workload.length),
        job.notBefore,
      ],
    );
    tally.wrote();
    return true;
  } catch (error) {
    const number = errorNumber(error);
    if (number === ER_DUP_ENTRY) tally.collided(job);
    else if (UNFIT.has(number)) tally.leave(job, `the table cannot hold it (${error})`);
    else throw error;
    return false;
  }
}
