import { Heap } from "./heap.ts";
import type { Job } from "./job.ts";

interface Deadline {
  readonly at: number;
  readonly job: Job;
}

/** What is due when: delayed jobs and jobs that may run only so long. Times are passed in. */
export class Schedule {
  readonly #delayed = new Heap<Job>((a, b) =>
    a.notBefore < b.notBefore || (a.notBefore === b.notBefore && a.order < b.order)
  );
  readonly #deadlines = new Heap<Deadline>((a, b) => a.at < b.at);

  delay(job: Job): void {
    this.#delayed.push(job);
  }

  /** A delayed job that is due, by the whole-second clock of section 6; taken out. */
  nextDue(now: number): Job | undefined {
    while (true) {
      const job = this.#delayed.peek();
      if (job === undefined || job.notBefore > Math.floor(now / 1000)) return undefined;
      this.#delayed.pop();
      if (job.state === "delayed") return job;
    }
  }

  /** Notes `job.deadline`. */
  limit(job: Job): void {
    this.#deadlines.push({ at: job.deadline, job });
  }

  /** A running job whose time is over; taken out. */
  nextExpired(now: number): Job | undefined {
    while (true) {
      this.#dropPassedDeadlines();
      const first = this.#deadlines.peek();
      if (first === undefined || first.at > now) return undefined;
      this.#deadlines.pop();
      return first.job;
    }
  }

  /** Milliseconds since 1970 of what is due next; Infinity when nothing is. */
  next(): number {
    this.#dropPassedDeadlines();
    const due = this.#delayed.peek();
    const deadline = this.#deadlines.peek();
    return Math.min(
      due === undefined ? Infinity : due.notBefore * 1000,
      deadline === undefined ? Infinity : deadline.at,
    );
  }

  /** A job that ended or changed hands leaves its entry behind; those are dropped at the top. */
  #dropPassedDeadlines(): void {
    while (true) {
      const first = this.#deadlines.peek();
      if (first === undefined) return;
      if (first.job.state === "running" && first.job.deadline === first.at) return;
      this.#deadlines.pop();
    }
  }
}
