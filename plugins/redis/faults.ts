import { type Failure, StoreError, type StoreErrorCode } from "../../src/plugin_api/mod.ts";

/** `OOM`, `READONLY`, …: the first word of an error that Redis sent; empty for any other error. */
export function replyCode(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { message } = error;
  // Redis, then Valkey.
  if (/the user executing the script can't|ACL failure in script/i.test(message)) return "NOPERM";
  // Redis 6 wraps what went wrong inside a script: `ERR Error running script (…): …: -OOM command …`.
  const wrapped = /^ERR Error running script .*?: -?([A-Z]{3,}) /.exec(message);
  return wrapped?.[1] ?? /^-?([A-Z][A-Z_]{2,})( |$)/.exec(message)?.[1] ?? "";
}

export const IN_CLUSTER =
  "it belongs to a Redis Cluster, which this queue type does not support; name a server outside of one";

/** What Redis may say, by the first word. The text stands behind "Cannot … redis HOST:PORT: ". */
const REPLIES: Readonly<Record<string, Failure>> = {
  OOM: sound("FULL", "its memory is full (maxmemory); give it more, or free some"),
  READONLY: lost(
    "AWAY",
    "it is a read-only replica: a failover under way, or the wrong server; name the primary",
  ),
  MISCONF: sound(
    "READ_ONLY",
    "it cannot write its snapshot or append-only file, so it takes nothing; see its log and its disk",
  ),
  NOREPLICAS: sound("AWAY", "it has not enough replicas (min-replicas-to-write)"),
  LOADING: sound("AWAY", "it is still loading its data"),
  BUSY: sound("AWAY", "it is busy with a script of somebody else's"),
  MASTERDOWN: lost("AWAY", "it is a replica that has lost its primary; name the primary"),
  MOVED: lost("AWAY", IN_CLUSTER),
  ASK: lost("AWAY", IN_CLUSTER),
  CROSSSLOT: lost("AWAY", IN_CLUSTER),
  CLUSTERDOWN: lost("AWAY", IN_CLUSTER),
  NOAUTH: lost("AWAY", "it asks for a password; give --redis-password-file (or --redis-password)"),
  WRONGPASS: lost("AWAY", "the password is wrong, or the user is unknown or switched off"),
  NOPERM: lost(
    "AWAY",
    "the user may not do what is needed; grant it the keys that begin with cogd: and C gearmand's, and " +
      "the commands @read @write @scripting @connection (ACL SETUSER)",
  ),
  WRONGTYPE: sound(
    "DAMAGED",
    "a key that begins with cogd: holds something that cogd did not write",
  ),
};

/** What Redis says with the first word `ERR`. */
const OTHER_REPLIES: readonly (readonly [RegExp, Failure])[] = [
  [/^ERR .*AUTH.*without any password/i, lost("AWAY", "it has no password, but one was given")],
  [/^ERR (DB index|invalid DB|SELECT is not)/i, lost("AWAY", "it has no database of that number")],
  [
    /^ERR max number of clients/i,
    lost(
      "AWAY",
      "it does not want this client: it has too many (maxclients), or is in protected mode; see its log",
    ),
  ],
  [
    /^ERR unknown command/i,
    lost("AWAY", "it refuses EVALSHA and EVAL, without which nothing can be stored"),
  ],
  [/^ERR Protocol error/i, lost("TOO_LARGE", "a job is larger than it takes (proto-max-bulk-len)")],
];

/** Codes of the system that are worth other words than its own. */
const SOCKET_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there; start Redis, or correct host and port",
  ENOTFOUND: "the name of its host is unknown",
  EAI_AGAIN: "the name of its host cannot be looked up now",
  ECONNRESET: "it cut the connection",
  EPIPE: "it closed the connection",
  ETIMEDOUT: "no answer to the attempt to connect",
  EHOSTUNREACH: "there is no way to its host",
  ENOENT: "its socket file does not exist",
  EACCES: "its socket file may not be used by this user",
};

/**
 * What an error of the driver or of Redis means for the store. Whatever may be mended without a restart of
 * this server (a password, a failover) counts as being away.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) return lost(error.code, error.message);
  const code = replyCode(error);
  const known = REPLIES[code];
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  const other = OTHER_REPLIES.find(([pattern]) => pattern.test(message));
  if (other !== undefined) return other[1];
  if (code !== "") return sound("FAILED", message);
  return socketFailure(error, message);
}

/** Anything that Redis did not say: the connection is of no use any more. */
function socketFailure(error: unknown, message: string): Failure {
  const system = systemCode(error);
  if (
    /certificate|CERT_|self[- ]signed|unknownissuer|handshake|SSL|TLS/i.test(`${message} ${system}`)
  ) {
    return lost("AWAY", `TLS cannot be agreed on: ${message}`);
  }
  const text = SOCKET_TEXTS[system] ??
    (/closed unexpectedly|offline|client is closed|disconnects client/i.test(message)
      ? "it closed the connection"
      : message === ""
      ? "the connection failed"
      : message);
  return lost("AWAY", text);
}

/** `ECONNREFUSED`, …; of the first of several errors, when each address of a host failed. */
function systemCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return systemCode(error.errors[0]);
  }
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return /\b(E[A-Z]{4,})\b/.exec(error.message)?.[1] ?? "";
}

function lost(code: StoreErrorCode, text: string): Failure {
  return { code, lost: true, text };
}

function sound(code: StoreErrorCode, text: string): Failure {
  return { code, lost: false, text };
}
