import { Buffer } from "node:buffer";
import { StoreError } from "../../src/plugin_api/mod.ts";
import type { MySqlConnection, Value } from "./connection.ts";
import { bytesLiteral, numberLiteral } from "./scope.ts";

/** Rows in one statement at most: more are not faster, and each size is prepared on its own. */
const MOST_ROWS = 512;
/** Bytes in one statement at most, even where the server takes more. */
const MOST_BYTES = 4 * 1024 * 1024;
/** What a statement's packet holds beside the rows. */
const PACKET_BYTES = 1024;
/** What a bound value takes beside its own bytes: type, length, its share of the NULL bits. */
const VALUE_BYTES = 13;

/** A row to be inserted. */
export interface NewRow {
  readonly values: readonly Value[];
  /** What the row is, for an error. */
  readonly what: string;
}

/** An insert of many rows in one statement. */
export interface RowInsert {
  readonly head: string;
  /** What stands before a row's values, with the bracket. */
  readonly rowHead: string;
  /** How many values a row has. */
  readonly width: number;
  /** What stands for them where values are bound, if not just `?`. */
  readonly places?: readonly string[];
  readonly tail: string;
}

/**
 * Throws `TOO_LARGE` for a row that no packet of this session can hold. To be called for all rows of a batch
 * before anything is sent: the server would close the connection.
 */
export function requireFitting(connection: MySqlConnection, rows: readonly NewRow[]): void {
  const most = connection.maxPacketBytes - PACKET_BYTES;
  for (const row of rows) {
    const bytes = rowBytes(row);
    if (bytes <= most) continue;
    throw new StoreError(
      "TOO_LARGE",
      `${row.what} takes ${bytes} bytes, and the server's max_allowed_packet is ` +
        `${connection.maxPacketBytes}; raise it there, for ever and with SET GLOBAL, then restart cogd`,
    );
  }
}

/** Inserts the rows, in as many statements as that takes. */
export async function insertRows(
  connection: MySqlConnection,
  insert: RowInsert,
  rows: readonly NewRow[],
): Promise<void> {
  for (const portion of portionsOf(connection, rows)) {
    await insertPortion(connection, insert, portion);
  }
}

/**
 * Rows for one statement each: 1, 2, 4 … of them, so that few different statements are prepared, and
 * within the server's packet size.
 */
export function* portionsOf<R extends NewRow>(
  connection: MySqlConnection,
  rows: readonly R[],
): Generator<readonly R[]> {
  const limit = Math.min(connection.maxPacketBytes - PACKET_BYTES, MOST_BYTES);
  for (let at = 0; at < rows.length;) {
    const count = fittingRows(rows, at, limit);
    yield rows.slice(at, at + count);
    at += count;
  }
}

/** Inserts all rows of a portion, or none if one of them is refused. */
export async function insertPortion(
  connection: MySqlConnection,
  insert: RowInsert,
  rows: readonly NewRow[],
): Promise<void> {
  await connection.execute(prepared(insert, rows.length), rows.flatMap(({ values }) => values));
}

/** Rows as one statement with the values in it; null when there are no rows. */
export function insertText(insert: RowInsert, rows: readonly NewRow[]): string | null {
  if (rows.length === 0) return null;
  const lists = rows.map(({ values }) => `${insert.rowHead}${values.map(literal).join(",")})`);
  return `${insert.head} ${lists.join(",")} ${insert.tail}`;
}

/** A value as SQL. */
export function literal(value: Value): string {
  if (value === null) return "NULL";
  return Buffer.isBuffer(value) ? bytesLiteral(value) : numberLiteral(value);
}

/** About as many bytes as the row takes in a packet, whatever form it is sent in. */
export function rowBytes({ values }: NewRow): number {
  let bytes = values.length * VALUE_BYTES;
  for (const value of values) {
    if (value !== null) bytes += typeof value === "number" ? 8 : value.length;
  }
  return bytes;
}

function fittingRows(rows: readonly NewRow[], at: number, limit: number): number {
  let bytes = 0;
  let count = 0;
  while (count < MOST_ROWS && at + count < rows.length) {
    bytes += rowBytes(rows[at + count]!);
    if (count > 0 && bytes > limit) break;
    count++;
  }
  return 2 ** Math.floor(Math.log2(count));
}

const texts = new WeakMap<RowInsert, Map<number, string>>();

function prepared(insert: RowInsert, rows: number): string {
  let known = texts.get(insert);
  if (known === undefined) texts.set(insert, known = new Map());
  let text = known.get(rows);
  if (text === undefined) {
    const places = insert.places ?? new Array<string>(insert.width).fill("?");
    const row = `${insert.rowHead}${places.join(",")})`;
    text = `${insert.head} ${new Array(rows).fill(row).join(",")} ${insert.tail}`;
    known.set(rows, text);
  }
  return text;
}
