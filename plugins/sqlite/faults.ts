import { StoreError, type StoreErrorCode } from "../../src/plugin_api/mod.ts";

/** What was being done: decides how a fault is reported and whether it may go away by itself. */
export type Action = "open" | "write to" | "read";

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that are told apart. */
const ERROR = 1;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const TOOBIG = 18;
const NOTADB = 26;
/** Extended code: the file is shorter than it says. */
const IOERR_SHORT_READ = 522;

/** SQLite's own texts, for errors of runtimes that do not pass the code on (Deno's `exec`). */
const CODES_BY_TEXT: readonly (readonly [string, number])[] = [
  ["database is locked", BUSY],
  ["attempt to write a readonly database", READONLY],
  ["disk I/O error", IOERR],
  ["database disk image is malformed", CORRUPT],
  ["database or disk is full", FULL],
  ["unable to open database file", CANTOPEN],
  ["file is not a database", NOTADB],
];

/** SQLite's result code of an error that `node:sqlite` threw; 0 when it has none. */
function resultCode(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode;
  return CODES_BY_TEXT.find(([text]) => error.message.includes(text))?.[1] ?? 0;
}

/**
 * Whether the connection may have lost track of what is in the file: nothing may be acknowledged
 * before the database was closed and opened again.
 */
export function leavesDoubt(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  const code = resultCode(error) & 0xff;
  return code !== FULL && code !== BUSY && code !== LOCKED && code !== TOOBIG;
}

/** The error as a `StoreError` that tells the operator what to do. */
export function storeErrorOf(error: unknown, action: Action, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = resultCode(error);
  const fault = (storeCode: StoreErrorCode, state: string) =>
    new StoreError(storeCode, `Cannot ${action} "${path}": ${state}`, { cause: error });
  // What cannot be read as what it should be was not written by this plugin.
  if (action === "read" && (error instanceof TypeError || error instanceof RangeError)) {
    return fault("DAMAGED", `it holds something else than a queue; ${SALVAGE}`);
  }
  if (action === "open" && code === ERROR) {
    return fault("DAMAGED", `its tables are not those of cogd; ${SALVAGE}`);
  }
  if (code === IOERR_SHORT_READ) return fault("DAMAGED", `the file was cut short; ${SALVAGE}`);
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return fault("LOCKED", "another process holds it; end that process");
    case READONLY:
      return fault("READ_ONLY", "it cannot be written; make the file and its folder writable");
    case IOERR:
      return fault(
        action === "write to" ? "UNKNOWN_OUTCOME" : action === "read" ? "FAILED" : "CANNOT_OPEN",
        "the disk reported an error; see the system's log, and check the disk and its limits",
      );
    case CORRUPT:
      return fault("DAMAGED", `its content is damaged; ${SALVAGE}`);
    case NOTADB:
      return fault("DAMAGED", `it is not a SQLite database, or its beginning is lost; ${SALVAGE}`);
    case FULL:
      return fault("FULL", "the disk is full; free some space");
    case CANTOPEN:
      return fault(
        action === "open" ? "CANNOT_OPEN" : "AWAY",
        "the system does not let it be opened",
      );
    case TOOBIG:
      return fault("TOO_LARGE", "a job is larger than SQLite takes (1,000,000,000 bytes)");
    default:
      return fault("FAILED", error instanceof Error ? error.message : String(error));
  }
}

/** What can be done about a damaged file. */
export const SALVAGE =
  `keep a copy of it, then restore a backup or save what is readable with "sqlite3 FILE .recover"`;
