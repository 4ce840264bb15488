import { libC } from "./libc.ts";

const RLIMIT_NOFILE = 7;

/**
 * Sets how many descriptors the process may have open (the soft limit; the hard one only follows
 * upwards). Answers whether the system allowed it. Throws `LibCError`.
 */
export function setOpenFilesLimit(count: bigint): boolean {
  const limits = new Uint8Array(16);
  const view = new DataView(limits.buffer);
  if (libC().getrlimit(RLIMIT_NOFILE, limits) !== 0) return false;
  const hard = view.getBigUint64(8, true);
  view.setBigUint64(0, count, true);
  if (hard < count) view.setBigUint64(8, count, true);
  return libC().setrlimit(RLIMIT_NOFILE, limits) === 0;
}
