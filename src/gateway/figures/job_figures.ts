import type {
  FunctionQueue,
  Job,
  JobEnd,
  JobWitness,
  RefusalReason,
  ReturnCause,
  Submission,
} from "../../core/mod.ts";
import { type ByteString, type Packet, PacketType } from "../../protocol/mod.ts";
import { textForJson } from "../byte_text.ts";
import { FunctionFigures, type Rejection } from "./function_figures.ts";
import { DURATION_BOUNDS, Histogram } from "./histogram.ts";

/** The label of all functions beyond the bound. */
export const REST_LABEL = "_other";

/** `replay`: it came with the request that it had come with before. `conflict`: with another one. */
export const KEY_RESULTS = ["new", "replay", "conflict"] as const;
export type KeyResult = (typeof KEY_RESULTS)[number];

const REJECTION_OF: Readonly<Record<RefusalReason, Rejection>> = {
  "queue full": "queue_full",
  "store full": "store",
};

/**
 * Counts what happens to jobs, by function. As many functions as are allowed have figures of their
 * own, in the order in which they were first seen; the others share one set, so that clients that
 * make up names cost neither memory nor the monitoring system its life. Nothing is allocated per job.
 */
export class JobFigures implements JobWitness {
  readonly rest = new FunctionFigures(null, REST_LABEL);
  /** From the time asked for to the queue, milliseconds, of all functions. */
  readonly scheduleLag = new Histogram(DURATION_BOUNDS);
  /** Idempotency keys: those that made or joined a job, and those that came again. */
  readonly keys: Record<KeyResult, number> = { new: 0, replay: 0, conflict: 0 };
  readonly #byName = new Map<ByteString, FunctionFigures>();
  readonly #labels = new Set<string>([REST_LABEL]);
  readonly #now: () => number;
  readonly #maxLabels: number;
  /** Steps of jobs come in runs of one function: the one before is at hand. */
  #lastName: ByteString | null = null;
  #last = this.rest;
  /** Jobs that came back from a worker and wait for another. */
  readonly #retrying = new Set<Job>();
  /** Bytes of WORK_DATA of running jobs that sent some. */
  readonly #pieces = new Map<Job, number>();

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number, maxLabels: number) {
    this.#now = now;
    this.#maxLabels = maxLabels;
  }

  /** Functions with figures of their own, then the rest. */
  *all(): Iterable<FunctionFigures> {
    yield* this.#byName.values();
    yield this.rest;
  }

  /** Where a function is counted. */
  of(name: ByteString): FunctionFigures {
    if (name === this.#lastName) return this.#last;
    this.#last = this.#byName.get(name) ?? this.#firstSeen(name);
    this.#lastName = name;
    return this.#last;
  }

  /** Jobs that were there before this looked on. */
  takeUp(jobs: Iterable<Job>): void {
    for (const job of jobs) {
      if (job.attempts > 0 && job.state === "queued") this.#retrying.add(job);
    }
  }

  /** How many jobs of each function wait for another worker than the one they came back from. */
  get retrying(): ReadonlyMap<FunctionQueue, number> {
    const counts = new Map<FunctionQueue, number>();
    for (const { queue, ignored } of this.#retrying) {
      if (!ignored) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    }
    return counts;
  }

  updateRates(seconds: number): void {
    for (const figures of this.all()) figures.updateRates(seconds);
  }

  /**
   * Makes room when the bound is reached: what was counted for functions that are no more goes to
   * the rest.
   */
  forget(isGone: (name: ByteString) => boolean): void {
    if (this.#byName.size < this.#maxLabels) return;
    this.#lastName = null;
    for (const [name, figures] of this.#byName) {
      if (!isGone(name)) continue;
      this.#byName.delete(name);
      this.#labels.delete(figures.label);
      this.rest.add(figures);
    }
  }

  #firstSeen(name: ByteString): FunctionFigures {
    if (this.#byName.size >= this.#maxLabels) return this.rest;
    const label = textForJson(name);
    // Two names may look the same as text, and one series must not be written twice.
    if (this.#labels.has(label)) return this.rest;
    const figures = new FunctionFigures(name, label);
    this.#labels.add(label);
    this.#byName.set(name, figures);
    return figures;
  }

  // JobWitness

  submitted(job: Job, submission: Submission, joined: boolean): void {
    const figures = this.of(job.queue.name);
    figures.countSubmission(submission);
    if (submission.extras !== null && submission.extras.idempotency !== null) this.keys.new++;
    if (joined) figures.coalesced[0]!++;
    else figures.payloadBytes.observe(job.workload.length);
  }

  refused(submission: Submission, reason: RefusalReason): void {
    this.of(submission.functionName).countRejection(REJECTION_OF[reason]);
  }

  queued(job: Job): void {
    if (job.attempts > 0) this.#retrying.add(job);
    if (job.notBefore === 0 || job.attempts > 0) return;
    const due = job.notBefore * 1000;
    if (due > job.acceptedAt) this.scheduleLag.observe(Math.max(0, this.#now() - due));
  }

  /** A job that came back has waited already, and has been run. */
  assigned(job: Job): void {
    if (job.attempts > 0) this.#retrying.delete(job);
    if (job.attempts > 0 || job.assignedAt === null) return;
    const from = Math.max(job.acceptedAt, job.notBefore * 1000);
    this.of(job.queue.name).wait.observe(Math.max(0, job.assignedAt - from));
  }

  returned(job: Job, cause: ReturnCause): void {
    this.#pieces.delete(job);
    this.of(job.queue.name).countReturn(cause);
  }

  reported(job: Job, packet: Packet): void {
    if (packet.shape.type !== PacketType.WORK_DATA) return;
    this.#pieces.set(job, (this.#pieces.get(job) ?? 0) + packet.dataLength);
  }

  ended(job: Job, end: JobEnd, packet: Packet | null): void {
    if (job.attempts > 0) this.#retrying.delete(job);
    const figures = this.of(job.queue.name);
    figures.countEnd(end);
    if (packet !== null && job.assignedAt !== null) {
      figures.run.observe(Math.max(0, this.#now() - job.assignedAt));
      if (end === "complete") {
        const pieces = this.#pieces.size === 0 ? 0 : this.#pieces.get(job) ?? 0;
        figures.resultBytes.observe(pieces + packet.dataLength);
      }
    }
    if (this.#pieces.size > 0) this.#pieces.delete(job);
  }
}
