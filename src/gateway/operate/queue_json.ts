import { type FunctionQueue, PRIORITIES, Priority } from "../../core/mod.ts";
import type { QueueLimits } from "../../protocol/mod.ts";
import type { QueuePolicy } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Gateway } from "../gateway.ts";
import { type FunctionFigures, type Histogram, isIdle, RATE_WINDOWS } from "../figures/mod.ts";
import { oldestWaitingMs } from "../metrics/mod.ts";
import type { PriorityName } from "../priority_names.ts";
import type { JsonSchema } from "../route.ts";

/** Jobs from which on submissions of a priority are refused; null = no limit. */
export type MaxQueueJson = Readonly<Record<PriorityName, number | null>>;

/** The rules of a function that can be changed. */
export interface PolicyJson {
  readonly max_queue: MaxQueueJson;
  readonly paused: boolean;
}

interface QuantilesJson {
  readonly p50: number;
  readonly p95: number;
}

/** Per second, over one, five and fifteen minutes. */
interface RateJson {
  readonly "1m": number;
  readonly "5m": number;
  readonly "15m": number;
}

/** A function and its jobs as JSON shows them. */
export interface QueueJson {
  readonly function: string;
  readonly paused: boolean;
  readonly total: number;
  readonly queued: number;
  readonly running: number;
  readonly scheduled: number;
  readonly depth: Readonly<Record<PriorityName, number>>;
  readonly bytes: number;
  readonly workers: {
    readonly capable: number;
    readonly idle: number;
    readonly busy: number;
    readonly draining: number;
  };
  readonly oldest_waiting_seconds: number | null;
  readonly rates: { readonly submitted: RateJson; readonly finished: RateJson } | null;
  readonly wait_seconds: QuantilesJson | null;
  readonly run_seconds: QuantilesJson | null;
  readonly policy: PolicyJson;
}

export function queueJson(queue: FunctionQueue, { server, figures }: Gateway): QueueJson {
  const own = figures.jobs.of(queue.name);
  // What a function beyond the bound of labels shares with others says nothing of itself.
  const counted = own === figures.jobs.rest ? null : own;
  const oldest = oldestWaitingMs(queue, server.clock.now());
  return {
    function: textForJson(queue.name),
    paused: queue.paused,
    total: queue.total,
    queued: queue.runnable,
    running: queue.running,
    scheduled: PRIORITIES.reduce<number>((sum, priority) => sum + queue.at(priority).delayed, 0),
    depth: {
      high: queue.at(Priority.HIGH).length,
      normal: queue.at(Priority.NORMAL).length,
      low: queue.at(Priority.LOW).length,
    },
    bytes: queue.bytes,
    workers: workersJson(queue),
    oldest_waiting_seconds: oldest === null ? null : oldest / 1000,
    rates: counted === null ? null : ratesJson(counted),
    wait_seconds: counted === null ? null : quantiles(counted.wait),
    run_seconds: counted === null ? null : quantiles(counted.run),
    policy: policyJson(queue),
  };
}

export function policyJson({ limits, paused }: QueuePolicy): PolicyJson {
  return { max_queue: maxQueueJson(limits), paused };
}

/** Changes when the policy does: the value of `ETag`. */
export function policyTag({ limits, paused }: QueuePolicy): string {
  return `"${limits.join("-")}-${paused ? "paused" : "open"}"`;
}

function maxQueueJson([high, normal, low]: QueueLimits): MaxQueueJson {
  return { high: high || null, normal: normal || null, low: low || null };
}

function workersJson({ capable }: FunctionQueue): QueueJson["workers"] {
  let idle = 0;
  let busy = 0;
  let draining = 0;
  for (const worker of capable) {
    if (worker.draining) draining++;
    else if (isIdle(worker)) idle++;
    else busy++;
  }
  return { capable: capable.size, idle, busy, draining };
}

function ratesJson({ submittedRate, finishedRate }: FunctionFigures): QueueJson["rates"] {
  return { submitted: rateJson(submittedRate.means), finished: rateJson(finishedRate.means) };
}

