import type { Job } from "../core/mod.ts";
import type { RecordWaiter } from "./record_queue.ts";

interface JobWait extends RecordWaiter {
  readonly job: Job;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** A commit that may hold what is waited for is running. */
  underWay: boolean;
}

/** Those that wait until the store has all that is known of a job. */
export class JobWaits {
  #waits: JobWait[] = [];

  /** Settles as `tellWritten` and `expire` say. */
  until(job: Job, now: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waits.push({ job, since: now, stored: resolve, refused: reject, underWay: false });
    });
  }

  /** A commit begins, or has failed: what it may hold is not given up while it runs. */
  setUnderWay(underWay: boolean): void {
    for (const wait of this.#waits) wait.underWay = underWay;
  }

  /** A commit held: `isWritten` says of a job whether nothing of it waits any more. */
  tellWritten(isWritten: (job: Job) => boolean): void {
    this.setUnderWay(false);
    for (const { stored } of this.#takeOut(({ job }) => isWritten(job))) stored();
  }

  /** Refuses those who have waited since `oldest` and for whom no commit runs. */
  expire(oldest: number, error: Error): void {
    const late = this.#takeOut(({ since, underWay }) => since <= oldest && !underWay);
    for (const { refused } of late) refused(error);
  }

  #takeOut(matches: (wait: JobWait) => boolean): readonly JobWait[] {
    if (this.#waits.length === 0) return this.#waits;
    const taken = this.#waits.filter(matches);
    this.#waits = this.#waits.filter((wait) => !matches(wait));
    return taken;
  }
}
