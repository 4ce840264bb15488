import type { Job, JobExtras } from "../core/mod.ts";
import type { NamedRecord, StoredJob, StoredJobUpdate, StoredOutcome } from "../plugin_api/mod.ts";
import { encodeJobRecord, jobRecordName } from "./job_record.ts";
import type { KeptOutcome } from "./running_server.ts";

/** A job that has ended, on its way into its row. */
export interface WaitingEnd {
  readonly outcome: KeptOutcome;
  readonly extras: JobExtras;
  readonly notBefore: number;
  /** While its row is still to be written; null when the store has the row. */
  job: Job | null;
}

/** A job as its row begins, or, if it has ended already, ends. The bytes are shared: nobody changes them. */
export function storedForm(job: Job, namespace: string, end: WaitingEnd | undefined): StoredJob {
  return {
    key: job.key,
    handle: job.handle,
    functionName: job.queue.name,
    unique: job.unique,
    workload: job.workload,
    priority: job.priority,
    notBefore: job.notBefore,
    reducer: job.reducer,
    acceptedAt: job.acceptedAt,
    attempts: end === undefined ? job.attempts : end.outcome.attempts,
    namespace,
    state: end === undefined ? "queued" : stateOf(end.outcome),
    outcome: end === undefined ? null : storedOutcome(end.outcome),
  };
}

/** What a requeued job changes in its row. */
export function storedUpdate(job: Job): StoredJobUpdate {
  return {
    key: job.key,
    attempts: job.attempts,
    notBefore: job.notBefore,
    state: "queued",
    outcome: null,
  };
}

/** What the end of a job changes in its row. */
export function storedEnd({ outcome, notBefore }: WaitingEnd): StoredJobUpdate {
  return {
    key: outcome.key,
    attempts: outcome.attempts,
    notBefore,
    state: stateOf(outcome),
    outcome: storedOutcome(outcome),
  };
}

/** What is kept beside the row of a job that has extras. */
export function extrasRecord(key: number, extras: JobExtras): NamedRecord {
  return { name: jobRecordName(key), value: encodeJobRecord(extras, null) };
}

/** The same for a job that has ended. */
export function endRecord({ outcome, extras }: WaitingEnd): NamedRecord {
  return { name: jobRecordName(outcome.key), value: encodeJobRecord(extras, outcome) };
}

/** The same outcome, its result too large for where it is to be written. */
export function withoutResult(outcome: KeptOutcome): KeptOutcome {
  return { ...outcome, result: new Uint8Array(0), resultDropped: true };
}

function stateOf({ end }: KeptOutcome): "done" | "failed" {
  return end === "complete" ? "done" : "failed";
}

function storedOutcome({ finishedAt, expiresAt, result }: KeptOutcome): StoredOutcome {
  return { finishedAt, expiresAt, result };
}
