import type { TlsOptions } from "../client/mod.ts";

/** What becomes of a job. */
export type JobEnd = "complete" | "fail" | "exception";

/** All that `cogd work` was asked to do, checked and complete. Nothing in it changes. */
export interface WorkSettings {
  /** `host:port`; it works for all of them. */
  readonly servers: readonly string[];
  /** How they are spoken to; undefined: not encrypted. */
  readonly tls: TlsOptions | undefined;
  /** How long running jobs may take when it stops. */
  readonly stopGraceMs: number;
  /** Take over a changed configuration file by itself. */
  readonly watch: boolean;
  readonly functions: readonly FunctionSettings[];
}

/** One function and the program that does its jobs. */
export interface FunctionSettings {
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** `per-job`: started for every job. `pool`: gets jobs one after the other (docs/work.md). */
  readonly mode: "per-job" | "pool";
  /** Jobs at once, which is also the most processes. */
  readonly most: number;
  /** Processes of a pool that are kept ready. */
  readonly least: number;
  /** Working folder; undefined: that of `cogd work`. */
  readonly folder: string | undefined;
  /** All of the program's environment beside the facts of its job. */
  readonly environment: Readonly<Record<string, string>>;
  /** How the program gets the workload of its job: not of a pool. */
  readonly workload: "stdin" | "file";
  /** 0: no limit. */
  readonly timeoutMs: number;
  /** Between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  /** The longest result; beyond it the program is killed and the job fails. */
  readonly maxOutputBytes: number;
  /** Lines on standard error that one job may write into the log. */
  readonly maxLogLines: number;
  /** Where lines on standard error go, beside the last ones in an exception. */
  readonly stderr: "log" | "warnings" | "none";
  /** What becomes of a job whose program failed. */
  readonly onError: "fail" | "exception";
  /** What becomes of a job by its program's exit code, where that is not 0 → complete, else `onError`. */
  readonly exitCodes: ReadonlyMap<number, JobEnd>;
  /** Jobs after which a process of a pool is replaced; 0: never. */
  readonly jobsPerProcess: number;
  /** Age after which a process of a pool is replaced; 0: never. */
  readonly lifetimeMs: number;
  /** Resident memory from which on a process of a pool is replaced, bytes; 0: no limit. */
  readonly memoryLimitBytes: number;
  /** Idle time after which a process of a pool beyond the least ends. */
  readonly idleMs: number;
  /** How long a process of a pool may take until it is ready. */
  readonly startTimeoutMs: number;
}

/** What is in the configuration's way, all of it. */
export class WorkSettingsError extends Error {
  readonly code = "INVALID_SETTINGS";
  /** One line each, `FILE:LINE: FIELD: …`. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "WorkSettingsError";
    this.problems = problems;
  }
}
