import { type JobEnd, PRIORITIES, type ReturnCause, type Submission } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { RunExtras } from "../run_extras.ts";
import { DURATION_BOUNDS, Histogram, SIZE_BOUNDS } from "./histogram.ts";
import { Rate } from "./rate.ts";

/** How a job was submitted: its client waits (`fg`) or not, at a time, with a reducer, or by a schedule. */
export const MODES = ["fg", "bg", "epoch", "reduce", "sched"] as const;
/** Over which port. */
export const VIAS = ["gear", "http"] as const;

/** Label values of jobs that are over. Jobs that the store refused count as rejected instead. */
export const OUTCOMES = {
  "complete": "complete",
  "fail": "fail",
  "exception": "exception",
  "worker lost": "worker_lost",
  "cancelled": "cancelled",
  "abandoned": "abandoned",
} as const satisfies Partial<Record<JobEnd, string>>;
const OUTCOME_AT: Readonly<Partial<Record<JobEnd, number>>> = Object.fromEntries(
  Object.keys(OUTCOMES).map((end, at) => [end, at]),
);

/** Why a submission was not taken: `store` means that it is away, full or refused the job. */
export const REJECTIONS = ["queue_full", "store"] as const;
export type Rejection = (typeof REJECTIONS)[number];

export const RETURN_CAUSES = {
  "worker gone": "worker_gone",
  "timed out": "timed_out",
} as const satisfies Record<ReturnCause, string>;
const RETURN_AT: Readonly<Record<ReturnCause, number>> = { "worker gone": 0, "timed out": 1 };

/** What was counted for one function, or for all that share the label of the rest. */
export class FunctionFigures {
  /** Null for the rest. */
  readonly name: ByteString | null;
  /** The value of the label `function`: text. */
  readonly label: string;
  /** By priority, mode and via: see `submittedAt`. */
  readonly submitted = new Float64Array(PRIORITIES.length * MODES.length * VIAS.length);
  /** Submissions among these that joined another job. */
  readonly coalesced = new Float64Array(1);
  /** In the order of `REJECTIONS`. */
  readonly rejected = new Float64Array(REJECTIONS.length);
  /** In the order of `OUTCOMES`. */
  readonly finished = new Float64Array(Object.keys(OUTCOMES).length);
  /** Jobs that came back from a worker, in the order of `RETURN_CAUSES`. */
  readonly returned = new Float64Array(2);
  /** From acceptance, or the time asked for, to the first worker, milliseconds. */
  readonly wait = new Histogram(DURATION_BOUNDS);
  /** From the worker that did it to its end, milliseconds. */
  readonly run = new Histogram(DURATION_BOUNDS);
  readonly payloadBytes = new Histogram(SIZE_BOUNDS);
  readonly resultBytes = new Histogram(SIZE_BOUNDS);
  readonly submittedRate = new Rate();
  readonly finishedRate = new Rate();

  constructor(name: ByteString | null, label: string) {
    this.name = name;
    this.label = label;
  }

  countSubmission(submission: Submission): void {
    const mode = submission.extras instanceof RunExtras
      ? 4
      : submission.reducer !== ""
      ? 3
      : submission.notBefore > 0
      ? 2
      : submission.background
      ? 1
      : 0;
    const via = submission.extras === null ? 0 : 1;
    this.submitted[submittedAt(submission.priority, mode, via)]!++;
  }

  countEnd(end: JobEnd): void {
    const at = OUTCOME_AT[end];
    if (at === undefined) this.countRejection("store");
    else this.finished[at]!++;
  }

  countRejection(reason: Rejection): void {
    this.rejected[REJECTIONS.indexOf(reason)]!++;
  }

  countReturn(cause: ReturnCause): void {
    this.returned[RETURN_AT[cause]]!++;
  }

  /** Whether there was a job, or would have been one. */
  get isUsed(): boolean {
    return [this.submitted, this.rejected, this.finished, this.returned].some((counts) =>
      counts.some((count) => count > 0)
    );
  }

  updateRates(seconds: number): void {
    this.submittedRate.update(sum(this.submitted), seconds);
    this.finishedRate.update(sum(this.finished), seconds);
  }

  /** Adds all that another one has counted, but for the rates. */
  add(other: FunctionFigures): void {
    for (
      const counters of ["submitted", "coalesced", "rejected", "finished", "returned"] as const
    ) {
      other[counters].forEach((count, at) => this[counters][at]! += count);
    }
    for (const histogram of ["wait", "run", "payloadBytes", "resultBytes"] as const) {
      this[histogram].add(other[histogram]);
    }
  }
}

/** Where `FunctionFigures.submitted` counts a combination; `mode` and `via` as in `MODES`, `VIAS`. */
export function submittedAt(priority: number, mode: number, via: number): number {
  return (priority * MODES.length + mode) * VIAS.length + via;
}

function sum(counts: Float64Array): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}
