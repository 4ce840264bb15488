import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import {
  Adoption,
  type ForeignRow,
  type HighWater,
  recordsOfHighWater,
  type StoredJob,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import type { BatchWriter } from "./batch_writer.ts";
import { type Cell, type MySqlConnection, type Row, textOf } from "./connection.ts";
import { fitting } from "./replay_reader.ts";
import { bytesLiteral, quoted } from "./scope.ts";

/** Columns without which a table is not C gearmand's. `when_to_run` came later: old tables lack it. */
const REQUIRED_COLUMNS = ["unique_key", "function_name", "priority", "data"];

/** The order of C's unique key. Its rows have no number by which they could be paged. */
const ORDER = "ORDER BY unique_key, function_name";
const NO_KEY = "(unique_key IS NULL OR function_name IS NULL)";
/** Variables of the session: so the server compares keys by their own collation. */
const AFTER_LAST =
  "(unique_key > @cogd_unique OR (unique_key = @cogd_unique AND function_name > @cogd_function))";
const UP_TO_END =
  "(unique_key < @cogd_end_unique OR (unique_key = @cogd_end_unique AND function_name <= @cogd_end_function))";

/** The table in which C gearmand keeps its queue, when the database has one. */
export class GearmandTable {
  readonly #connection: MySqlConnection;
  /** The name, quoted for SQL. */
  readonly #name: string;
  /** Columns of a row as SQL, in the order that `foreignRow` knows. */
  readonly #columns: string;
  readonly #identifying: readonly string[];

  private constructor(
    connection: MySqlConnection,
    name: string,
    charsets: ReadonlyMap<string, string>,
  ) {
    this.#connection = connection;
    this.#name = name;
    this.#columns = columnsSql(charsets);
    this.#identifying = identifying(charsets);
  }

  /** The table of this name; null (and a line in the log when it looks wrong) if there is none. */
  static async find(
    connection: MySqlConnection,
    name: string,
    host: StoreHost,
  ): Promise<GearmandTable | null> {
    // Both sides in one collation: MySQL compares no others, and chooses them otherwise than MariaDB.
    const named = "CONVERT(table_name USING utf8mb4) = " +
      `CONVERT(${bytesLiteral(Buffer.from(name))} USING utf8mb4)`;
    const [table] = await connection.select(
      "SELECT table_name, engine FROM information_schema.tables WHERE " +
        `table_schema = DATABASE() AND table_type = 'BASE TABLE' AND ${named}`,
    );
    if (table === undefined) return null;
    const rows = await connection.select(
      "SELECT LOWER(column_name), character_set_name FROM information_schema.columns WHERE " +
        `table_schema = DATABASE() AND ${named}`,
    );
    const charsets = new Map(rows.map(([column, charset]) => [textOf(column), textOf(charset)]));
    const obstacle = obstacleIn(charsets, textOf(table[1]));
    if (obstacle === null) {
      return new GearmandTable(connection, quoted(textOf(table[0])), charsets);
    }
    host.log("WARNING", `Left the table "${name}" as it is: ${obstacle}`);
    return null;
  }

  /**
   * Moves the rows into the tables of this plugin and answers what became of them. Runs inside the caller's
   * transaction and locks the table's rows, so that nothing is written to it meanwhile.
   */
  async adopt(
    writer: BatchWriter,
    marks: HighWater,
    host: StoreHost,
    maxBytes: number,
  ): Promise<Adoption> {
    const adoption = new Adoption(marks, host, maxBytes);
    await this.#adoptKeyed(adoption, writer);
    await this.#adoptKeyless(adoption, writer);
    return adoption;
  }

  async #adoptKeyed(adoption: Adoption, writer: BatchWriter): Promise<void> {
    let from = `NOT ${NO_KEY}`;
    for (;;) {
      const sizes = await this.#select("COALESCE(LENGTH(data), 0)", `${from} ${ORDER} LIMIT 1000`);
      const count = fitting(sizes.map(([size]) => Number(size)));
      if (count === 0) return;
      await this.#connection.change(
        `SELECT unique_key, function_name INTO @cogd_end_unique, @cogd_end_function ` +
          `FROM ${this.#name} WHERE ${from} ${ORDER} LIMIT ${count - 1}, 1`,
      );
      const range = `${from} AND ${UP_TO_END}`;
      const rows = await this.#select(this.#columns, `${range} ${ORDER} FOR UPDATE`);
      const left = await this.#write(adoption, writer, rows);
      const spared = left.map((row) => ` AND NOT (${this.#same(row)})`).join("");
      await this.#connection.change(`DELETE FROM ${this.#name} WHERE ${range}${spared}`);
      await this.#connection.change(
        "SET @cogd_unique = @cogd_end_unique, @cogd_function = @cogd_end_function",
      );
      from = AFTER_LAST;
    }
  }

  /** Rows of tables made by hand may lack a key; they are few, and removed one by one. */
  async #adoptKeyless(adoption: Adoption, writer: BatchWriter): Promise<void> {
    for (let left = 0;;) {
      const page = `${NO_KEY} LIMIT ${left}, ${KEYLESS_PAGE} FOR UPDATE`;
      const rows = await this.#select(this.#columns, page);
      if (rows.length === 0) return;
      const spared = await this.#write(adoption, writer, rows);
      for (const row of rows) {
        if (spared.includes(row)) continue;
        const same = this.#same(row);
        await this.#connection.change(`DELETE FROM ${this.#name} WHERE ${same} LIMIT 1`);
      }
      left += spared.length;
    }
  }

  /** Writes the jobs of these rows, and answers the rows that make none. */
  async #write(adoption: Adoption, writer: BatchWriter, rows: readonly Row[]): Promise<Row[]> {
    const jobs: StoredJob[] = [];
    const left: Row[] = [];
    for (const row of rows) {
      const job = adoption.adopt(foreignRow(row));
      if ("unreadable" in job) left.push(row);
      else jobs.push(job);
    }
    const put = recordsOfHighWater(adoption.marks);
    const batch = { add: jobs, update: [], remove: [], put };
    await writer.write(this.#connection, writer.prepare(this.#connection, batch));
    return left;
  }

  /** A condition that is true for rows that are exactly like this one. */
  #same([, , , data, , ...rest]: Row): string {
    // The data itself may be larger than a statement may be.
    const sum = Buffer.isBuffer(data) ? createHash("sha1").update(data).digest("hex") : null;
    return [
      ...this.#identifying.map((expression, i) => `${expression} <=> ${literal(rest[i])}`),
      `SHA1(CAST(data AS BINARY)) <=> ${sum === null ? "NULL" : `'${sum}'`}`,
    ].join(" AND ");
  }

  #select(columns: string, where: string): Promise<Row[]> {
    return this.#connection.select(`SELECT ${columns} FROM ${this.#name} WHERE ${where}`);
  }
}

