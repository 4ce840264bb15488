import { type Failure, StoreError, type StoreErrorCode } from "../../src/plugin_api/mod.ts";
import { isServerError } from "./driver.ts";

/** The session has an older term than the queue, though no other server has taken it. */
export class StaleTerm extends Error {
  constructor() {
    super("a later session of this server has taken its place");
    this.name = "StaleTerm";
  }
}

/** SQLSTATEs after which the session is over, or that another server may not have. */
const SESSION_ENDS: ReadonlySet<string> = new Set([
  "25006", // read_only_sql_transaction: after a failover another server may be the one to write to
  "25P03", // idle_in_transaction_session_timeout
  "53300", // too_many_connections
]);

/** What single SQLSTATEs mean (PostgreSQL's documentation, appendix A). */
const BY_STATE: Readonly<Record<string, readonly [StoreErrorCode, string]>> = {
  "25006": ["READ_ONLY", "the server takes no writes (read-only, or a standby)"],
  "40001": ["AWAY", "another transaction was in the way"],
  "40003": ["UNKNOWN_OUTCOME", "the server does not know whether it was kept"],
  "40P01": ["AWAY", "another transaction was in the way"],
  "42501": ["READ_ONLY", "the user may not do that; grant it what docs/stores.md lists"],
  "53100": ["FULL", "the server's disk is full; free some space there"],
  "54000": ["TOO_LARGE", "a job is larger than PostgreSQL takes"],
  "55P03": ["LOCKED", "another transaction holds the queue"],
  "57014": ["AWAY", "the statement was cancelled"],
};

/** What the first two characters of a SQLSTATE mean. */
const BY_CLASS: Readonly<Record<string, readonly [StoreErrorCode, string]>> = {
  "08": ["AWAY", "the connection failed"],
  "53": ["AWAY", "the server lacks resources"],
  "57": ["AWAY", "the server ended the session"],
  "58": ["AWAY", "the server's machine reported an error"],
  "XX": ["DAMAGED", "the server found its data damaged; see its log, restore a backup"],
};

/** States in which nothing can be opened, and that an administrator has to change. */
const REFUSED = /^(28|3D|42|3F|0P)/;

/** What an error of the driver, the server or this plugin means. `opened`: the store has been open before. */
export function failureOf(error: unknown, opened: boolean): Failure {
  if (error instanceof StoreError) return { code: error.code, lost: false, text: error.message };
  if (error instanceof StaleTerm) return { code: "AWAY", lost: true, text: error.message };
  const text = error instanceof Error ? error.message : String(error);
  // What the driver and the runtime report without the server is the end of a connection.
  if (!isServerError(error)) {
    if (error instanceof TypeError || error instanceof RangeError) {
      return { code: "FAILED", lost: true, text };
    }
    return { code: "AWAY", lost: true, text };
  }
  const { code: state, severity } = error;
  const lost = severity === "FATAL" || severity === "PANIC" || /^(08|57P)/.test(state) ||
    SESSION_ENDS.has(state);
  // What a person must put right ends a start; a server that runs waits for it.
  if (REFUSED.test(state) && (lost || !opened)) {
    return { code: opened ? "AWAY" : "CANNOT_OPEN", lost, text: `${text} (${state})` };
  }
  const [code, meaning] = BY_STATE[state] ?? BY_CLASS[state.slice(0, 2)] ??
    ["FAILED" as const, "the server refused"];
  // Only an ERROR surely kept nothing: what ends the session may come when all was written.
  const certain = severity === "ERROR";
  return { code: certain ? code : "AWAY", lost, text: `${meaning}: ${text} (${state})` };
}

/** Whether the error concerns what a row holds, so that other rows may be sound. */
export function concernsData(error: unknown): boolean {
  return isServerError(error) && error.severity === "ERROR" && /^(22|54|XX)/.test(error.code);
}
