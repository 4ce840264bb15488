/**
 * Text replies, byte for byte (admin sections 2 and 3). Terminators are not uniform: lists end
 * in `.` LF, `OK` and `ERR` lines in CR LF, `OK value` lines in LF alone.
 */

import { bytesOf, type ByteString } from "./byte_string.ts";
import { joinBytes } from "./join_bytes.ts";

export const ADMIN_OK: ByteString = "OK\r\n";
export const ADMIN_UNKNOWN_JOB: ByteString = "ERR UNKNOWN_JOB\r\n";
export const ADMIN_UNKNOWN_ERROR: ByteString = "ERR UNKNOWN_ERROR\r\n";
export const ADMIN_FUNCTION_NOT_FOUND: ByteString = "ERR function not found\r\n";
export const ADMIN_FUNCTION_IN_USE: ByteString =
  "ERR there are still connected workers or executing clients\r\n";

/** `OK value` for version, verbose and getpid. */
export function adminValue(value: ByteString): ByteString {
  return `OK ${value}\n`;
}

export interface StatusRow {
  readonly name: ByteString;
  /** Queued and running jobs. */
  readonly total: number;
  readonly running: number;
  readonly workers: number;
}

export function statusReply(rows: Iterable<StatusRow>): Uint8Array {
  return list(rows, (row) => `${shown(row.name)}\t${row.total}\t${row.running}\t${row.workers}`);
}

export interface PriorityStatusRow {
  readonly name: ByteString;
  /** Queued jobs, running ones not counted. */
  readonly high: number;
  readonly normal: number;
  readonly low: number;
  readonly workers: number;
}

export function priorityStatusReply(rows: Iterable<PriorityStatusRow>): Uint8Array {
  return list(
    rows,
    (row) => `${shown(row.name)}\t${row.high}\t${row.normal}\t${row.low}\t${row.workers}`,
  );
}

export interface WorkerRow {
  /** Any stable number of the connection. */
  readonly connection: number;
  /** Numeric address without port. */
  readonly address: string;
  readonly clientId: ByteString;
  /** Newest registration first. */
  readonly functions: readonly ByteString[];
}

export function workersReply(rows: Iterable<WorkerRow>): Uint8Array {
  return list(rows, (row) => {
    const functions = row.functions.map((name) => ` ${shown(name)}`).join("");
    return `${row.connection} ${row.address} ${row.clientId} :${functions}`;
  });
}

export interface JobRow {
  readonly handle: ByteString;
  /** Times requeued. */
  readonly retries: number;
  /** Abandoned or cancelled. */
  readonly ignored: boolean;
  readonly persisted: boolean;
}

export function jobsReply(rows: Iterable<JobRow>): Uint8Array {
  return list(
    rows,
    (row) => `${row.handle}\t${row.retries}\t${row.ignored ? 1 : 0}\t${row.persisted ? 1 : 0}`,
  );
}

export function uniqueJobsReply(uniques: Iterable<ByteString>): Uint8Array {
  return list(uniques, (unique) => unique);
}

/** Names are shown up to their first NUL, as the reference shows them; a line has none. */
function shown(name: ByteString): ByteString {
  const nul = name.indexOf("\0");
  return nul < 0 ? name : name.slice(0, nul);
}

/** A text of a million lines in one piece would be taken apart and put together several times. */
const PIECE_LENGTH = 4096;

function list<Row>(rows: Iterable<Row>, line: (row: Row) => ByteString): Uint8Array {
  const pieces: Uint8Array[] = [];
  let text = "";
  for (const row of rows) {
    text += `${line(row)}\n`;
    if (text.length < PIECE_LENGTH) continue;
    pieces.push(bytesOf(text));
    text = "";
  }
  pieces.push(bytesOf(`${text}.\n`));
  return joinBytes(pieces);
}
