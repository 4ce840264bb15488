import {
  acquireLease,
  type HighWater,
  highWaterFrom,
  leaseSearch,
  type NamedRecord,
  newLeaseHolder,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  openingFault,
  SteadySession,
  StoreError,
  type StoreHost,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";
import { CommitHistory } from "./commit_history.ts";
import { PEEK_SCRIPT } from "./gearmand_entry.ts";
import { adoptKeys } from "./gearmand_keys.ts";
import { readRecord } from "./job_format.ts";
import { KeySpace } from "./key_space.ts";
import { RedisLease } from "./lease_place.ts";
import { closeQueue, maxBulkBytes, type OpenQueue, writeEntries } from "./open_queue.ts";
import { PromiseWatch } from "./promise_watch.ts";
import type { RedisReply } from "./connection.ts";
import { RedisDriver } from "./driver.ts";
import { EXTENT_SCRIPT } from "./replay_scripts.ts";
import { replyBytes, replyList, replyText } from "./script.ts";
import type { RedisSettings } from "./settings.ts";

/** What a value holds beside a workload: the names of a job, 8 KiB at most on the wire by default, and its head. */
const BESIDE_WORKLOAD_BYTES = 32 * 1024;
/** What happens at the start is not given up when the server is away for a moment. */
const PATIENCE_MS = 120_000;
const STEP = {
  action: "prepare",
  deadlineMs: 30_000,
  writes: true,
  patienceMs: PATIENCE_MS,
} as const;
const ADOPT = { ...STEP, action: "adopt the queue in" } as const;

/** A queue that was opened. */
export interface Opened {
  readonly queue: OpenQueue;
  readonly traits: StoreTraits;
  /** The highest key that a job has, in digits; empty for none. */
  readonly end: string;
}

/** Connects, takes the lease, adopts C gearmand's keys unless told not to. Rejects with a `StoreError`. */
export async function openQueue(
  settings: RedisSettings,
  host: StoreHost,
  adopts: boolean,
): Promise<Opened> {
  const queue = queueOf(settings, host);
  try {
    await queue.session.open();
    await takeLease(queue);
    const traits = traitsOf(queue);
    const found = await extentOf(queue);
    const adopted = adopts ? await adopt(queue, traits, found) : 0;
    const { last } = adopted === 0 ? found : await extentOf(queue);
    return { queue, traits, end: last };
  } catch (error) {
    await closeQueue(queue);
    throw openingFault(error);
  }
}

function queueOf(settings: RedisSettings, host: StoreHost): OpenQueue {
  const { place } = settings;
  const keys = new KeySpace(settings.prefix, settings.namespace);
  const history = new CommitHistory(place, host);
  const watch = new PromiseWatch(place, host);
  const driver = new RedisDriver(settings, keys, newLeaseHolder(host.process), {
    settings: (found) => watch.see(found),
    resumed: (commits) => history.resumed(commits),
  });
  const session = new SteadySession(driver, {
    log: (level, text) => host.log(level, text),
    secrets: settings.secrets,
  });
  return { session, driver, keys, history, watch, host };
}

async function takeLease({ session, driver, keys, host }: OpenQueue): Promise<void> {
  const place = new RedisLease(session, driver, keys);
  await acquireLease(place, leaseSearch(host, driver.holder, driver.place));
}

function traitsOf(queue: OpenQueue): StoreTraits {
  const { driver, watch } = queue;
  const { durability, text } = watch.promise!;
  const maxWorkloadBytes = maxBulkBytes(queue) - BESIDE_WORKLOAD_BYTES;
  if (maxWorkloadBytes <= BESIDE_WORKLOAD_BYTES) {
    throw new StoreError(
      "CANNOT_OPEN",
      `Cannot use ${driver.place}: its proto-max-bulk-len is ${
        maxBulkBytes(queue)
      } bytes; no job ` +
        "fits, raise it",
    );
  }
  return { durability, promise: text, maxWorkloadBytes, description: driver.place };
}

interface Extent {
  /** The highest key, in digits; empty for none. */
  readonly last: string;
  readonly marks: HighWater;
}

/** What the queue holds. Says so when that is less than it should be: then somebody deleted keys of it. */
async function extentOf({ session, driver, keys, host }: OpenQueue): Promise<Extent> {
  const [extent, values] = await session.run(STEP, (connection) =>
    Promise.all([
      EXTENT_SCRIPT.run(connection, [keys.queue, keys.buckets], [keys.base]),
      connection.send(["HMGET", keys.records, NEXT_KEY_RECORD, NEXT_HANDLE_RECORD]),
    ]));
  const [expected, found, last] = replyList(extent).map(replyText);
  const missing = Number(expected) - Number(found);
  if (missing > 0) {
    host.log(
      "ERROR",
      `${driver.place} has lost ${missing} of the ${expected} jobs of this queue: keys that begin with ` +
        `${keys.base} were deleted, or thrown away for lack of memory (maxmemory-policy). Going on with ` +
        "the others",
    );
  }
  const marks = highWaterFrom([
    markIn(NEXT_KEY_RECORD, replyList(values)[0]),
    markIn(NEXT_HANDLE_RECORD, replyList(values)[1]),
  ]);
  return {
    last: last!,
    marks: { ...marks, nextKey: Math.max(marks.nextKey, Number(last) + 1) },
  };
}

/** A mark that is damaged is left as it is, and so taken for no number. */
function markIn(name: string, reply: RedisReply | undefined): NamedRecord {
  if (reply === null) return { name, value: null };
  const bytes = replyBytes(reply);
  return { name, value: readRecord(bytes) ?? bytes };
}

async function adopt(queue: OpenQueue, traits: StoreTraits, found: Extent): Promise<number> {
  const { session, driver, keys, host } = queue;
  return await adoptKeys({
    read: (commands) =>
      session.run(
        ADOPT,
        (connection) => Promise.all(commands.map((command) => connection.send(command))),
      ),
    peek: (foreign) => session.run(ADOPT, (connection) => PEEK_SCRIPT.run(connection, [], foreign)),
    write: async (entries) => {
      await writeEntries(queue, ADOPT.action, entries, PATIENCE_MS);
    },
  }, {
    keys,
    place: driver.place,
    marks: found.marks,
    maxWorkloadBytes: traits.maxWorkloadBytes,
    host,
  });
}
