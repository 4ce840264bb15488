import type { DatabaseSync } from "node:sqlite";
import {
  bytesOfName,
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import type { OpenFile } from "./open_file.ts";
import { packBatch } from "./packer.ts";
import { Unpacker } from "./unpacker.ts";

/** C gearmand's own table (its queue module libsqlite3), statement by statement the same. */
const COLUMNS = "unique_key TEXT, function_name TEXT, priority INTEGER, data BLOB, " +
  "when_to_run INTEGER, PRIMARY KEY (unique_key, function_name)";

/** Names are bound with their length and no look at their encoding. */
const LAYOUT: GearmandLayout = { maxFunctionBytes: 511, textNames: false, keepsTimes: true };

export interface ExportTarget {
  readonly path: string;
  /** Name of C gearmand's table. */
  readonly table: string;
  readonly plan: ExportPlan;
}

/**
 * Moves the queued jobs into C gearmand's table of the same file, in the order in which they came, all in
 * one transaction. Rows that are there already stay, and win. Afterwards the file has the rollback journal
 * that gearmand gives its own.
 */
export function exportJobs(file: OpenFile, { path, table, plan }: ExportTarget): ExportOutcome {
  const { connection, writer, reader } = file;
  const tally = new GearmandExport(LAYOUT, plan);
  connection.transaction(() => {
    const insert = prepareInsert(connection.db, table, path);
    const position = reader.start();
    for (let page = reader.page(position); page !== null; page = reader.page(position)) {
      const moved: number[] = [];
      const unpacker = new Unpacker(page);
      for (let left = unpacker.count(); left > 0; left--) unpacker.record();
      for (let left = unpacker.count(); left > 0; left--) {
        const job = unpacker.job();
        if (!tally.accepts(job)) continue;
        const { changes } = insert.run(
          bytesOfName(job.unique),
          bytesOfName(job.functionName),
          job.priority,
          job.workload,
          job.notBefore,
        );
        if (Number(changes) === 0) {
          tally.collided(job);
          continue;
        }
        tally.wrote();
        moved.push(job.key);
      }
      if (plan.keep) continue;
      writer.write(
        new Unpacker(packBatch({ add: [], update: [], remove: moved, put: [] })),
        null,
      );
    }
  });
  connection.db.prepare("PRAGMA journal_mode = DELETE").get();
  return tally.outcome(`table "${table}" of "${path}"`);
}

/** An insert that leaves rows that are there as they are; the table is made, or completed, as gearmand would. */
function prepareInsert(db: DatabaseSync, table: string, path: string) {
  const name = `"${table.replaceAll('"', '""')}"`;
  db.prepare(`CREATE TABLE IF NOT EXISTS ${name} (${COLUMNS})`).run();
  const columns = db.prepare("SELECT lower(name) AS name FROM pragma_table_info(?)").all(table)
    .map((row) => String(row["name"]));
  try {
    if (!columns.includes("when_to_run")) {
      db.prepare(`ALTER TABLE ${name} ADD COLUMN when_to_run INTEGER`).run();
    }
    // Without these values gearmand refuses to start: it reads no NULL. Arrays without bytes are bound as NULL.
    return db.prepare(
      `INSERT INTO ${name} (unique_key, function_name, priority, data, when_to_run) VALUES (` +
        "CAST(coalesce(?, x'') AS TEXT), CAST(coalesce(?, x'') AS TEXT), ?, coalesce(?, x''), ?) " +
        "ON CONFLICT DO NOTHING",
    );
  } catch (cause) {
    throw new StoreError(
      "CANNOT_OPEN",
      `Cannot export to the table "${table}" of "${path}": it is not C gearmand's; name another ` +
        "with --libsqlite3-table",
      { cause },
    );
  }
}
