import type { FunctionQueue } from "./function_queue.ts";
import { Heap } from "./heap.ts";
import type { Job } from "./job.ts";

interface Deadline {
  /** By the clock as it was before it was ever set. */
  readonly at: number;
  /** Null when the job ended or changed hands: an entry must not keep its workload in memory. */
  job: Job | null;
}

/** Passed entries that may lie in the heap beside as many as there are running jobs. */
const PASSED_ENTRIES = 64;

/** What is due when: delayed jobs and jobs that may run only so long. Times are passed in. */
export class Schedule {
  readonly #delayed = new Heap<Job>((a, b) =>
    a.notBefore < b.notBefore || (a.notBefore === b.notBefore && a.order < b.order)
  );
  readonly #deadlines = new Heap<Deadline>((a, b) => a.at < b.at);
  readonly #running = new Map<Job, Deadline>();
  /** By how much the clock was set since, milliseconds. */
  #setBy = 0;

  /** Deadlines held, those that were kept included. */
  get deadlines(): number {
    return this.#deadlines.length;
  }

  delay(job: Job): void {
    this.#delayed.push(job);
  }

  /** A delayed job that is due, by the whole-second clock of section 6; taken out. */
  nextDue(now: number): Job | undefined {
    const job = this.#delayed.peek();
    if (job === undefined || job.notBefore > Math.floor(now / 1000)) return undefined;
    return this.#delayed.pop();
  }

  /** Takes out the ignored jobs of a function; answers them. */
  removeIgnored(queue: FunctionQueue): Job[] {
    const removed: Job[] = [];
    this.#delayed.filter((job) => {
      const goes = job.ignored && job.queue === queue;
      if (goes) removed.push(job);
      return !goes;
    });
    return removed;
  }

  /** Notes `job.deadline`. */
  limit(job: Job): void {
    const deadline: Deadline = { at: job.deadline - this.#setBy, job };
    this.#deadlines.push(deadline);
    this.#running.set(job, deadline);
    if (this.#deadlines.length > 2 * this.#running.size + PASSED_ENTRIES) {
      this.#deadlines.filter((entry) => entry.job !== null);
    }
  }

  /** The job ended or changed hands: its deadline does not count any more. */
  unlimit(job: Job): void {
    const deadline = this.#running.get(job);
    if (deadline === undefined) return;
    deadline.job = null;
    this.#running.delete(job);
  }

  /** The clock was set: jobs may run as long as they might before, and delayed ones follow the clock. */
  clockSet(byMs: number): void {
    this.#setBy += byMs;
    for (const job of this.#running.keys()) job.deadline += byMs;
  }

  /** A running job whose time is over; taken out. */
  nextExpired(now: number): Job | undefined {
    this.#dropPassedDeadlines();
    const first = this.#deadlines.peek();
    if (first === undefined || first.at + this.#setBy > now) return undefined;
    this.#deadlines.pop();
    const job = first.job!;
    this.#running.delete(job);
    return job;
  }

  /** Milliseconds since 1970 of what is due next; Infinity when nothing is. */
  next(): number {
    this.#dropPassedDeadlines();
    const due = this.#delayed.peek();
    const deadline = this.#deadlines.peek();
    return Math.min(
      due === undefined ? Infinity : due.notBefore * 1000,
      deadline === undefined ? Infinity : deadline.at + this.#setBy,
    );
  }

  #dropPassedDeadlines(): void {
    while (this.#deadlines.peek()?.job === null) this.#deadlines.pop();
  }
}
