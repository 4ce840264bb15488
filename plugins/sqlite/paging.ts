import type { SQLOutputValue } from "node:sqlite";
import { REPLAY_PAGE_LIMITS } from "../../src/plugin_api/mod.ts";

/** One row as `node:sqlite` hands it out. */
export type Row = Record<string, SQLOutputValue>;

/** Rows of a table, in the order of one column, which has no value twice. */
export interface PagedRows {
  readonly table: string;
  /** The column. */
  readonly place: string;
  /** How many bytes a row counts, as SQL. */
  readonly size: string;
  /** Which rows, as SQL. */
  readonly where: string;
}

/**
 * A query for `last`, where a page of these rows must end to stay within the limits; NULL when there
 * are none. A first row that is too large alone makes a page. SQLite knows lengths without reading
 * the bytes.
 */
export function pageEndSql({ table, place, size, where }: PagedRows): string {
  return `SELECT coalesce(max(place) FILTER (WHERE total <= ${REPLAY_PAGE_LIMITS.bytes}), min(place))
    AS last FROM (
      SELECT place, sum(size) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) AS total FROM (
        SELECT ${place} AS place, ${size} AS size FROM ${table}
        WHERE ${where} ORDER BY ${place} LIMIT ${REPLAY_PAGE_LIMITS.jobs}
      )
    )`;
}
