import { type Failure, StoreError, type StoreErrorCode } from "../../src/plugin_api/mod.ts";

/** What an error number of the server means, and what the operator can do. */
interface Meaning {
  readonly code: StoreErrorCode;
  /** The session may not be used any more. */
  readonly lost?: true;
  readonly advice?: string;
}

const ANOTHER_SESSION: Meaning = { code: "AWAY", lost: true };
const READ_ONLY: Meaning = {
  code: "AWAY",
  lost: true,
  advice: "the server takes no writes: a failover under way, or a replica",
};
const NO_ACCESS: Meaning = {
  code: "AWAY",
  lost: true,
  advice: "check user, password and privileges",
};
const BUSY: Meaning = { code: "LOCKED" };
const DISK_FULL: Meaning = { code: "FULL", advice: "free some space on the server's disk" };
const TOO_LARGE: Meaning = { code: "TOO_LARGE" };

/** Error numbers of MySQL and MariaDB (https://mariadb.com/kb/en/mariadb-error-code-reference/). */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [3, DISK_FULL], // EE_WRITE
  [28, DISK_FULL], // ENOSPC
  [1021, DISK_FULL], // ER_DISK_FULL
  [1026, DISK_FULL], // ER_ERROR_ON_WRITE
  [1040, ANOTHER_SESSION], // ER_CON_COUNT_ERROR
  [1041, ANOTHER_SESSION], // ER_OUT_OF_RESOURCES
  [1044, NO_ACCESS], // ER_DBACCESS_DENIED_ERROR
  [1045, NO_ACCESS], // ER_ACCESS_DENIED_ERROR
  [1047, ANOTHER_SESSION], // ER_UNKNOWN_COM_ERROR: a Galera node that is not ready
  [1049, { ...NO_ACCESS, advice: "create the database" }], // ER_BAD_DB_ERROR
  [1053, ANOTHER_SESSION], // ER_SERVER_SHUTDOWN
  [1114, DISK_FULL], // ER_RECORD_FILE_FULL
  [1118, TOO_LARGE], // ER_TOO_BIG_ROWSIZE
  [1129, NO_ACCESS], // ER_HOST_IS_BLOCKED
  [1130, NO_ACCESS], // ER_HOST_NOT_PRIVILEGED
  [1135, ANOTHER_SESSION], // ER_CANT_CREATE_THREAD
  [1142, NO_ACCESS], // ER_TABLEACCESS_DENIED_ERROR
  [1143, NO_ACCESS], // ER_COLUMNACCESS_DENIED_ERROR
  [1152, ANOTHER_SESSION], // ER_ABORTING_CONNECTION
  [1153, { ...TOO_LARGE, lost: true, advice: "raise max_allowed_packet" }], // ER_NET_PACKET_TOO_LARGE
  [1158, ANOTHER_SESSION], // ER_NET_READ_ERROR
  [1159, ANOTHER_SESSION], // ER_NET_READ_INTERRUPTED
  [1160, ANOTHER_SESSION], // ER_NET_ERROR_ON_WRITE
  [1161, ANOTHER_SESSION], // ER_NET_WRITE_INTERRUPTED
  [1180, { code: "UNKNOWN_OUTCOME", lost: true }], // ER_ERROR_DURING_COMMIT
  [1184, ANOTHER_SESSION], // ER_NEW_ABORTING_CONNECTION
  [1203, ANOTHER_SESSION], // ER_TOO_MANY_USER_CONNECTIONS
  [1205, BUSY], // ER_LOCK_WAIT_TIMEOUT
  [1206, BUSY], // ER_LOCK_TABLE_FULL
  [1213, BUSY], // ER_LOCK_DEADLOCK
  [1223, BUSY], // ER_CANT_UPDATE_WITH_READLOCK
  [1226, ANOTHER_SESSION], // ER_USER_LIMIT_REACHED
  [1227, NO_ACCESS], // ER_SPECIFIC_ACCESS_DENIED_ERROR
  [1290, READ_ONLY], // ER_OPTION_PREVENTS_STATEMENT
  [1317, ANOTHER_SESSION], // ER_QUERY_INTERRUPTED
  [1406, TOO_LARGE], // ER_DATA_TOO_LONG
  [1461, ANOTHER_SESSION], // ER_MAX_PREPARED_STMT_COUNT_REACHED
  [1534, TOO_LARGE], // ER_BINLOG_ROW_LOGGING_FAILED
  [1637, BUSY], // ER_TOO_MANY_CONCURRENT_TRXS
  [1792, READ_ONLY], // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  [1836, READ_ONLY], // ER_READ_ONLY_MODE
  [1927, ANOTHER_SESSION], // ER_CONNECTION_KILLED
  [1969, ANOTHER_SESSION], // ER_STATEMENT_TIMEOUT
  [3024, ANOTHER_SESSION], // ER_QUERY_TIMEOUT
  [3032, ANOTHER_SESSION], // ER_SERVER_OFFLINE_MODE
  [3100, ANOTHER_SESSION], // ER_RUN_HOOK_ERROR: group replication without a majority
  [3101, BUSY], // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: another member of the group was first
  [3168, ANOTHER_SESSION], // ER_SERVER_ISNT_AVAILABLE
  [3169, ANOTHER_SESSION], // ER_SESSION_WAS_KILLED
  [4031, ANOTHER_SESSION], // ER_CLIENT_INTERACTION_TIMEOUT
]);

/** Numbers above are those of proxies (ProxySQL): they cannot reach the server. */
const FIRST_PROXY_ERROR = 9000;
/** ER_GET_ERRNO: the number of the cause stands in the text. */
const ENGINE_ERROR = 1030;

/** The session has another term than the lease: its writes would be refused, another session's not. */
export class StaleSession extends Error {
  constructor() {
    super("a later session of this server has begun");
    this.name = "StaleSession";
  }
}

/** What an error of the driver or server means for the store. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) {
    return { code: error.code, lost: error.code === "AWAY", text: error.message };
  }
  if (!(error instanceof Error)) return { code: "FAILED", lost: true, text: String(error) };
  if (error instanceof StaleSession) return { code: "AWAY", lost: true, text: error.message };
  const { errno, text } = detailsOf(error);
  const meaning = errno === ENGINE_ERROR && /\b28\b|No space left/.test(text)
    ? DISK_FULL
    : MEANINGS.get(errno) ?? (errno >= FIRST_PROXY_ERROR ? ANOTHER_SESSION : undefined);
  if (meaning !== undefined) {
    const { code, lost, advice } = meaning;
    const told = advice === undefined ? text : `${text}; ${advice}`;
    return { code, lost: lost === true, text: told };
  }
  // Errors of the server have a number above 0; what comes from socket or driver ends the session.
  if (errno > 0) return { code: "FAILED", lost: false, text };
  return { code: "AWAY", lost: true, text };
}

/** The server's number of an error; 0 or less for those of driver and system. */
export function errorNumber(error: unknown): number {
  return error instanceof Error ? detailsOf(error).errno : 0;
}

function detailsOf(error: Error): { errno: number; text: string } {
  const { errno, code, sqlMessage } = error as { errno?: unknown; code?: unknown } & {
    sqlMessage?: unknown;
  };
  const words = typeof sqlMessage === "string" && sqlMessage !== "" ? sqlMessage : error.message;
  const name = typeof code === "string" && !words.includes(code) ? ` (${code})` : "";
  return {
    errno: typeof errno === "number" ? errno : 0,
    text: `${words}${name}`.replace(/\s+/g, " "),
  };
}
