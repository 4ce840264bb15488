import { join, resolve } from "node:path";
import { StoreError, type StoreOption, type StoreOptions } from "../../src/plugin_api/mod.ts";

export const FILE = "libsqlite3-db";
export const TABLE = "libsqlite3-table";
const DEFAULT_FILE = "queue.db";
/** C gearmand's default. */
const DEFAULT_TABLE = "gearman_queue";

/** gearmand's own options (its `--help`, section libsqlite3). */
export const SQLITE_OPTIONS: readonly StoreOption[] = [
  {
    name: FILE,
    kind: "text",
    valueName: "FILE",
    help: `Database file; C gearmand's is taken over. Default: ${DEFAULT_FILE} in the data folder`,
  },
  {
    name: TABLE,
    kind: "text",
    valueName: "NAME",
    help: "Table of C gearmand whose jobs are taken over when the file has it",
    default: DEFAULT_TABLE,
  },
  {
    name: "store-queue-on-shutdown",
    kind: "switch",
    help: "Accepted, changes nothing: every background job is stored before it is acknowledged",
  },
];

export interface SqliteSettings {
  /** Absolute path of the database file. */
  readonly path: string;
  /** Name of the table of C gearmand. */
  readonly gearmandTable: string;
  /** The file must be there, and the table of C gearmand in it is not taken over. */
  readonly forExport: boolean;
}

/** Throws `INVALID_OPTION`. */
export function sqliteSettings(options: StoreOptions): SqliteSettings {
  const file = options.values.get(FILE);
  if (file === "" || file === ":memory:") {
    throw new StoreError(
      "INVALID_OPTION",
      `Cannot use --${FILE} "${file}": it must name a file; for a queue in memory use --queue-type builtin`,
    );
  }
  const gearmandTable = options.values.get(TABLE) ?? DEFAULT_TABLE;
  if (gearmandTable === "" || /^(sqlite_|cogd_)/i.test(gearmandTable)) {
    throw new StoreError(
      "INVALID_OPTION",
      `Cannot use --${TABLE} "${gearmandTable}": names that begin with "cogd_" or "sqlite_" ` +
        `are taken; name the table of C gearmand, usually ${DEFAULT_TABLE}`,
    );
  }
  return {
    path: file === undefined ? join(options.dataDir, DEFAULT_FILE) : resolve(file),
    gearmandTable,
    forExport: options.forExport ?? false,
  };
}
