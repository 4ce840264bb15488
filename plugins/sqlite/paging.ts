import type { SQLOutputValue } from "node:sqlite";
import { REPLAY_PAGE_LIMITS } from "../../src/plugin_api/mod.ts";

/** One row as `node:sqlite` hands it out. */
export type Row = Record<string, SQLOutputValue>;

/**
 * Where a page must end that begins with these rows (`at` is the row's place, `size` its bytes); null
 * when there are none. A first row that is too large alone makes a page.
 */
export function lastThatFits(sizes: readonly Row[]): SQLOutputValue {
  let last: SQLOutputValue = null;
  let bytes = 0;
  for (const { at, size } of sizes) {
    bytes += Number(size);
    if (bytes > REPLAY_PAGE_LIMITS.bytes && last !== null) break;
    last = at ?? null;
  }
  return last;
}
