import process from "node:process";
import { libCIfPermitted } from "./libc.ts";

/**
 * Descriptors that accepted sockets leave free: the store, the log and the runtime itself open
 * files, too. (Deno panics when it needs one and there is none; Bun spins on a listening socket
 * that it cannot accept from.)
 */
export const RESERVED_DESCRIPTORS = 32;

const RLIMIT_NOFILE = 7;
const STDERR = 2;

/** How many descriptors this process may have open; `Infinity` where that is not known. */
export function descriptorLimit(): number {
  return limitFromReport() ?? limitFromC() ?? Infinity;
}

/**
 * The number of the next descriptor, which says how many are open: the lowest free one is always
 * taken. 0 where that is not known, `Infinity` when there is none left.
 */
export function nextDescriptor(): number {
  const c = libCIfPermitted();
  if (c === undefined) return 0;
  const copy = c.dup(STDERR);
  if (copy < 0) return Infinity;
  c.close(copy);
  return copy;
}

/** Why a connection is not accepted though there are descriptors. */
export class DescriptorsReservedError extends Error {
  constructor(limit: number) {
    super(
      `Cannot accept more connections: of ${limit} descriptors the last ${RESERVED_DESCRIPTORS} ` +
        `are kept for files; raise the limit (--file-descriptors)`,
    );
    this.name = "DescriptorsReservedError";
  }
}

// Bun has Node's report. Deno has not.
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