/** Small: each may hold a workload of any size. */
const KEYLESS_PAGE = 10;

/** Why a table cannot be adopted; null when it can. */
function obstacleIn(columns: ReadonlyMap<string, string>, engine: string): string | null {
  const missing = REQUIRED_COLUMNS.filter((column) => !columns.has(column));
  if (missing.length > 0) return `it is not C gearmand's (no column ${missing.join(", ")})`;
  // Without transactions a crash in between would lose or double its jobs.
  if (engine !== "InnoDB") return `its engine is ${engine}; ALTER TABLE … ENGINE = InnoDB`;
  return null;
}

/**
 * Keys as the bytes that C gearmand was given: it wrote them as UTF-8 and the column may have another
 * character set. After the values of a job, what finds its row again: there is no number to do that.
 */
function columnsSql(charsets: ReadonlyMap<string, string>): string {
  const text = (column: string) =>
    charsets.get(column) === ""
      ? `CAST(${column} AS BINARY)`
      : `CAST(CONVERT(${column} USING utf8mb4) AS BINARY)`;
  return [
    text("unique_key"),
    text("function_name"),
    "priority",
    charsets.get("data") === "" ? "data" : "CAST(data AS BINARY)",
    charsets.has("when_to_run") ? "when_to_run" : "NULL",
    ...identifying(charsets),
  ].join(", ");
}

/** Expressions, bytes all, that with the data tell a row from all that are not exactly like it. */
function identifying(charsets: ReadonlyMap<string, string>): string[] {
  return [
    "CAST(unique_key AS BINARY)",
    "CAST(function_name AS BINARY)",
    "CAST(CAST(priority AS CHAR) AS BINARY)",
    `CAST(CAST(${charsets.has("when_to_run") ? "when_to_run" : "NULL"} AS CHAR) AS BINARY)`,
  ];
}

function literal(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return "NULL";
  return bytesLiteral(Buffer.isBuffer(cell) ? cell : Buffer.from(String(cell)));
}

function foreignRow([uniqueKey, functionName, priority, data, whenToRun]: Row): ForeignRow {
  return { uniqueKey, functionName, priority, data, whenToRun };
}
