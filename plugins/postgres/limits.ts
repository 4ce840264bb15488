/**
 * Largest workload, bytes. PostgreSQL takes messages and values of up to 1 GiB, but holds one several times
 * while it stores it; this is what a packet may have by default.
 */
export const MAX_WORKLOAD_BYTES = 256 * 1024 * 1024;

/** A commit of ordinary size takes milliseconds; a disk under load may take seconds. */
const COMMIT_MS = 10_000;
/** What each further MiB may take. */
const COMMIT_MS_PER_MIB = 1000;

/** How long a commit of so many bytes may take, milliseconds. */
export function commitDeadlineMs(bytes: number): number {
  return COMMIT_MS + COMMIT_MS_PER_MIB * Math.ceil(bytes / 2 ** 20);
}
