import type { Job, JobEnd, ReturnCause } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";

export const JOB_EVENT_NAMES = [
  "queued",
  "assigned",
  "retry",
  "status",
  "data",
  "warning",
  "complete",
  "failed",
  "exception",
  "cancelled",
] as const;
export type JobEventName = (typeof JOB_EVENT_NAMES)[number];

/**
 * One step of one job. `queued`: it can be given to a worker. `assigned`: a worker has it. `retry`: it
 * came back and is queued again. The last four end it.
 */
export interface JobEvent {
  /**
   * Rises by one per event of the job, from 1. Where earlier events are not known any more (after a
   * restart, or beyond the bounds) it goes on from the job's age in microseconds, so that it never
   * goes back.
   */
  readonly id: number;
  readonly name: JobEventName;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes of `data`, `warning`, `complete`, `exception`; the bytes are nobody else's. */
  readonly bytes?: Uint8Array;
  /** How many bytes there were, where they were too many to keep. */
  readonly droppedBytes?: number;
  /** Of `status`. */
  readonly numerator?: number;
  readonly denominator?: number;
  /** Why: of `retry`, `failed` and `cancelled`. */
  readonly cause?: JobEnd | ReturnCause;
}

/** Called during the step itself, in order. Must not throw, and must not change jobs. */
export type JobFollower = (event: JobEvent) => void;

/**
 * What happens to jobs. For jobs whose outcomes are kept and jobs that are followed, the last events
 * are kept in bounds, so that a stream can go on where it broke off.
 */
export interface JobEvents {
  /**
   * Events of the job after `afterId` that are still known, then all to come; answers how to end it.
   * The first follower of a job gets `queued` and `assigned` as far as they hold at that moment.
   */
  follow(job: Job, afterId: number, follower: JobFollower): () => void;
  /** Events of a job that is over, as far as they are kept. */
  past(handle: ByteString, afterId: number): readonly JobEvent[];
  /** Settles at the job's end, or when `signal` aborts, or after `ms`; true when the job is over. */
  untilEnded(job: Job, ms: number, signal: AbortSignal): Promise<boolean>;
  /** Calls `beat` once in every 15 s, by one timer for all; answers how to end it. */
  onBeat(beat: () => void): () => void;
}

const FINAL: ReadonlySet<JobEventName> = new Set(["complete", "failed", "exception", "cancelled"]);

/** Whether no further event of the job comes. */
export function isFinal({ name }: JobEvent): boolean {
  return FINAL.has(name);
}

const FINAL_NAMES: Readonly<Record<JobEnd, JobEventName>> = {
  "complete": "complete",
  "fail": "failed",
  "exception": "exception",
  "worker lost": "failed",
  "refused": "failed",
  "cancelled": "cancelled",
  "abandoned": "cancelled",
};

/** The event with which a job ends. */
export function finalName(end: JobEnd): JobEventName {
  return FINAL_NAMES[end];
}

/** Higher than any other id, and a number that a reader can send back. */
const LAST_ID = 999_999_999_999_999;

/** The last event of a job of which nothing else is known any more. */
export function unseenEnd(end: JobEnd, at: number): JobEvent {
  return { id: LAST_ID, name: finalName(end), at, cause: end };
}
