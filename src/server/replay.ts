import type { JobServer, ReplayedJob } from "../core/mod.ts";
import {
  type JobStore,
  type NamedRecord,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  type StoredJob,
} from "../plugin_api/mod.ts";
import { decodeJobRecord, type JobRecord, keyOfJobRecord } from "./job_record.ts";
import type { KnownKeys } from "./known_keys.ts";
import type { KnownRecords } from "./known_records.ts";
import { numberIn } from "./number_reserve.ts";
import type { OutcomeKeeper } from "./outcome_keeper.ts";
import type { StoreWriter } from "./store_writer.ts";

/** Who takes up what. */
export interface ReplayTargets {
  readonly jobServer: JobServer;
  /** Null for a store that keeps nothing. */
  readonly writer: StoreWriter | null;
  readonly records: KnownRecords;
  readonly keys: KnownKeys;
  readonly keeper: OutcomeKeeper;
  now(): number;
  /** There are jobs whose steps the keeper has to see. */
  foundExtras(): void;
}

/**
 * Takes up what the store holds: records first, then every job in accept order, those that have ended
 * as outcomes. Answers how many unfinished jobs there were.
 */
export async function replay(store: JobStore, targets: ReplayTargets): Promise<number> {
  const { keeper, writer } = targets;
  const jobRecords = new Map<number, JobRecord>();
  let count = 0;
  for await (const page of store.replay()) {
    for (const record of page.records) takeRecord(record, jobRecords, targets);
    for (const stored of page.jobs) {
      const record = jobRecords.get(stored.key);
      jobRecords.delete(stored.key);
      if (stored.state === "queued") {
        takeJob(stored, record, targets);
        count++;
      } else {
        keeper.takeUpOutcome(stored, record);
      }
    }
  }
  keeper.takenUp();
  // A store that lost rows may have kept their records.
  for (const key of jobRecords.keys()) writer?.forget(key, []);
  return count;
}

function takeRecord(
  record: NamedRecord,
  jobRecords: Map<number, JobRecord>,
  { jobServer, keys, records }: ReplayTargets,
): void {
  const { name, value } = record;
  if (name === NEXT_HANDLE_RECORD) return jobServer.raiseNumbers(numberIn(record), 1);
  if (name === NEXT_KEY_RECORD) return jobServer.raiseNumbers(1, numberIn(record));
  const key = keyOfJobRecord(name);
  if (key === undefined) {
    if (!keys.takeUp(record)) records.stored(name, value);
    return;
  }
  const decoded = value === null ? undefined : decodeJobRecord(value);
  if (decoded !== undefined) jobRecords.set(key, decoded);
}

function takeJob(
  stored: StoredJob,
  record: JobRecord | undefined,
  { jobServer, writer, keeper, now, foundExtras }: ReplayTargets,
): void {
  if (record !== undefined) foundExtras();
  const job: ReplayedJob = record === undefined ? stored : { ...stored, extras: record.extras };
  jobServer.replay(job, now());
  writer?.tookUp();
  if (record !== undefined) keeper.takeUpJob(stored, record);
}
