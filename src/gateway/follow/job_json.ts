import { type Job, type JobEnd, statusOf } from "../../core/mod.ts";
import type { KeptOutcome, RunningServer, StoreCondition } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import type { JsonSchema } from "../route.ts";

export const JOB_STATES = [
  "scheduled",
  "queued",
  "running",
  "retrying",
  "succeeded",
  "failed",
  "cancelled",
] as const;
/** Where a job stands, as JSON says it. */
export type JobStateName = (typeof JOB_STATES)[number];

/** One job as JSON shows it. Null = not so, or no longer known because the job is over. */
export interface JobJson {
  readonly handle: string;
  readonly function: string;
  readonly unique: string;
  readonly state: JobStateName;
  readonly priority: "high" | "normal" | "low";
  readonly background: boolean;
  /** Times as RFC 3339 in UTC. */
  readonly accepted_at: string;
  readonly run_at: string | null;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly attempts: number;
  readonly numerator: number | null;
  readonly denominator: number | null;
  readonly waiting_clients: number;
  readonly worker: number | null;
  readonly payload_bytes: number;
  readonly result_bytes: number | null;
  readonly durability: StoreCondition["durability"];
  readonly reducer: string | null;
}

const STATE_OF_END: Readonly<Record<JobEnd, JobStateName>> = {
  "complete": "succeeded",
  "fail": "failed",
  "exception": "failed",
  "worker lost": "failed",
  "refused": "failed",
  "cancelled": "cancelled",
  "abandoned": "cancelled",
};

export function stateOfEnd(end: JobEnd): JobStateName {
  return STATE_OF_END[end];
}

/**
 * The state of a job in the queue, or just ended. A job that nobody waits for any more and that is not
 * kept shows as cancelled: it is listed, but never given out.
 */
export function stateOf(job: Job): JobStateName {
  if (job.end !== null) return stateOfEnd(job.end);
  if (job.state === "running") return "running";
  if (job.ignored) return "cancelled";
  if (job.state === "delayed") return "scheduled";
  return job.attempts > 0 ? "retrying" : "queued";
}

/** How often a job was given to a worker; `attempts` counts only when it came back. */
export function attemptsOf({ attempts, worker, end }: Job): number {
  const isLast = worker !== null || end === "complete" || end === "fail" || end === "exception";
  return attempts + (isLast ? 1 : 0);
}

/** A job in the queue, or one that has ended while somebody watched it. */
export function jobJson(job: Job, server: RunningServer): JobJson {
  const state = stateOf(job);
  return {
    handle: textForJson(job.handle),
    function: textForJson(job.queue.name),
    unique: textForJson(job.unique),
    state,
    priority: PRIORITY_NAMES[job.priority],
    background: job.background,
    accepted_at: timeText(job.acceptedAt),
    run_at: job.notBefore === 0 ? null : timeText(job.notBefore * 1000),
    started_at: job.assignedAt === null ? null : timeText(job.assignedAt),
    finished_at: null,
    attempts: attemptsOf(job),
    numerator: job.numerator,
    denominator: job.denominator,
    waiting_clients: statusOf(job).clients,
    worker: job.worker?.port.number ?? null,
    payload_bytes: job.workload.length,
    result_bytes: null,
    durability: job.background ? server.storeCondition().durability : "nothing",
    reducer: job.reducer === "" ? null : textForJson(job.reducer),
  };
}

/** A job that is over and whose outcome is kept: only background jobs' outcomes are. */
export function outcomeJson(outcome: KeptOutcome, server: RunningServer): JobJson {
  return {
    handle: textForJson(outcome.handle),
    function: textForJson(outcome.functionName),
    unique: textForJson(outcome.unique),
    state: stateOfEnd(outcome.end),
    priority: PRIORITY_NAMES[outcome.priority],
    background: true,
    accepted_at: timeText(outcome.acceptedAt),
    run_at: null,
    started_at: outcome.assignedAt === null ? null : timeText(outcome.assignedAt),
    finished_at: timeText(outcome.finishedAt),
    attempts: outcome.attempts,
    numerator: null,
    denominator: null,
    waiting_clients: 0,
    worker: null,
    payload_bytes: outcome.payloadBytes,
    result_bytes: hasResult(outcome) ? outcome.result.length : null,
    durability: server.storeCondition().durability,
    reducer: null,
  };
}

function hasResult({ end, resultDropped }: KeptOutcome): boolean {
  return (end === "complete" || end === "exception") && !resultDropped;
}

/** The last moment that RFC 3339 can write, milliseconds since 1970; clients may ask for later ones. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Milliseconds since 1970 as RFC 3339 in UTC. */
export function timeText(ms: number): string {
  return new Date(Math.min(ms, LAST_TIME)).toISOString();
}

const TIME: JsonSchema = { type: "string", format: "date-time" };
const TIME_OR_NULL: JsonSchema = { type: ["string", "null"], format: "date-time" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const COUNT_OR_NULL: JsonSchema = { type: ["integer", "null"], minimum: 0 };

function described(schema: JsonSchema, description: string): JsonSchema {
  return { ...schema, description };
}

const PROPERTIES: Readonly<Record<keyof JobJson, JsonSchema>> = {
  handle: { type: "string", description: "What the server knows the job by." },
  function: { type: "string", description: "Percent-encoded as in a path where it is not UTF-8." },
  unique: { type: "string", description: "Coalescing key; empty = none, `-` = the workload." },
  state: {
    type: "string",
    enum: JOB_STATES,
    description: "`scheduled`: its time has not come. `retrying`: its worker was lost, it waits " +
      "again. `cancelled`: taken back, or nobody waits for it any more.",
  },
  priority: { type: "string", enum: PRIORITY_NAMES },
  background: described(
    { type: "boolean" },
    "Whether it runs without anybody waiting for it.",
  ),
  accepted_at: TIME,
  run_at: described(TIME_OR_NULL, "Before this it does not run; null = at once."),
  started_at: described(TIME_OR_NULL, "When it was last given to a worker."),
  finished_at: TIME_OR_NULL,
  attempts: described(COUNT, "How often it was given to a worker."),
  numerator: described(COUNT_OR_NULL, "Progress, as its worker last reported it."),
  denominator: COUNT_OR_NULL,
  waiting_clients: described(COUNT, "Who waits for its result at this moment."),
  worker: described(COUNT_OR_NULL, "Number of the connection that runs it; see `/workers`."),
  payload_bytes: described(COUNT, "Length of its workload."),
  result_bytes: described(
    COUNT_OR_NULL,
    "Length of the result, or of the exception; null when there is none, or it was too long to keep.",
  ),
  durability: {
    type: "string",
    enum: ["nothing", "restart", "power-loss"],
    description: "What the job, or its outcome, survives.",
  },
  reducer: { type: ["string", "null"] },
};

/** Of the JSON form of one job. */
export const JOB_SCHEMA: JsonSchema = {
  title: "Job",
  description: "One job. Null = not so, or no longer known because the job is over.",
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROPERTIES),
  properties: PROPERTIES,
};

export const JOB_EXAMPLE: JobJson = {
  handle: "H:host:42",
  function: "resize",
  unique: "picture-7",
  state: "running",
  priority: "normal",
  background: true,
  accepted_at: "2026-08-01T12:00:00.000Z",
  run_at: null,
  started_at: "2026-08-01T12:00:00.250Z",
  finished_at: null,
  attempts: 1,
  numerator: 3,
  denominator: 10,
  waiting_clients: 0,
  worker: 17,
  payload_bytes: 2048,
  result_bytes: null,
  durability: "power-loss",
  reducer: null,
};
