import type { Job } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";

export type JobEventName =
  | "queued"
  | "assigned"
  | "retry"
  | "status"
  | "data"
  | "warning"
  | "complete"
  | "failed"
  | "exception"
  | "cancelled";

/** One step of one job. `id` rises by one per event of the job, from 1. */
export interface JobEvent {
  readonly id: number;
  readonly name: JobEventName;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes of `data`, `warning`, `complete`, `exception`; the bytes are nobody else's. */
  readonly bytes?: Uint8Array;
  readonly numerator?: number;
  readonly denominator?: number;
}

/** Called during the step itself, in order. */
export type JobFollower = (event: JobEvent) => void;

/**
 * What happens to jobs. For jobs that came over HTTP and jobs that are followed, the last events are
 * kept in bounds, so that a stream can go on where it broke off.
 */
export interface JobEvents {
  /** Events of the job after `afterId` that are still known, then all to come; answers how to end it. */
  follow(job: Job, afterId: number, follower: JobFollower): () => void;
  /** Events of a job that is over, as far as they are kept. */
  past(handle: ByteString, afterId: number): readonly JobEvent[];
  /** Settles at the job's end, or when `signal` aborts, or after `ms`; true when the job is over. */
  untilEnded(job: Job, ms: number, signal: AbortSignal): Promise<boolean>;
}
