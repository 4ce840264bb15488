import type { ByteString } from "../protocol/mod.ts";
import type { Client } from "./client.ts";
import type { FunctionQueue } from "./function_queue.ts";
import type { JobExtras } from "./job_extras.ts";
import type { Priority } from "./priority.ts";
import type { JobEnd } from "./witness.ts";
import type { Worker } from "./worker.ts";

/**
 * Where a job stands:
 * `storing` → (`delayed` →) `queued` ⇄ `running` → `ended`.
 * A job that needs no store begins at `delayed` or `queued`.
 */
export type JobState = "storing" | "delayed" | "queued" | "running" | "ended";

/**
 * Where the job's row in the store is; kept by the `DurableLog`:
 * `none` → `gathering` (waits for the next commit) → `writing` → `stored` → `removed`.
 */
export type RowState = "none" | "gathering" | "writing" | "stored" | "removed";

/** Told when the store has taken a job, or has refused it. Called once. */
export interface StoreWaiter {
  jobStored(job: Job): void;
  jobRefused(job: Job): void;
}

/** One for all jobs, since an array of its own costs a job more than all its numbers. Not to be filled. */
export const NOBODY_WAITS: StoreWaiter[] = [];

export interface JobOrigin {
  readonly key: number;
  readonly handle: ByteString;
  readonly queue: FunctionQueue;
  readonly unique: ByteString;
  readonly workload: Uint8Array;
  readonly priority: Priority;
  readonly notBefore: number;
  readonly reducer: ByteString;
  readonly acceptedAt: number;
  readonly background: boolean;
  readonly extras: JobExtras | null;
}

/** One job, from its submission to its end. Changed only by the core. */
export class Job {
  /** Rising number in accept order, never reused: what stores know the job by. */
  readonly key: number;
  readonly handle: ByteString;
  readonly queue: FunctionQueue;
  /** As submitted: may be empty, or `-` when the workload is the key. */
  readonly unique: ByteString;
  readonly workload: Uint8Array;
  readonly priority: Priority;
  /** Epoch seconds before which it must not run; 0 = at once. */
  readonly notBefore: number;
  /** Reducer function, empty for ordinary jobs. */
  readonly reducer: ByteString;
  /** When it was submitted, or promised to be kept; milliseconds since 1970. */
  acceptedAt: number;

  state: JobState = "storing";
  /** Position in first-in-first-out order; a requeued job gets a new one at the end. */
  order = 0;
  /** Somebody was promised that it runs without a client waiting: it is never abandoned. */
  background: boolean;
  /** Handed to the queue module (also to the one in memory): the last column of `show jobs`. */
  persisted = false;
  row: RowState = "none";
  /** Abandoned or cancelled: still listed, never given out. */
  ignored = false;
  /** How it ended: set at its end, or already when it is cancelled, while it is still listed. */
  end: JobEnd | null = null;
  /** What it carries beyond gearmand's jobs; submissions that join it may raise it. */
  extras: JobExtras | null;
  /** How often it was handed out and came back. */
  attempts = 0;
  /** When it was last given to a worker, milliseconds since 1970; null = never. Kept when it comes back. */
  assignedAt: number | null = null;
  numerator = 0;
  denominator = 0;
  /** The worker that runs it, while `running`. */
  worker: Worker | null = null;
  /** When it must be done, milliseconds since 1970; 0 = no limit. While `running`. */
  deadline = 0;
  /** Clients that wait for it, one entry per submission. Almost always one or none. */
  audience: Client | Client[] | null = null;
  /**
   * Submissions whose answer waits until the job is stored: null once it is, `NOBODY_WAITS` as long as there
   * is none. Almost always one.
   */
  storeWaiters: StoreWaiter | StoreWaiter[] | null = null;

  constructor(origin: JobOrigin) {
    this.key = origin.key;
    this.handle = origin.handle;
    this.queue = origin.queue;
    this.unique = origin.unique;
    this.workload = origin.workload;
    this.priority = origin.priority;
    this.notBefore = origin.notBefore;
    this.reducer = origin.reducer;
    this.acceptedAt = origin.acceptedAt;
    this.background = origin.background;
    this.extras = origin.extras;
  }
}
