import { type Failure, StoreError, type StoreErrorCode } from "../../src/plugin_api/mod.ts";
import { isServerError } from "./pg_package.ts";

/** The session has an older term than the queue, though no other server has taken it. */
export class StaleTerm extends Error {
  constructor() {
    super("a later session of this server has taken its place");
    this.name = "StaleTerm";
  }
}

/** What a SQLSTATE means, and what the operator can do. */
interface Meaning {
  readonly code: StoreErrorCode;
  /** The session may not be used any more, or another server may be the right one. */
  readonly lost?: true;
  readonly advice?: string;
}

const ANOTHER_SESSION: Meaning = { code: "AWAY", lost: true };
const BUSY: Meaning = { code: "LOCKED" };
const NO_ACCESS: Meaning = {
  code: "AWAY",
  lost: true,
  advice: "check user, password and privileges (docs/stores.md lists what is needed)",
};

/** Single SQLSTATEs (PostgreSQL's documentation, appendix A). */
const BY_STATE: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["25006", {
    code: "AWAY",
    lost: true,
    advice: "the server takes no writes: a failover under way, or a standby",
  }],
  ["25P03", ANOTHER_SESSION], // idle_in_transaction_session_timeout
  ["3D000", { ...NO_ACCESS, advice: "create the database" }],
  ["40001", BUSY], // serialization_failure
  ["40003", { code: "UNKNOWN_OUTCOME", lost: true }], // statement_completion_unknown
  ["40P01", BUSY], // deadlock_detected
  ["42501", NO_ACCESS], // insufficient_privilege
  ["53100", { code: "FULL", advice: "free some space on the server's disk" }],
  ["53300", ANOTHER_SESSION], // too_many_connections
  ["54000", { code: "TOO_LARGE" }], // program_limit_exceeded
  ["55P03", BUSY], // lock_not_available
  ["57014", ANOTHER_SESSION], // query_canceled
]);

/** The first two characters of a SQLSTATE. */
const BY_CLASS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["08", ANOTHER_SESSION],
  ["28", NO_ACCESS],
  ["57", ANOTHER_SESSION],
  ["58", ANOTHER_SESSION], // the server's machine
  ["XX", {
    code: "DAMAGED",
    advice: "the server found its own data damaged: see its log, restore a backup",
  }],
]);

/** What an error of the driver, the server or this plugin means for the store. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) {
    return { code: error.code, lost: error.code === "AWAY", text: error.message };
  }
  if (error instanceof StaleTerm) return { code: "AWAY", lost: true, text: error.message };
  const text = error instanceof Error ? error.message : String(error);
  if (!isServerError(error)) {
    // What driver and runtime report without the server is the end of a connection.
    const ownFault = error instanceof TypeError || error instanceof RangeError;
    return { code: ownFault ? "FAILED" : "AWAY", lost: true, text: withoutDriversWords(text) };
  }
  const { code: state, severity } = error;
  const meaning = BY_STATE.get(state) ?? BY_CLASS.get(state.slice(0, 2)) ?? { code: "FAILED" };
  const told = `${text} (${state})${meaning.advice === undefined ? "" : `; ${meaning.advice}`}`;
  // Only an ERROR surely kept nothing: what ends a session may come when all was written.
  if (severity !== "ERROR") return { code: "AWAY", lost: true, text: told };
  return { code: meaning.code, lost: meaning.lost === true, text: told };
}

function withoutDriversWords(text: string): string {
  return /client password must be a/.test(text)
    ? "the server asks for a password, and none was given; name a file with " +
      "--postgres-password-file, or set PGPASSWORD"
    : text;
}

/** Whether the error concerns what a row holds, so that other rows may be sound. */
export function concernsData(error: unknown): boolean {
  return isServerError(error) && error.severity === "ERROR" && /^(22|54|XX)/.test(error.code);
}
