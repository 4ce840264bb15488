import type { Packet } from "../protocol/mod.ts";
import type { Job } from "./job.ts";
import type { RefusalReason, Submission } from "./submission.ts";

/**
 * How a job ended. `complete`, `fail` and `exception`: its worker said so. `worker lost`: it came
 * back too often. `cancelled`: an operator or its client took it back. `abandoned`: nobody waited
 * for it any more. `refused`: the store did not take it.
 */
export type JobEnd =
  | "complete"
  | "fail"
  | "exception"
  | "worker lost"
  | "cancelled"
  | "abandoned"
  | "refused";

/** Why a running job came back: its worker left or gave the function up, or took too long. */
export type ReturnCause = "worker gone" | "timed out";

/**
 * Sees every step of every job, during the call that makes it: for figures, followers and kept
 * outcomes. Changes nothing. A packet is valid only during the call. Jobs that were taken over from
 * the store begin with `queued`. After `ended` nothing more is told of a job, although one that was
 * cancelled stays listed for a while.
 */
export interface JobWitness {
  /**
   * A submission was taken, as a new job or by joining one (`joined`). It may still await the store;
   * `queued` follows when it may run.
   */
  submitted(job: Job, submission: Submission, joined: boolean): void;
  refused(submission: Submission, reason: RefusalReason): void;
  /** The job can be given to a worker from now on: for the first time, when due, or again. */
  queued(job: Job): void;
  /** `job.worker` has it; `job.assignedAt` is set. */
  assigned(job: Job): void;
  /**
   * It came back; `job.attempts` is raised already, `job.worker` still the one it had. `queued` or
   * `ended` follows.
   */
  returned(job: Job, cause: ReturnCause): void;
  /** WORK_DATA, WORK_WARNING or WORK_STATUS, whose numbers `job` has already. */
  reported(job: Job, packet: Packet): void;
  /**
   * The job is over. `packet` is the worker's last word where there was one. Comes once, before the
   * job's row is removed from the store; state, worker and audience are still what they were.
   */
  ended(job: Job, end: JobEnd, packet: Packet | null): void;
}