function rateJson(means: Float64Array): RateJson {
  const [short, middle, long] = RATE_WINDOWS.map((_, at) => Number(means[at]!.toPrecision(4)));
  return { "1m": short!, "5m": middle!, "15m": long! };
}

/** Seconds. */
function quantiles(histogram: Histogram): QuantilesJson | null {
  const p50 = histogram.quantile(0.5);
  const p95 = histogram.quantile(0.95);
  if (p50 === null || p95 === null) return null;
  return { p50: Number((p50 / 1000).toPrecision(4)), p95: Number((p95 / 1000).toPrecision(4)) };
}

const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const NUMBER: JsonSchema = { type: "number", minimum: 0 };
const LIMIT: JsonSchema = { type: ["integer", "null"], minimum: 0, maximum: 0xffffffff };

function object(properties: Readonly<Record<string, JsonSchema>>, description = ""): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
    ...(description === "" ? {} : { description }),
  };
}

function orNull(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema["type"], "null"] };
}

const RATE = object({ "1m": NUMBER, "5m": NUMBER, "15m": NUMBER });
const QUANTILES = orNull(
  object({ p50: NUMBER, p95: NUMBER }, "Estimated from a histogram of all jobs since the start."),
);

export const POLICY_SCHEMA: JsonSchema = {
  title: "QueuePolicy",
  ...object({
    max_queue: object(
      { high: LIMIT, normal: LIMIT, low: LIMIT },
      "Jobs of the function, of any priority, from which on submissions of a priority are refused.",
    ),
    paused: { type: "boolean", description: "Its jobs wait; those that run go on." },
  }),
};

export const QUEUE_SCHEMA: JsonSchema = {
  title: "Queue",
  ...object({
    function: {
      type: "string",
      description: "Percent-encoded as in a path where it is not UTF-8.",
    },
    paused: { type: "boolean" },
    total: { ...COUNT, description: "Jobs in any state." },
    queued: { ...COUNT, description: "Jobs that could run now." },
    running: COUNT,
    scheduled: { ...COUNT, description: "Jobs that are not due yet." },
    depth: object(
      { high: COUNT, normal: COUNT, low: COUNT },
      "Jobs that are due, by priority; those that nobody waits for any more are in it.",
    ),
    bytes: { ...COUNT, description: "Workloads of all jobs." },
    workers: object({ capable: COUNT, idle: COUNT, busy: COUNT, draining: COUNT }),
    oldest_waiting_seconds: {
      type: ["number", "null"],
      minimum: 0,
      description: "How long the job that is next has been waiting; null when none is.",
    },
    rates: orNull(object(
      { submitted: RATE, finished: RATE },
      "Per second, exponentially weighted over 1, 5 and 15 minutes. Null for a function that is " +
        "beyond the bound of functions counted on their own.",
    )),
    wait_seconds: QUANTILES,
    run_seconds: QUANTILES,
    policy: POLICY_SCHEMA,
  }),
};

export const POLICY_EXAMPLE: PolicyJson = {
  max_queue: { high: null, normal: 10_000, low: 5_000 },
  paused: false,
};

export const QUEUE_EXAMPLE: QueueJson = {
  function: "resize",
  paused: false,
  total: 14,
  queued: 11,
  running: 2,
  scheduled: 1,
  depth: { high: 1, normal: 10, low: 0 },
  bytes: 28_672,
  workers: { capable: 2, idle: 0, busy: 2, draining: 0 },
  oldest_waiting_seconds: 0.84,
  rates: {
    submitted: { "1m": 12.5, "5m": 11.9, "15m": 12.1 },
    finished: { "1m": 12.4, "5m": 11.9, "15m": 12.1 },
  },
  wait_seconds: { p50: 0.02, p95: 0.9 },
  run_seconds: { p50: 0.12, p95: 0.31 },
  policy: POLICY_EXAMPLE,
};
