import type { DatabaseSync } from "node:sqlite";
import {
  Adoption,
  type ForeignRow,
  type HighWater,
  recordsOfHighWater,
  type StoredJob,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { packBatch } from "./packer.ts";
import { pageEndSql, type Row } from "./paging.ts";
import { Unpacker } from "./unpacker.ts";

/** Columns without which a table is not C gearmand's. `when_to_run` came later: old files lack it. */
const REQUIRED_COLUMNS = ["unique_key", "function_name", "priority", "data"];

/** The table in which C gearmand keeps its queue, when the file has one. */
export class GearmandTable {
  readonly #db: DatabaseSync;
  /** The name, quoted for SQL. */
  readonly #name: string;
  readonly #columns: ReadonlySet<string>;

  private constructor(db: DatabaseSync, name: string, columns: ReadonlySet<string>) {
    this.#db = db;
    this.#name = name;
    this.#columns = columns;
  }

  /** The table of this name; null (and a line in the log when it looks wrong) if there is none. */
  static find(db: DatabaseSync, name: string, host: StoreHost): GearmandTable | null {
    const found = db.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE",
    ).get(name);
    if (found === undefined) return null;
    const columns = new Set(
      db.prepare("SELECT lower(name) AS name FROM pragma_table_info(?)").all(name)
        .map((row) => String(row["name"])),
    );
    const table = new GearmandTable(db, `"${name.replaceAll('"', '""')}"`, columns);
    const obstacle = table.#obstacle();
    if (obstacle === null) return table;
    host.log("WARNING", `Left the table "${name}" as it is: ${obstacle}`);
    return null;
  }

  /**
   * Moves the rows into the tables of this plugin and answers what became of them. Runs inside the
   * caller's transaction, reads in pages, and goes by the order in which the rows were written.
   */
  adopt(writer: BatchWriter, marks: HighWater, host: StoreHost, maxBytes: number): Adoption {
    const adoption = new Adoption(marks, host, maxBytes);
    const pageEnd = this.#db.prepare(pageEndSql({
      table: this.#name,
      place: "rowid",
      size: "coalesce(length(data), 0)",
      where: "rowid > ?",
    }));
    const page = this.#db.prepare(this.#select());
    const remove = this.#db.prepare(`DELETE FROM ${this.#name} WHERE rowid = ?`);
    // Times and row numbers of tables made by hand may be beyond what a JavaScript number holds.
    pageEnd.setReadBigInts(true);
    page.setReadBigInts(true);
    let after: bigint = LEAST_ROWID;
    for (;;) {
      const last = pageEnd.get(after)?.["last"];
      if (typeof last !== "bigint") return adoption;
      const jobs: StoredJob[] = [];
      for (const row of page.all(after, last)) {
        const job = adoption.adopt(foreignRow(row));
        if ("unreadable" in job) continue;
        jobs.push(job);
        remove.run(row["at"] ?? null);
      }
      const put = recordsOfHighWater(adoption.marks);
      writer.write(new Unpacker(packBatch({ add: jobs, update: [], remove: [], put })), null);
      after = last;
    }
  }

  /** Names as the bytes they are: C bound them as text without a look at their encoding. */
  #select(): string {
    const whenToRun = this.#columns.has("when_to_run") ? "when_to_run" : "NULL";
    return "SELECT rowid AS at, CAST(unique_key AS BLOB) AS unique_key, " +
      "CAST(function_name AS BLOB) AS function_name, priority AS priority, " +
      `CAST(data AS BLOB) AS data, ${whenToRun} AS when_to_run FROM ${this.#name} ` +
      "WHERE rowid > ? AND rowid <= ? ORDER BY rowid";
  }

  /** Why the table cannot be adopted; null when it can. */
  #obstacle(): string | null {
    const missing = REQUIRED_COLUMNS.filter((column) => !this.#columns.has(column));
    if (missing.length > 0) {
      return `it is not C gearmand's (no column ${missing.join(", ")})`;
    }
    const encoding = this.#db.prepare("PRAGMA encoding").get()?.["encoding"];
    if (encoding !== "UTF-8") return `the file's encoding is ${encoding}, C gearmand's is UTF-8`;
    try {
      this.#db.prepare(`SELECT rowid FROM ${this.#name}`);
      return null;
    } catch {
      return "it is not C gearmand's (it has no row numbers)";
    }
  }
}

/** Row numbers begin at 1, but may be set by hand: SQLite's least integer stands before all. */
const LEAST_ROWID = -(2n ** 63n);

function foreignRow(row: Row): ForeignRow {
  return {
    uniqueKey: row["unique_key"],
    functionName: row["function_name"],
    priority: row["priority"],
    data: row["data"],
    whenToRun: row["when_to_run"],
  };
}
