import type { Buffer } from "node:buffer";
import {
  commitOperation,
  type SteadySession,
  STORE_OPERATIONS,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import type { CommitHistory } from "./commit_history.ts";
import { commitEntries } from "./commit_script.ts";
import type { KeySpace } from "./key_space.ts";
import type { PromiseWatch } from "./promise_watch.ts";
import type { RedisConnection } from "./connection.ts";
import type { RedisDriver } from "./driver.ts";

/** Redis's own limit for a string unless it was given another one (proto-max-bulk-len). */
const USUAL_BULK_BYTES = 512 * 1024 * 1024;
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
  return await session.run(
    { ...commitOperation(bytes), action, patienceMs },
    (connection) => commitEntries(connection, keys, driver, entries),
  );
}

/** Waits for what is under way, gives the lease back, ends the session. */
export async function closeQueue({ session, driver }: OpenQueue): Promise<void> {
  await session.run(STORE_OPERATIONS.release, (connection) => driver.release(connection)).catch(
    () => {},
  );
  await session.close();
}

/** Largest value that Redis takes, bytes. */
export function maxBulkBytes({ watch }: OpenQueue): number {
  return Math.min(watch.settings?.maxBulkBytes ?? USUAL_BULK_BYTES, USUAL_BULK_BYTES);
}
