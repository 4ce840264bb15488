import type { Buffer } from "node:buffer";
import type { SteadySession, StoreHost } from "../../src/plugin_api/mod.ts";
import type { CommitHistory } from "./commit_history.ts";
import { commitEntries } from "./commit_script.ts";
import type { KeySpace } from "./key_space.ts";
import type { PromiseWatch } from "./promise_watch.ts";
import type { RedisConnection } from "./redis_connection.ts";
import type { RedisDriver } from "./redis_driver.ts";

/** Redis's own limit for a string unless it was given another one (proto-max-bulk-len). */
const USUAL_BULK_BYTES = 512 * 1024 * 1024;
/** A commit of ordinary size takes a millisecond; a disk under load may take seconds. */
const COMMIT_MS = 10_000;
/** What each further MiB may take. */
const COMMIT_MS_PER_MIB = 1000;
const MIB = 2 ** 20;
const RELEASE = { action: "release", deadlineMs: 2000, writes: true } as const;

/** What belongs to a queue that is open. */
export interface OpenQueue {
  readonly session: SteadySession<RedisConnection>;
  readonly driver: RedisDriver;
  readonly keys: KeySpace;
  readonly history: CommitHistory;
  readonly watch: PromiseWatch;
  readonly host: StoreHost;
}

/** Writes entries in one step, which is done whole or not at all. Answers the number of the commit. */
export async function writeEntries(
  { session, driver, keys }: OpenQueue,
  action: string,
  entries: readonly Buffer[],
  patienceMs = 0,
): Promise<number> {
  const bytes = entries.reduce((sum, { length }) => sum + length, 0);
  const deadlineMs = COMMIT_MS + COMMIT_MS_PER_MIB * Math.ceil(bytes / MIB);
  return await session.run(
    { action, deadlineMs, writes: true, patienceMs },
    (connection) => commitEntries(connection, keys, driver, entries),
  );
}

/** Waits for what is under way, gives the lease back, ends the session. */
export async function closeQueue({ session, driver }: OpenQueue): Promise<void> {
  // Without an answer the lease runs out by itself.
  await session.run(RELEASE, (connection) => driver.release(connection)).catch(() => {});
  await session.close();
}

/** Largest value that Redis takes, bytes. */
export function maxBulkBytes({ watch }: OpenQueue): number {
  return Math.min(watch.settings?.maxBulkBytes ?? USUAL_BULK_BYTES, USUAL_BULK_BYTES);
}
