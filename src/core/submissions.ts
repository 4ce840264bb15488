import type { ByteString } from "../protocol/mod.ts";
import { attach } from "./audience.ts";
import type { Client } from "./client.ts";
import type { DurableLog } from "./durable_log.ts";
import { HandleMint } from "./handle_mint.ts";
import { Job, NOBODY_WAITS, type StoreWaiter } from "./job.ts";
import { type JobExtras, raisedExtras } from "./job_extras.ts";
import type { JobLife } from "./job_life.ts";
import type { JobTable } from "./job_table.ts";
import type { Priority } from "./priority.ts";
import type { Admission, RefusalReason, Submission } from "./submission.ts";

/** A job as the store held it. */
export interface ReplayedJob {
  readonly key: number;
  readonly handle: ByteString;
  readonly functionName: ByteString;
  readonly unique: ByteString;
  readonly workload: Uint8Array;
  readonly priority: Priority;
  readonly notBefore: number;
  readonly reducer: ByteString;
  readonly acceptedAt: number;
  readonly attempts: number;
  /** Left out: none. */
  readonly extras?: JobExtras | null;
}

export interface SubmissionsParts {
  readonly table: JobTable;
  readonly life: JobLife;
  readonly log: DurableLog;
  readonly handlePrefix: ByteString;
  readonly nextHandle: number;
  readonly nextKey: number;
}

/**
 * The latest time of a job, epoch seconds: up to here milliseconds are exact, and every store can give back
 * what it was given. Clients may name any of 64 bits; a later one is as good as never.
 */
const LATEST_TIME = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** How jobs come in: coalescing, limits, the way through the store, replay. */
export class Submissions {
  readonly #parts: SubmissionsParts;
  readonly #mint: HandleMint;
  #nextHandle: number;
  #nextKey: number;

  constructor(parts: SubmissionsParts) {
    this.#parts = parts;
    this.#mint = new HandleMint(parts.handlePrefix);
    this.#nextHandle = parts.nextHandle;
    this.#nextKey = parts.nextKey;
  }

  get nextHandle(): number {
    return this.#nextHandle;
  }

  get nextKey(): number {
    return this.#nextKey;
  }

  raiseNumbers(nextHandle: number, nextKey: number): void {
    this.#nextHandle = Math.max(this.#nextHandle, nextHandle);
    this.#nextKey = Math.max(this.#nextKey, nextKey);
  }

  /** The order of events is that of protocol section 6. */
  submit(submission: Submission, client: Client | null, now: number): Admission {
    const { table, life, log } = this.#parts;
    const queue = table.functionNamed(submission.functionName);
    const joined = table.findJoinable(queue, submission.unique, submission.workload);
    if (joined !== undefined) return this.#join(joined, submission, client, now);
    if (queue.isFullFor(submission.priority)) return this.#refuse(submission, "queue full");
    const job = new Job({
      key: this.#nextKey++,
      handle: this.#mint.handle(this.#nextHandle++),
      queue,
      unique: submission.unique,
      workload: submission.workload,
      priority: submission.priority,
      notBefore: Math.min(submission.notBefore, LATEST_TIME),
      reducer: submission.reducer,
      acceptedAt: now,
      background: submission.background,
      extras: submission.extras,
    });
    job.order = life.takeOrder();
    if (job.background) {
      if (!log.add(job)) return this.#refuse(submission, "store full");
      job.persisted = true;
      job.storeWaiters = log.durable ? NOBODY_WAITS : null;
    }
    table.add(job);
    if (client !== null) attach(job, client);
    life.witness?.submitted(job, submission, false);
    if (job.storeWaiters !== null) return { kind: "awaits store", job };
    life.enqueue(job, now);
    return { kind: "queued", job };
  }

  /**
   * Coalescing: the new workload, priority and time are ignored. A background submission that joins
   * a foreground job makes it a background job, so that what is acknowledged is also kept. What a
   * submission asks for beyond that is added to what the job has.
   */
  #join(job: Job, submission: Submission, client: Client | null, now: number): Admission {
    const { life, log } = this.#parts;
    const before = job.extras;
    job.extras = raisedExtras(before, submission.extras);
    if (submission.background && !job.background) {
      if (!log.add(job)) {
        job.extras = before;
        return this.#refuse(submission, "store full");
      }
      job.persisted = true;
      job.background = true;
      job.acceptedAt = now;
      if (log.durable) job.storeWaiters = NOBODY_WAITS;
    } else if (job.persisted && job.extras !== before) {
      log.update(job);
    }
    if (client !== null) attach(job, client);
    life.witness?.submitted(job, submission, true);
    life.unignore(job, now);
    // Who waits for a job that is not being stored itself is promised its result only.
    const waits = job.storeWaiters !== null && (submission.background || job.state === "storing");
    return { kind: waits ? "awaits store" : "joined", job };
  }

  #refuse(submission: Submission, reason: RefusalReason): Admission {
    this.#parts.life.witness?.refused(submission, reason);
    return { kind: "refused", reason };
  }

  awaitStore(job: Job, waiter: StoreWaiter): void {
    const waiting = job.storeWaiters;
    if (waiting === null) waiter.jobStored(job);
    else if (waiting === NOBODY_WAITS) job.storeWaiters = waiter;
    else if (Array.isArray(waiting)) waiting.push(waiter);
    else job.storeWaiters = [waiting, waiter];
  }

  jobStored(job: Job, now: number): void {
    const waiting = job.storeWaiters;
    job.storeWaiters = null;
    if (job.state === "storing") {
      if (job.ignored) this.#parts.life.end(job, "cancelled");
      else this.#parts.life.enqueue(job, now);
    }
    if (!Array.isArray(waiting)) waiting?.jobStored(job);
    else for (const waiter of waiting) waiter.jobStored(job);
  }

  /**
   * All that wait for the job's acceptance are refused, so that nobody waits for its result. A job
   * that only became durable by joining goes on as the foreground job it was. One that was cancelled
   * needs no store: it counts as accepted, because those who wait for it were told of its end.
   */
  jobRefused(job: Job, now: number): void {
    if (job.state === "storing" && job.ignored) return this.jobStored(job, now);
    const { life } = this.#parts;
    const waiting = job.storeWaiters;
    job.storeWaiters = null;
    job.persisted = false;
    if (job.state === "storing") {
      life.end(job, "refused");
    } else if (job.state !== "ended") {
      job.background = false;
      if (job.audience === null) life.ignore(job);
    }
    if (!Array.isArray(waiting)) waiting?.jobRefused(job);
    else for (const waiter of waiting) waiter.jobRefused(job);
  }

  replay(stored: ReplayedJob, now: number): void {
    const { table, life } = this.#parts;
    this.raiseNumbers(1, stored.key + 1);
    const job = new Job({
      ...stored,
      queue: table.functionNamed(stored.functionName),
      background: true,
      extras: stored.extras ?? null,
    });
    job.attempts = stored.attempts;
    job.persisted = true;
    job.row = "stored";
    job.order = stored.key - Number.MAX_SAFE_INTEGER;
    table.add(job);
    life.enqueue(job, now);
  }
}
