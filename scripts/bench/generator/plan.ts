/** What the load generator is asked to do (its one argument, as JSON) and what it answers. */

/** Clients submit as workers finish: every client keeps `window` jobs unfinished. */
export interface JobsPlan {
  readonly kind: "jobs";
  readonly port: number;
  /** The server's process, whose CPU time is read; 0 = none. */
  readonly serverPid: number;
  readonly foreground: boolean;
  readonly unique: boolean;
  readonly clients: number;
  readonly window: number;
  readonly workers: number;
  readonly workloadBytes: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Clients submit background jobs that nobody takes, `window` unanswered submissions each. */
export interface SubmitPlan {
  readonly kind: "submit";
  readonly port: number;
  readonly serverPid: number;
  readonly unique: boolean;
  readonly clients: number;
  readonly window: number;
  readonly workloadBytes: number;
  /** Submitted before measuring begins. */
  readonly before: number;
  readonly fillLimitMs: number;
  /** Submitted while measuring, unless the time is over first. */
  readonly count: number;
  readonly limitMs: number;
}

/**
 * Workers that registered, found nothing and sleep. They stay until killed, at most `holdMs`, and do the
 * jobs that come meanwhile.
 */
export interface IdlePlan {
  readonly kind: "idle";
  readonly port: number;
  readonly workers: number;
  readonly limitMs: number;
  readonly holdMs: number;
  /** Of each job's result; default 0. */
  readonly resultBytes?: number;
}

/** Streams of events, opened over HTTP, one job each; the plan is over when all were told of its end. */
export interface StreamsPlan {
  readonly kind: "streams";
  readonly httpPort: number;
  /** Handles of the jobs are this and a number, from `first` on. */
  readonly handlePrefix: string;
  readonly first: number;
  readonly streams: number;
  readonly limitMs: number;
}

/** The line on stderr that says that all streams have got their first event. */
export const ALL_OPEN = "all streams are open";

/** The line on stderr that says that all workers of an idle plan sleep. */
export const ALL_ASLEEP = "all workers sleep";

export type LoadPlan = JobsPlan | SubmitPlan | IdlePlan | StreamsPlan;

export interface LoadResult {
  /** Jobs done (jobs), submissions answered (submit), workers asleep (idle) or streams ended (streams). */
  readonly count: number;
  /** Of the measured part. */
  readonly seconds: number;
  /** CPU time of the server and of this generator within it. */
  readonly serverCpuSeconds: number;
  readonly generatorCpuSeconds: number;
  /** Submission to result, foreground jobs only; milliseconds. */
  readonly latency: Latency | null;
  /** Submissions that were answered with ERROR. */
  readonly refused: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}
