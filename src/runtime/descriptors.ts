import process from "node:process";
import { libCIfPermitted } from "./libc.ts";
import { runtimeName } from "./runtime_name.ts";

/**
 * Descriptors that accepted sockets leave free: the store, the log and the runtime itself open
 * files, too. (Deno panics when it needs one and there is none; Bun spins on a listening socket
 * that it cannot accept from.) Of a very low limit it is a quarter.
 */
const RESERVED_DESCRIPTORS = 32;

const RLIMIT_NOFILE = 7;
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0x80001;

/**
 * From this number on, descriptors are not for accepted sockets. They are numbered from the lowest
 * free one, so the number of a new one says how many are in use. `Infinity` where the limit of the
 * process is not known.
 */
export function firstReservedDescriptor(): number {
  const limit = (runtimeName === "bun" ? limitFromReport() : limitFromC()) ?? Infinity;
  return limit === Infinity ? limit : limit - Math.min(RESERVED_DESCRIPTORS, Math.floor(limit / 4));
}

/** The number of the next socket: 0 where that is not known, `Infinity` when there can be none. */
export function nextDescriptor(): number {
  const c = libCIfPermitted();
  if (c === undefined) return 0;
  const trial = c.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (trial < 0) return Infinity;
  c.close(trial);
  return trial;
}

/** Why a connection is not accepted though there are descriptors. */
export class DescriptorsReservedError extends Error {
  constructor(firstReserved: number) {
    super(
      `Cannot accept more connections: ${firstReserved} descriptors are in use and the last ones ` +
        "are kept for files; raise the limit of open files (--file-descriptors)",
    );
    this.name = "DescriptorsReservedError";
  }
}

// Deno's report says nothing of limits, and asks for permissions.
function limitFromReport(): number | undefined {
  const report = process.report as { getReport?(): unknown } | undefined;
  const { userLimits } = (report?.getReport?.() ?? {}) as {
    userLimits?: { open_files?: { soft?: unknown } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : undefined;
}

function limitFromC(): number | undefined {
  const limits = new Uint8Array(16);
  if (libCIfPermitted()?.getrlimit(RLIMIT_NOFILE, limits) !== 0) return undefined;
  return Number(new DataView(limits.buffer).getBigUint64(0, true));
}
