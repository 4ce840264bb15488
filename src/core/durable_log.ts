import type { Job } from "./job.ts";

/**
 * Where the core leaves word of what must become durable. The shell makes it so and answers
 * `JobServer.jobStored` or `JobServer.jobRefused` for each `add` it took.
 */
export interface DurableLog {
  /** False when nothing is kept: background jobs are then queued at once. */
  readonly durable: boolean;
  /** A background job. Answers false when too much is waiting already. */
  add(job: Job): boolean;
  /** Its count of attempts or its extras changed. */
  update(job: Job): void;
  /** It is finished, whether or not its `add` is through. */
  remove(job: Job): void;
}

/** For servers without a store. */
export const NO_LOG: DurableLog = {
  durable: false,
  add: () => true,
  update: () => {},
  remove: () => {},
};
