/**
 * Largest workload, bytes. PostgreSQL takes messages and values of up to 1 GiB, but holds one several times
 * while it stores it; this is what a packet may have by default.
 */
export const MAX_WORKLOAD_BYTES = 256 * 1024 * 1024;

/** How long a commit may take, milliseconds, beside the time for its bytes. */
const COMMIT_MS = 5000;
/** What even a slow server and network take in a millisecond, bytes. */
const BYTES_PER_MS = 4096;

/** How long a commit of so many bytes may take, milliseconds. */
export function commitDeadlineMs(bytes: number): number {
  return COMMIT_MS + Math.ceil(bytes / BYTES_PER_MS);
}

/** For one page of a replay, milliseconds. */
export const PAGE_DEADLINE_MS = 30_000;
/** For taking over a queue of C gearmand, one transaction whatever its size, milliseconds. */
export const ADOPTION_DEADLINE_MS = 30 * 60_000;
/** For one small statement at the start, milliseconds. */
export const STEP_DEADLINE_MS = 10_000;
/** How long a replay waits for a server that is away, milliseconds. */
export const REPLAY_PATIENCE_MS = 60_000;
