import type { Job } from "../../core/mod.ts";
import type { Clock } from "../../server/mod.ts";
import { SharedAlarm } from "./shared_timers.ts";

/** Those that wait for jobs to end. A wait is a promise and an entry in two sets; there is one timer. */
export class EndWaits {
  readonly #alarm: SharedAlarm;
  readonly #waiting = new Map<Job, Set<() => void>>();

  constructor(clock: Clock) {
    this.#alarm = new SharedAlarm(clock);
  }

  /** True at the job's end; false after `ms`, or when `signal` aborts. */
  until(job: Job, ms: number, signal: AbortSignal): Promise<boolean> {
    if (job.end !== null) return Promise.resolve(true);
    if (ms <= 0 || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        signal.removeEventListener("abort", settle);
        this.#leave(job, settle);
        resolve(job.end !== null);
      };
      const cancel = this.#alarm.after(ms, settle);
      signal.addEventListener("abort", settle);
      const others = this.#waiting.get(job);
      if (others === undefined) this.#waiting.set(job, new Set([settle]));
      else others.add(settle);
    });
  }

  /** The job is over: `job.end` is set. */
  ended(job: Job): void {
    const waiting = this.#waiting.get(job);
    if (waiting === undefined) return;
    this.#waiting.delete(job);
    for (const settle of waiting) settle();
  }

  #leave(job: Job, settle: () => void): void {
    const waiting = this.#waiting.get(job);
    if (waiting?.delete(settle) === true && waiting.size === 0) this.#waiting.delete(job);
  }
}
