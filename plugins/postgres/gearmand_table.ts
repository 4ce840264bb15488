import {
  type Adoption,
  type ForeignRow,
  REPLAY_PAGE_LIMITS,
  type StoredJob,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import type { PostgresConnection } from "./connection.ts";
import { concernsData } from "./faults.ts";

/** Columns without which a table is not C gearmand's. */
const REQUIRED_COLUMNS = ["unique_key", "function_name", "priority", "data"];

/** A place in a table as PostgreSQL writes it, `(page,item)`. */
const PLACE = /^\([0-9]+,[0-9]+\)$/;

/**
 * How long the table is waited for, milliseconds. The server's own cleaning may have it, and gives way when it
 * has been in somebody's way for `deadlock_timeout`, a second.
 */
const LOCK_MS = 5000;

/** Writes jobs, in the transaction that is under way. */
export type WriteJobs = (jobs: readonly StoredJob[]) => Promise<void>;

/** The table in which C gearmand keeps its queue, when the database has it. */
export class GearmandTable {
  /** For the log, e.g. `table "public.queue" of postgres localhost:5432/jobs`. */
  readonly place: string;
  readonly #connection: PostgresConnection;
  /** The name, quoted for SQL. */
  readonly #name: string;
  /** Types by column. */
  readonly #types: ReadonlyMap<string, string>;
  readonly #host: StoreHost;

  private constructor(
    connection: PostgresConnection,
    name: { readonly sql: string; readonly place: string },
    types: ReadonlyMap<string, string>,
    host: StoreHost,
  ) {
    this.#connection = connection;
    this.#name = name.sql;
    this.place = name.place;
    this.#types = types;
    this.#host = host;
  }

  /**
   * The table of this name, as it stands in SQL; null if there is none, if it is empty, and (with a line in
   * the log) if it cannot be taken over.
   */
  static async find(
    connection: PostgresConnection,
    name: string,
    place: string,
    host: StoreHost,
  ): Promise<GearmandTable | null> {
    const [found] = await connection.query(
      "SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname), " +
        "has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'DELETE') " +
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
      [name],
    );
    if (found === undefined) return null;
    const [oid, kind, sql, permitted] = found;
    const columns = await connection.query(
      "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute " +
        "WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped",
      [oid ?? null],
    );
    const types = new Map(columns.map(([column, type]) => [column ?? "", type ?? ""]));
    const missing = REQUIRED_COLUMNS.filter((column) => !types.has(column));
    const obstacle = kind !== "r"
      ? "it is not an ordinary table"
      : missing.length > 0
      ? `it is not C gearmand's (no column ${missing.join(", ")})`
      : permitted !== "t"
      ? "the user may not SELECT and DELETE there"
      : null;
    if (obstacle !== null) {
      host.log("WARNING", `Left the table "${sql}" of ${place} as it is: ${obstacle}`);
      return null;
    }
    const names = { sql: sql ?? "", place: `table "${sql}" of ${place}` };
    const table = new GearmandTable(connection, names, types, host);
    const [row] = await connection.query(`SELECT EXISTS (SELECT FROM ${names.sql})`);
    return row?.[0] === "t" ? table : null;
  }

  /**
   * Moves the rows into the tables of this plugin: in one transaction, in the order in which they lie in the
   * table, which is about that in which they were written. Waits for nobody who goes on writing there.
   */
  async adopt(adoption: Adoption, write: WriteJobs): Promise<void> {
    const connection = this.#connection;
    await connection.execute("BEGIN");
    try {
      await connection.execute(
        "SET LOCAL enable_seqscan TO on; SET LOCAL synchronize_seqscans TO off; " +
          `SET LOCAL lock_timeout TO ${LOCK_MS}; LOCK TABLE ${this.#name} IN SHARE ROW EXCLUSIVE MODE; ` +
          "DECLARE cogd_rows NO SCROLL CURSOR FOR " +
          `SELECT ctid, coalesce(octet_length(${this.#bytes("data")}), 0) FROM ${this.#name}`,
      );
      for await (const places of this.#pages()) await this.#adoptPage(places, adoption, write);
      await connection.execute("COMMIT");
    } catch (error) {
      // The connection may be the reason; the first error counts.
      await connection.execute("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  /** Places of rows, in pages within the limits. */
  async *#pages(): AsyncGenerator<string[]> {
    let page: string[] = [];
    let bytes = 0;
    for (;;) {
      const rows = await this.#connection.query(`FETCH ${REPLAY_PAGE_LIMITS.jobs} FROM cogd_rows`);
      for (const [place, size] of rows) {
        bytes += Number(size);
        const full = page.length === REPLAY_PAGE_LIMITS.jobs || bytes > REPLAY_PAGE_LIMITS.bytes;
        if (full && page.length > 0) {
          yield page;
          page = [];
          bytes = Number(size);
        }
        if (place && PLACE.test(place)) page.push(place);
      }
      if (rows.length === 0) break;
    }
    if (page.length > 0) yield page;
  }

  async #adoptPage(
    places: readonly string[],
    adoption: Adoption,
    write: WriteJobs,
  ): Promise<void> {
    const jobs: StoredJob[] = [];
    const moved: string[] = [];
    for (const { place, row } of await this.#read(places)) {
      const job = adoption.adopt(row);
      if ("unreadable" in job) continue;
      jobs.push(job);
      moved.push(place);
    }
    if (jobs.length === 0) return;
    await write(jobs);
    await this.#connection.query(
      `DELETE FROM ${this.#name} WHERE ctid = ANY($1::tid[])`,
      [arrayOf(moved)],
    );
  }

  /** The rows at these places, in their order. What the server cannot read is reported and left out. */
  async #read(places: readonly string[]): Promise<{ place: string; row: ForeignRow }[]> {
    const connection = this.#connection;
    await connection.execute("SAVEPOINT cogd_page");
    try {
      const rows = await connection.copy(
        `SELECT convert_to(ctid::text, getdatabaseencoding()), ${this.#bytes("unique_key")}, ` +
          `${this.#bytes("function_name")}, ${this.#bytes("priority")}, ${this.#bytes("data")}, ` +
          `${this.#types.has("when_to_run") ? this.#bytes("when_to_run") : "NULL::bytea"} ` +
          `FROM ${this.#name} WHERE ctid = ANY('${arrayOf(places)}'::tid[]) ORDER BY ctid`,
      );
      const found: { place: string; row: ForeignRow }[] = [];
      while (rows.next()) {
        const place = rows.name() ?? "";
        const row = {
          uniqueKey: rows.bytes(),
          functionName: rows.bytes(),
          priority: rows.bytes(),
          data: rows.bytes(),
          whenToRun: rows.bytes(),
        };
        found.push({ place, row });
      }
      await connection.execute("RELEASE SAVEPOINT cogd_page");
      return found;
    } catch (error) {
      if (!concernsData(error)) throw error;
      await connection.execute("ROLLBACK TO SAVEPOINT cogd_page");
      if (places.length === 1) {
        this.#host.log(
          "WARNING",
          `Left the row at ${places[0]} in ${this.place}: the server cannot read it (${error})`,
        );
        return [];
      }
      const half = places.length >> 1;
      return [
        ...await this.#read(places.slice(0, half)),
        ...await this.#read(places.slice(half)),
      ];
    }
  }

  /** A column as the bytes that it has in the database's own encoding: C wrote them there unconverted. */
  #bytes(column: string): string {
    return this.#types.get(column) === "bytea"
      ? column
      : `convert_to(${column}::text, getdatabaseencoding())`;
  }
}

/** Places as an array's text. */
function arrayOf(places: readonly string[]): string {
  return `{${places.map((place) => `"${place}"`).join(",")}}`;
}
