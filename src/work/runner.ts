import type { WorkerJob } from "../client/mod.ts";
import type { JobOutcome } from "./outcome.ts";
import type { Leash } from "./leash.ts";
import type { ProcessBudget } from "./process_budget.ts";
import type { WorkLog } from "./work_log.ts";
import type { WorkloadFiles } from "./workload_files.ts";

/** A job, bytes in and out. */
export type Job = WorkerJob<Uint8Array>;

/**
 * What came of a job: its outcome, or
 * - `"not begun"`: the runner was retired first, the next one is to do the job;
 * - `"given up"`: the job's signal was aborted, nobody waits for an outcome.
 */
export type RunResult = JobOutcome | "not begun" | "given up";

/** Does the jobs of one function as one definition of it says. */
export interface Runner {
  /** Begins: makes ready what is kept ready, and tells its host whether the program can be started. */
  start(): void;
  run(job: Job): Promise<RunResult>;
  /** Begins no more jobs and finishes those that run; settles when no process of it is left. */
  retire(): Promise<void>;
  /** Kills all its processes. */
  kill(): void;
}

/** What a runner is built on. */
export interface RunnerHost {
  readonly log: WorkLog;
  readonly budget: ProcessBudget;
  readonly leash: Leash;
  readonly files: WorkloadFiles;
  /**
   * The program cannot be started: servers are to give the function's jobs to others. Signals of the jobs
   * that the runner holds abort.
   */
  suspend(): void;
  /** It can again. */
  resume(): void;
}
