/** The answers to submissions as OpenAPI describes them. */

import { EVENT_STREAM, JOB_EXAMPLE, JOB_SCHEMA, JOB_STATES } from "../follow/mod.ts";
import type { Answer, JsonSchema } from "../route.ts";
import { ENVELOPE, OCTETS } from "./answers.ts";

const JOB_HEADERS = {
  "Gearman-Job-Handle": "What the server knows the job by. Also as `X-Gearman-Job-Handle`.",
  "Gearman-Function": "Name of the function.",
  "Gearman-Workers": "Connected workers that can do it.",
  "Gearman-Attempts": "How often the job was given to a worker.",
  "Gearman-Coalesced": "`true` when it joined a job with the same `unique`.",
  "Idempotent-Replayed": "`true` when an earlier request with the same key made the job.",
  "Preference-Applied": "What of `Prefer` was done.",
  "traceparent": "As it was sent.",
};

const { properties } = JOB_SCHEMA as { properties: Record<string, JsonSchema> };

const RESULT_SCHEMA: JsonSchema = {
  title: "JobResult",
  description: "A job that is done. The result stands in one of two members.",
  type: "object",
  properties: {
    ...properties,
    result: { type: "string", description: "The result, where it is UTF-8." },
    result_base64: { type: "string", description: "The result in Base64, where it is not." },
  },
  required: ["handle", "function", "state"],
};

const ACCEPTED_SCHEMA: JsonSchema = {
  title: "AcceptedJob",
  type: "object",
  required: ["handle", "function", "unique", "state", "durability"],
  properties: {
    handle: { type: "string" },
    function: { type: "string" },
    unique: { type: "string" },
    state: {
      enum: [...JOB_STATES, null],
      description: "Null when the job is over and no longer known.",
    },
    durability: {
      enum: ["nothing", "restart", "power-loss"],
      description: "What the job survives: no restart of the server, that, or a loss of power.",
    },
  },
};

const PROBLEM_OF_ITEM: JsonSchema = {
  type: "object",
  description: "The problem that the job alone would have been answered with.",
};

const ITEM_SCHEMA: JsonSchema = {
  title: "BulkItem",
  type: "object",
  required: ["index", "status"],
  properties: {
    index: { type: "integer", minimum: 0, description: "Which job of the request, from 0." },
    status: { type: "integer", description: "202, or what the job alone would have got." },
    handle: { type: "string" },
    coalesced: { type: "boolean", description: "It joined a job with the same `unique`." },
    replayed: { type: "boolean", description: "An earlier request with the same key made it." },
    problem: PROBLEM_OF_ITEM,
  },
};

const BULK_SCHEMA: JsonSchema = {
  title: "BulkResult",
  type: "object",
  required: ["accepted", "rejected", "results"],
  properties: {
    accepted: { type: "integer", minimum: 0 },
    rejected: { type: "integer", minimum: 0 },
    results: { type: "array", items: ITEM_SCHEMA, description: "In the order of the jobs." },
  },
};

const BULK_EXAMPLE = {
  accepted: 1,
  rejected: 1,
  results: [
    { index: 0, status: 202, handle: "H:host:42" },
    { index: 1, status: 503, problem: { type: "/problems/queue-full", status: 503 } },
  ],
};

export const NDJSON = "application/x-ndjson";

export const RESULT_ANSWER: Answer = {
  status: 200,
  description:
    "The job is done: the pieces that the worker sent (WORK_DATA) and its final data, byte " +
    "for byte. By `Accept`: raw, an envelope, or the events of the job as they come.",
  headers: {
    ...JOB_HEADERS,
    "Gearman-Warnings": "WORK_WARNING packets that came.",
    "Server-Timing": "Milliseconds in the queue and with the worker.",
  },
  content: {
    [OCTETS]: { schema: null },
    [ENVELOPE]: {
      schema: RESULT_SCHEMA,
      example: {
        ...JOB_EXAMPLE,
        state: "succeeded",
        finished_at: JOB_EXAMPLE.started_at,
        worker: null,
        result_bytes: 5,
        result: "olleh",
      },
    },
    [EVENT_STREAM]: { schema: null },
  },
};

export const ACCEPTED_ANSWER: Answer = {
  status: 202,
  description: "A background job that the server keeps from now on, as `durability` says.",
  headers: {
    ...JOB_HEADERS,
    "Location": "Where the job is followed.",
    "Retry-After": "Seconds after which it is worth a look.",
  },
  content: {
    "application/json": {
      schema: ACCEPTED_SCHEMA,
      example: {
        handle: "H:host:42",
        function: "reverse",
        unique: "",
        state: "queued",
        durability: "power-loss",
      },
    },
  },
};

export const SCHEDULE_ANSWER: Answer = {
  status: 201,
  description: "With `cron`: a schedule, as `POST /schedules` answers.",
  headers: { "Location": "Where the schedule is." },
  content: { "application/json": { schema: { type: "object" } } },
};

export const BULK_ANSWERS: readonly Answer[] = [{
  status: 200,
  description: "Each job's own result; NDJSON is answered with a line per line, as they come.",
  content: {
    "application/json": { schema: BULK_SCHEMA, example: BULK_EXAMPLE },
    [NDJSON]: { schema: ITEM_SCHEMA, example: { index: 0, status: 202, handle: "H:host:42" } },
  },
}, {
  status: 202,
  description: "With `atomic=true`: all jobs were accepted.",
  content: {
    "application/json": {
      schema: BULK_SCHEMA,
      example: { accepted: 1, rejected: 0, results: [BULK_EXAMPLE.results[0]] },
    },
  },
}];
