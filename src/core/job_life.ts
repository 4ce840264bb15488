import type { Packet } from "../protocol/mod.ts";
import { deliverFailure, dismiss } from "./audience.ts";
import type { DurableLog } from "./durable_log.ts";
import type { FunctionQueue } from "./function_queue.ts";
import type { Job } from "./job.ts";
import type { JobTable } from "./job_table.ts";
import type { Schedule } from "./schedule.ts";
import type { WakeUps } from "./wake_ups.ts";
import type { JobEnd, JobWitness, ReturnCause } from "./witness.ts";
import type { Ability, Worker } from "./worker.ts";

export interface JobLifeParts {
  readonly table: JobTable;
  readonly schedule: Schedule;
  readonly wakeUps: WakeUps;
  readonly log: DurableLog;
  /** -1 = without limit, 0 counts as 1. */
  readonly maxAttempts: number;
  readonly maxIgnoredJobs: number;
}

/** The steps of a job's life: each keeps the counters, queues and timers of its function right. */
export class JobLife {
  /** Shown every step; null = nobody looks. */
  witness: JobWitness | null = null;
  readonly #parts: JobLifeParts;
  #nextOrder = 1;

  constructor(parts: JobLifeParts) {
    this.#parts = parts;
  }

  /** A place at the end of first-in-first-out order. */
  takeOrder(): number {
    return this.#nextOrder++;
  }

  /** Lets a job wait: for a worker, or first for its time. `job.order` is its place. */
  enqueue(job: Job, now: number): void {
    const { schedule } = this.#parts;
    if (job.notBefore > Math.floor(now / 1000)) {
      job.state = "delayed";
      job.queue.at(job.priority).delayed++;
      schedule.delay(job);
    } else {
      this.#makeRunnable(job, now);
    }
  }

  /** Queues the delayed jobs whose time has come; ignored ones are forgotten. */
  releaseDue(now: number): void {
    const { schedule } = this.#parts;
    for (let job = schedule.nextDue(now); job !== undefined; job = schedule.nextDue(now)) {
      job.queue.at(job.priority).delayed--;
      if (job.ignored) {
        job.queue.ignored--;
        this.end(job, "abandoned");
      } else {
        this.#makeRunnable(job, now);
      }
    }
  }

  #makeRunnable(job: Job, now: number): void {
    const { queue } = job;
    job.state = "queued";
    queue.at(job.priority).push(job);
    queue.runnable++;
    this.witness?.queued(job);
    this.#parts.wakeUps.jobArrived(queue, now);
  }

  /** Gives a job that was taken from its queue to a worker. */
  assign(job: Job, worker: Worker, ability: Ability, now: number): void {
    job.state = "running";
    job.worker = worker;
    job.assignedAt = now;
    job.queue.runnable--;
    job.queue.running++;
    worker.running.add(job);
    if (ability.timeoutMs > 0) {
      job.deadline = now + ability.timeoutMs;
      this.#parts.schedule.limit(job);
    }
    this.witness?.assigned(job);
  }

  /** The worker loses those of its jobs that match, the latest first (section 11). */
  requeueAll(worker: Worker, matches: (job: Job) => boolean, now: number): void {
    if (worker.running.size === 0) return;
    for (const job of [...worker.running].reverse()) {
      if (matches(job)) this.requeue(job, "worker gone", now);
    }
  }

  /** Jobs whose worker took longer than its CAN_DO_TIMEOUT go back to the queue (section 10). */
  requeueExpired(now: number): void {
    const { schedule } = this.#parts;
    for (let job = schedule.nextExpired(now); job !== undefined; job = schedule.nextExpired(now)) {
      this.requeue(job, "timed out", now);
    }
  }

  /** A running job comes back: to the end of its queue, or to its end if it came back too often. */
  requeue(job: Job, cause: ReturnCause, now: number): void {
    const { maxAttempts, log } = this.#parts;
    job.attempts++;
    if (job.end === null) this.witness?.returned(job, cause);
    if (job.ignored) return this.end(job, "abandoned");
    if (maxAttempts >= 0 && job.attempts >= maxAttempts) {
      deliverFailure(job);
      return this.end(job, "worker lost");
    }
    this.#takeFromWorker(job);
    job.numerator = 0;
    job.denominator = 0;
    job.order = this.takeOrder();
    if (job.persisted) log.update(job);
    this.#makeRunnable(job, now);
  }

  /** Nobody waits for the job any more: it stays listed but is never given out (section 11). */
  ignore(job: Job): void {
    if (!this.#markIgnored(job)) return;
    const { queue } = job;
    const { maxIgnoredJobs } = this.#parts;
    if (queue.ignored > maxIgnoredJobs && queue.ignored > queue.total / 2) this.clearIgnored(queue);
  }

  /** Answers true when its queue has one more ignored job now. */
  #markIgnored(job: Job): boolean {
    if (job.ignored) return false;
    job.ignored = true;
    if (job.state !== "queued" && job.state !== "delayed") return false;
    if (job.state === "queued") job.queue.runnable--;
    job.queue.ignored++;
    return true;
  }

  /** Somebody waits for an abandoned job again. */
  unignore(job: Job, now: number): void {
    if (!job.ignored) return;
    job.ignored = false;
    if (job.state !== "queued" && job.state !== "delayed") return;
    job.queue.ignored--;
    if (job.state === "delayed") return;
    job.queue.runnable++;
    this.#parts.wakeUps.jobArrived(job.queue, now);
  }

  /** `cancel job`: its clients get WORK_FAIL, its row goes, and no later submission joins it. */
  cancel(job: Job): void {
    if (job.end !== null) return;
    this.#takeBack(job);
    this.ignore(job);
  }

  /** Cancels jobs of a function that no worker has, however many, and forgets them. */
  purge(queue: FunctionQueue, jobs: readonly Job[]): void {
    for (const job of jobs) {
      this.#takeBack(job);
      this.#markIgnored(job);
    }
    this.clearIgnored(queue);
  }

  #takeBack(job: Job): void {
    const { table, log } = this.#parts;
    deliverFailure(job);
    this.#tellEnd(job, "cancelled", null);
    dismiss(job);
    if (job.persisted) log.remove(job);
    job.persisted = false;
    table.releaseUnique(job);
  }

  /** Forgets the ignored jobs that lie in a function's queues or wait for their time. */
  clearIgnored(queue: FunctionQueue): void {
    if (queue.ignored === 0) return;
    for (const job of queue.removeIgnored()) this.end(job, "abandoned");
    if (queue.ignored === 0) return;
    for (const job of this.#parts.schedule.removeIgnored(queue)) {
      queue.at(job.priority).delayed--;
      queue.ignored--;
      this.end(job, "abandoned");
    }
  }

  /**
   * The job is over, whatever its state: forgotten here and removed from the store. `packet` is its
   * worker's last word. One that was cancelled before had its end then.
   */
  end(job: Job, end: JobEnd, packet: Packet | null = null): void {
    const { table, log } = this.#parts;
    this.#tellEnd(job, end, packet);
    if (job.state === "running") this.#takeFromWorker(job);
    job.state = "ended";
    dismiss(job);
    if (job.persisted) log.remove(job);
    table.forget(job);
  }

  #tellEnd(job: Job, end: JobEnd, packet: Packet | null): void {
    if (job.end !== null) return;
    job.end = end;
    this.witness?.ended(job, end, packet);
  }

  #takeFromWorker(job: Job): void {
    job.worker?.running.delete(job);
    job.worker = null;
    if (job.deadline > 0) {
      job.deadline = 0;
      this.#parts.schedule.unlimit(job);
    }
    job.queue.running--;
  }
}
