import { bytesOf, type ByteString } from "../../protocol/mod.ts";
import type { Job } from "../../core/mod.ts";
import type { KeptOutcome } from "../../server/mod.ts";
import type { Call } from "../call.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import { Problem } from "../problem.ts";
import type { Parameter } from "../route.ts";
import { parseMomentMs } from "../times.ts";
import { attemptsOf, JOB_STATES, type JobStateName, stateOf, stateOfEnd } from "./job_json.ts";

/** Which jobs a list shows. Undefined = any. */
export interface JobFilter {
  /** Whether the caller may see jobs of a function. */
  shows(functionName: ByteString): boolean;
  readonly functionName: ByteString | undefined;
  readonly state: JobStateName | undefined;
  readonly priority: string | undefined;
  readonly unique: ByteString | undefined;
  /** Number of the connection that runs it. */
  readonly worker: number | undefined;
  /** Accepted from … on, and before …, milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
  readonly minAttempts: number;
  /** What the workload begins with. */
  readonly prefix: Uint8Array;
}

const MOMENT = "RFC 3339 with its offset, or seconds since 1970.";

export const FILTER_PARAMETERS: readonly Parameter[] = [
  {
    name: "function",
    in: "query",
    description: "Jobs of this function.",
    schema: { type: "string", minLength: 1 },
    example: "resize",
  },
  {
    name: "state",
    in: "query",
    description: "Jobs in this state.",
    schema: { type: "string", enum: JOB_STATES },
    example: "running",
  },
  {
    name: "priority",
    in: "query",
    description: "Jobs of this priority.",
    schema: { type: "string", enum: PRIORITY_NAMES },
    example: "high",
  },
  {
    name: "unique",
    in: "query",
    description: "Jobs with this coalescing key.",
    schema: { type: "string" },
    example: "picture-7",
  },
  {
    name: "worker",
    in: "query",
    description: "Jobs that the connection with this number runs.",
    schema: { type: "integer", minimum: 1 },
    example: 17,
  },
  {
    name: "since",
    in: "query",
    description: `Jobs accepted at this time or later. ${MOMENT}`,
    schema: { type: "string" },
    example: "2026-08-01T00:00:00Z",
  },
  {
    name: "until",
    in: "query",
    description: `Jobs accepted before this time. ${MOMENT}`,
    schema: { type: "string" },
    example: "1785542400",
  },
  {
    name: "min_attempts",
    in: "query",
    description: "Jobs that were given to a worker so often at least.",
    schema: { type: "integer", minimum: 0 },
    example: 2,
  },
  {
    name: "q",
    in: "query",
    description: "Jobs whose workload begins with this text; none that is over.",
    schema: { type: "string" },
    example: "{",
  },
];

/** Reads `FILTER_PARAMETERS`. Throws `invalid-request`. */
export function filterOf(call: Call): JobFilter {
  const seen = new Map<ByteString, boolean>();
  return {
    shows(functionName) {
      let shows = seen.get(functionName);
      if (shows === undefined) {
        shows = call.identity.allows("inspect", functionName);
        seen.set(functionName, shows);
      }
      return shows;
    },
    functionName: call.bytes("function"),
    state: call.text("state") as JobStateName | undefined,
    priority: call.text("priority"),
    unique: call.bytes("unique"),
    worker: call.number("worker"),
    since: momentOf(call, "since") ?? -Infinity,
    until: momentOf(call, "until") ?? Infinity,
    minAttempts: call.number("min_attempts") ?? 0,
    prefix: bytesOf(call.bytes("q") ?? ""),
  };
}

/** Milliseconds since 1970. */
function momentOf(call: Call, name: string): number | undefined {
  const text = call.text(name);
  if (text === undefined) return undefined;
  const ms = parseMomentMs(text);
  if (ms !== undefined) return ms;
  throw new Problem("invalid-request", `The parameter "${name}" is no time: give ${MOMENT}`, {
    errors: [{ pointer: name, detail: "is no time" }],
  });
}

export function matchesJob(job: Job, filter: JobFilter): boolean {
  const { worker, prefix, state } = filter;
  return matchesFacts(filter, {
    functionName: job.queue.name,
    unique: job.unique,
    priority: job.priority,
    acceptedAt: job.acceptedAt,
  }) &&
    (worker === undefined || job.worker?.port.number === worker) &&
    (filter.minAttempts === 0 || attemptsOf(job) >= filter.minAttempts) &&
    (state === undefined || stateOf(job) === state) &&
    beginsWith(job.workload, prefix);
}

export function matchesOutcome(outcome: KeptOutcome, filter: JobFilter): boolean {
  const { worker, prefix, state } = filter;
  return worker === undefined && prefix.length === 0 && matchesFacts(filter, outcome) &&
    outcome.attempts >= filter.minAttempts &&
    (state === undefined || stateOfEnd(outcome.end) === state);
}

type Facts = Pick<KeptOutcome, "functionName" | "unique" | "priority" | "acceptedAt">;

function matchesFacts(filter: JobFilter, facts: Facts): boolean {
  const { functionName, unique, priority, since, until } = filter;
  return (functionName === undefined || facts.functionName === functionName) &&
    (unique === undefined || facts.unique === unique) &&
    (priority === undefined || PRIORITY_NAMES[facts.priority] === priority) &&
    facts.acceptedAt >= since && facts.acceptedAt < until && filter.shows(facts.functionName);
}

function beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, at) => bytes[at] === byte);
}
