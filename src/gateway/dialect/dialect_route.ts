import type { ByteString } from "../../protocol/mod.ts";
import { percentDecode } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { failure, jobHeaders } from "../follow/mod.ts";
import { Problem, type ProblemType } from "../problem.ts";
import { bytesResponse, emptyResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import {
  endedJob,
  OCTETS,
  type Order,
  parseJobOptions,
  place,
  placeWithWait,
  requireServing,
  requireStorable,
  storeUnavailable,
  timedOut,
  waitProblem,
} from "../submit/mod.ts";
import { DialectOptions } from "./dialect_options.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT"];
const WITH_BODY = ["POST", "PUT"];

type Command = "WORK_COMPLETE" | "WORK_FAIL" | "JOB_CREATED" | "ERROR";

/** What C answers with an ERROR packet: 200, with the packet's code in place of the handle. */
const ERROR_CODES: { readonly [Type in ProblemType]?: string } = {
  "invalid-request": "ARGUMENT_TOO_LARGE",
  "queue-full": "QUEUE_ERROR",
  "too-many-functions": "QUEUE_ERROR",
  "store-unavailable": "QUEUE_ERROR",
};

/** `name`: 1 to 511 bytes, or any by the strict reading. */
interface Target {
  readonly name: ByteString;
  readonly query: string;
}

/**
 * C gearmand's HTTP plugin (protocol section 13, http-api 3.8): any address that nothing else takes is
 * a function's name. Every method submits, GET and HEAD too, so foreign pages are turned away.
 */
async function answerDialect(call: Call): Promise<Response> {
  try {
    return await submitByDialect(call);
  } catch (error) {
    const code = error instanceof Problem ? ERROR_CODES[error.type] : undefined;
    if (code === undefined || call.gateway.config.dialect !== "strict") throw error;
    return emptyResponse(200, { "x-gearman-job-handle": code, ...command(call, "ERROR") });
  }
}

async function submitByDialect(call: Call): Promise<Response> {
  const { gateway, request } = call;
  if (!METHODS.includes(request.method)) throw otherMethod(request.method);
  if (isForeignPage(request.headers)) {
    throw new Problem("origin-not-allowed", "Cannot submit for pages of other web sites");
  }
  const strict = gateway.config.dialect === "strict";
  const { name, query } = targetOf(request.url, strict);
  if (name === "") throw new Problem("not-found", "The address names no function");
  call.identity.require("submit", name);
  requireServing(gateway.server);
  const options = parseJobOptions(new DialectOptions(request.headers, query), {
    functionName: name,
    preferences: { respondAsync: false, wait: undefined },
    now: gateway.now(),
    config: gateway.config,
    bulk: false,
  });
  if (options.reducer !== "") call.identity.require("submit", options.reducer);
  const workload = WITH_BODY.includes(request.method) ? await call.body() : new Uint8Array(0);
  const order: Order = { options, background: options.background, workload, idempotency: null };
  requireStorable(gateway.server, order);
  return options.background
    ? await submitInBackground(call, order)
    : await submitAndWait(call, order, strict);
}

/** Answered when C answers it, on JOB_CREATED: here that is when the store has the job. */
async function submitInBackground(call: Call, order: Order): Promise<Response> {
  const { server } = call.gateway;
  const placement = server.act((jobServer, now) =>
    place(call.gateway, order, null, jobServer, now)
  );
  if (placement.kind === "repeated" || !await placement.stored) throw storeUnavailable(server);
  const { handle, queue } = placement.job;
  return emptyResponse(200, {
    ...jobHeaders(call, handle, queue.name, placement.job.attempts),
    ...command(call, "JOB_CREATED"),
  });
}

async function submitAndWait(call: Call, order: Order, strict: boolean): Promise<Response> {
  const ms = order.options.timeoutMs;
  const waiting = placeWithWait(call, order, { kind: "sync", ms });
  const { placement, wait } = waiting;
  if (placement.kind === "repeated") throw storeUnavailable(call.gateway.server);
  const { job } = placement;
  const outcome = await wait.outcome;
  if (outcome.kind === "elapsed") throw timedOut(call, order, job, waiting);
  if (outcome.kind !== "ended") throw waitProblem(call, job, outcome);
  const { end } = outcome;
  const ended = endedJob(
    call,
    job,
    outcome.end,
    outcome.bytes,
    command(call, end === "complete" ? "WORK_COMPLETE" : "WORK_FAIL"),
  );
  if (end === "complete") return bytesResponse(200, ended.bytes, OCTETS, ended.headers);
  if (!strict) throw failure({ ...ended, end });
  return emptyResponse(200, ended.headers);
}

/** HEAD has no X-Gearman-Command (protocol section 13). */
function command({ request, gateway }: Call, name: Command): Record<string, string> {
  return {
    "server": `Gearman/${gateway.config.version}`,
    ...(request.method === "HEAD" ? {} : { "x-gearman-command": name }),
  };
}

/** Strict: all behind the leading slashes, as it was sent. Else the path is decoded and the query apart. */
function targetOf(url: string, strict: boolean): Target {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const whole = start < 0 ? "" : url.slice(start).replace(/^\/+/, "");
  if (strict) return { name: whole, query: "" };
  const end = whole.indexOf("?");
  const path = end < 0 ? whole : whole.slice(0, end);
  const name = percentDecode(path);
  if (name === undefined) {
    throw new Problem(
      "invalid-request",
      "The path is not percent-encoded rightly: a % must be %25",
    );
  }
  return { name, query: end < 0 ? "" : whole.slice(end + 1) };
}

/** Other methods' origins are checked for every route; GET counts as harmless there. */
function isForeignPage(headers: Headers): boolean {
  const site = headers.get("sec-fetch-site");
  return site !== null && site !== "same-origin" && site !== "none";
}

function otherMethod(method: string): Problem {
  return new Problem(
    "method-not-allowed",
    `Cannot ${method} a function: ${METHODS.join(", ")} can`,
    {
      headers: { allow: METHODS.join(", ") },
    },
  );
}

/** For addresses and methods that no other route takes; its own path and method mean nothing. */
export const DIALECT_ROUTE: Route = {
  method: "POST",
  path: "/",
  operation: "submitByDialect",
  tag: "Jobs",
  summary: "Submit a job as C gearmand's HTTP plugin does",
  role: "submit",
  parameters: [],
  body: { description: "The workload of POST and PUT.", content: { "*/*": { schema: null } } },
  answers: [],
  hidden: true,
  handle: answerDialect,
};
