import type { ByteString } from "../protocol/mod.ts";
import type { Job } from "./job.ts";
import type { JobExtras } from "./job_extras.ts";
import type { Priority } from "./priority.ts";

/** A SUBMIT_JOB of any kind, understood. */
export interface Submission {
  readonly functionName: ByteString;
  /** 0 to 64 bytes; `-` makes the workload the key; empty never joins another job. */
  readonly unique: ByteString;
  readonly workload: Uint8Array;
  readonly priority: Priority;
  /** Epoch seconds before which it must not run; 0 = at once. */
  readonly notBefore: number;
  /** Reducer function; empty for ordinary jobs. */
  readonly reducer: ByteString;
  /** True when the client does not wait for the result: the job is kept in the store. */
  readonly background: boolean;
  /** Null for submissions of the binary protocol. */
  readonly extras: JobExtras | null;
}

/**
 * What became of a submission:
 * - `queued`: a new job, to be answered with JOB_CREATED now.
 * - `joined`: coalesced onto a job that is known already; answered now.
 * - `awaits store`: `job` is on its way to the store; the answer follows when it is there.
 * - `refused`: no job; `reason` tells why.
 */
export type Admission =
  | { readonly kind: "queued" | "joined" | "awaits store"; readonly job: Job }
  | { readonly kind: "refused"; readonly reason: RefusalReason };

/** `queue full`: the function's maxqueue. `store full`: too many submissions wait for the store. */
export type RefusalReason = "queue full" | "store full";
