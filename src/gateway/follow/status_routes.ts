import { createHash } from "node:crypto";
import type { Call } from "../call.ts";
import { bytesResponse, emptyResponse, jsonResponse } from "../responses.ts";
import type { Parameter, Route } from "../route.ts";
import {
  endedWithin,
  findJob,
  type FoundJob,
  HANDLE,
  headersOf,
  jobExpired,
  READERS,
} from "./find_job.ts";
import { failure, locationOf, timing } from "./job_answers.ts";
import {
  attemptsOf,
  JOB_EXAMPLE,
  JOB_SCHEMA,
  type JobJson,
  jobJson,
  outcomeJson,
} from "./job_json.ts";

const OCTETS = "application/octet-stream";
/** Seconds after which a caller who did not wait may ask again. */
const RETRY_SECONDS = "1";
const NO_BYTES = new Uint8Array(0);

const WAIT: Parameter = {
  name: "wait",
  in: "query",
  description:
    "Long poll: answers when the job is over, at the latest after so many seconds; more " +
    "than 60 means 60.",
  schema: { type: "integer", minimum: 0 },
  example: 30,
};

export const STATUS_ROUTE: Route = {
  method: "GET",
  path: "/jobs/{name}",
  operation: "getJob",
  tag: "Jobs",
  summary: "How a job stands",
  description:
    "GET_STATUS. Jobs that are over stay known for as long as their outcomes are kept; " +
    "after that the answer is 410, and 404 for a handle that never was. Callers need the role " +
    "`submit` or `inspect` for the job's function; for others the job does not exist.",
  role: "submit",
  orRole: "inspect",
  parameters: [HANDLE, WAIT, {
    name: "If-None-Match",
    in: "header",
    description: "The `ETag` of an earlier answer: 304 when nothing has changed.",
    schema: { type: "string" },
    example: '"kHn2c6WJpVU8Zb0y"',
  }],
  answers: [{
    status: 200,
    description: "The job.",
    content: { "application/json": { schema: JOB_SCHEMA, example: JOB_EXAMPLE } },
    headers: { ETag: "Of this state of the job, progress included." },
  }, { status: 304, description: "It is as it was." }],
  problems: ["job-unknown", "job-expired", "too-many-requests", "starting"],
  async handle(call) {
    const found = await endedWithin(call, findJob(call, READERS), waitMs(call));
    const json = foundJson(call, found);
    const etag = etagOf(json);
    const headers = { ...headersOf(call, found), etag, "cache-control": "no-cache" };
    const known = call.text("If-None-Match");
    return known !== undefined && isAmong(etag, known)
      ? emptyResponse(304, headers)
      : jsonResponse(200, json, headers);
  },
};

export const RESULT_ROUTE: Route = {
  method: "GET",
  path: "/jobs/{name}/result",
  operation: "getJobResult",
  tag: "Jobs",
  summary: "The result of a background job",
  description:
    "All that its worker sent as WORK_DATA and WORK_COMPLETE, byte for byte. Only kept " +
    "for jobs that were submitted over HTTP in the background or with an `Idempotency-Key`.",
  role: "submit",
  orRole: "inspect",
  parameters: [HANDLE, WAIT],
  answers: [{
    status: 200,
    description: "The result.",
    content: { [OCTETS]: { schema: null } },
    headers: { "Server-Timing": "Milliseconds in the queue and with the worker." },
  }, {
    status: 202,
    description: "The job is not over; `Retry-After` says when to ask again.",
    content: { "application/json": { schema: JOB_SCHEMA, example: JOB_EXAMPLE } },
  }],
  problems: [
    "job-unknown",
    "job-expired",
    "job-failed",
    "job-exception",
    "worker-lost",
    "job-cancelled",
    "too-many-requests",
    "starting",
  ],
  async handle(call) {
    const found = await endedWithin(call, findJob(call, READERS), waitMs(call));
    return resultOf(call, found);
  },
};

export const PAYLOAD_ROUTE: Route = {
  method: "GET",
  path: "/jobs/{name}/payload",
  operation: "getJobPayload",
  tag: "Jobs",
  summary: "The workload of a job that is not over",
  role: "inspect",
  parameters: [HANDLE],
  answers: [{
    status: 200,
    description: "The workload, byte for byte.",
    content: { [OCTETS]: { schema: null } },
  }],
  problems: ["job-unknown", "job-expired", "starting"],
  handle(call) {
    const found = findJob(call, ["inspect"]);
    if (found.kind === "kept") {
      throw jobExpired(found.outcome.handle, "workloads are kept only until then");
    }
    return bytesResponse(200, found.job.workload, OCTETS, headersOf(call, found));
  },
};

function waitMs(call: Call): number {
  return Math.min((call.number("wait") ?? 0) * 1000, call.gateway.config.longestWaitMs);
}

function foundJson(call: Call, found: FoundJob): JobJson {
  return found.kind === "kept"
    ? outcomeJson(found.outcome, call.gateway.server)
    : jobJson(found.job, call.gateway.server);
}

/** Throws the problem of a job that did not succeed, or whose result is not kept. */
function resultOf(call: Call, found: FoundJob): Response {
  const headers = headersOf(call, found);
  if (found.kind === "listed") {
    const { job } = found;
    const { handle, queue, end } = job;
    if (end === null) {
      const more = { location: locationOf(handle), "retry-after": RETRY_SECONDS };
      return jsonResponse(202, jobJson(job, call.gateway.server), { ...headers, ...more });
    }
    if (end === "complete" || end === "exception") {
      throw jobExpired(handle, "its result was not to be kept");
    }
    const attempts = attemptsOf(job);
    throw failure({ handle, functionName: queue.name, end, attempts, headers, bytes: NO_BYTES });
  }
  const { outcome } = found;
  const { handle, functionName, end, attempts, acceptedAt, assignedAt, finishedAt } = outcome;
  const timed = { ...headers, "server-timing": timing(acceptedAt, assignedAt, finishedAt) };
  if (end !== "complete") {
    throw failure({ handle, functionName, end, attempts, headers: timed, bytes: outcome.result });
  }
  if (outcome.resultDropped) throw jobExpired(handle, "its result was too large to be kept");
  return bytesResponse(200, outcome.result, OCTETS, timed);
}

function etagOf(json: JobJson): string {
  const hash = createHash("sha256").update(JSON.stringify(json)).digest("base64url");
  return `"${hash.slice(0, 16)}"`;
}

/** Whether an `If-None-Match` names the tag; weak ones count (RFC 9110 section 13.1.2). */
function isAmong(etag: string, header: string): boolean {
  return header.trim() === "*" ||
    header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}
