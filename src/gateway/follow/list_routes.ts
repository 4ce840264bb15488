import type { Job } from "../../core/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Call } from "../call.ts";
import {
  bytesOfCursor,
  cursorOfBytes,
  invalidCursor,
  pageParameters,
  pageSchema,
  type PageSize,
} from "../paging.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import type { JsonSchema, Route } from "../route.ts";
import { FILTER_PARAMETERS, filterOf } from "./job_filter.ts";
import { attemptsOf, JOB_EXAMPLE, JOB_SCHEMA, jobJson } from "./job_json.ts";
import { jobHeaders } from "./job_answers.ts";
import { jobPage, MOST_LOOKED_AT } from "./job_pages.ts";

type Order = "oldest" | "newest";

const PAGE: PageSize = { usual: 50, most: 500 };

const LIST_SCHEMA: JsonSchema = { title: "JobList", ...pageSchema(JOB_SCHEMA) };

export const LIST_ROUTE: Route = {
  method: "GET",
  path: "/jobs",
  operation: "listJobs",
  tag: "Jobs",
  summary: "Jobs in the queue, and those that are over as long as their outcomes are kept",
  description:
    "In the order in which they were accepted. Paging is exact: a job that is there all " +
    "the time comes once, whatever comes and goes meanwhile. A page looks at " +
    `${MOST_LOOKED_AT} jobs at most: with a filter that fits few of them it may hold less than ` +
    "`limit`, even nothing, and still have a `next`; go on until that is null. Shows the functions " +
    "for which the caller has the role.",
  role: "inspect",
  parameters: [
    ...FILTER_PARAMETERS,
    {
      name: "sort",
      in: "query",
      description: "Which jobs come first.",
      schema: { type: "string", enum: ["newest", "oldest"], default: "newest" },
      example: "oldest",
    },
    ...pageParameters(PAGE, "bzQy"),
  ],
  answers: [{
    status: 200,
    description: "A page of jobs.",
    content: {
      "application/json": { schema: LIST_SCHEMA, example: { items: [JOB_EXAMPLE], next: "bzQy" } },
    },
  }],
  problems: ["starting"],
  handle(call) {
    const order = (call.text("sort") ?? "newest") as Order;
    const { items, next } = jobPage(call.gateway.server, {
      filter: filterOf(call),
      order,
      from: fromCursor(call.text("cursor"), order),
      limit: call.number("limit") ?? PAGE.usual,
    });
    return jsonResponse(200, {
      items,
      next: next === undefined ? null : cursorOf(next, order),
    });
  },
};

export const UNIQUE_ROUTE: Route = {
  method: "GET",
  path: "/unique/{key}",
  operation: "getJobByUnique",
  tag: "Jobs",
  summary: "The job that a submission with this unique ID would join",
  description:
    "GET_STATUS_UNIQUE: a job in the queue or running; of several functions' the newest. " +
    "For jobs that are over ask `GET /jobs?unique=…`.",
  role: "inspect",
  parameters: [{
    name: "key",
    in: "path",
    description: "The unique ID, percent-encoded.",
    schema: { type: "string" },
    required: true,
    example: "picture-7",
  }, {
    name: "function",
    in: "query",
    description: "Of this function only.",
    schema: { type: "string", minLength: 1 },
    example: "resize",
  }],
  answers: [{
    status: 200,
    description: "The job.",
    content: { "application/json": { schema: JOB_SCHEMA, example: JOB_EXAMPLE } },
  }],
  problems: ["job-unknown", "starting"],
  handle(call) {
    const job = newestWith(call);
    if (job === undefined) {
      const key = textForJson(call.path("key"));
      throw new Problem("job-unknown", `No job in the queue has the unique ID "${key}"`);
    }
    const headers = jobHeaders(call, job.handle, job.queue.name, attemptsOf(job));
    return jsonResponse(200, jobJson(job, call.gateway.server), headers);
  },
};

function newestWith(call: Call): Job | undefined {
  const { table } = call.gateway.server.jobServer;
  const key = call.path("key");
  const functionName = call.bytes("function");
  let newest: Job | undefined;
  for (const { name, byUnique } of table.functions) {
    if (functionName !== undefined && name !== functionName) continue;
    const job = byUnique.get(key);
    if (job === undefined || !call.identity.allows("inspect", name)) continue;
    if (newest === undefined || job.key > newest.key) newest = job;
  }
  return newest;
}

/** A cursor is opaque to callers: the order and the last key of its page. */
function cursorOf(key: number, order: Order): string {
  return cursorOfBytes(`${order[0]}${key}`);
}

function fromCursor(cursor: string | undefined, order: Order): number | undefined {
  if (cursor === undefined) return undefined;
  const match = /^([on])([0-9]{1,16})$/.exec(bytesOfCursor(cursor));
  if (match === null) throw invalidCursor();
  if (match[1] !== order[0]) throw invalidCursor("is one of the other order");
  return Number(match[2]);
}
