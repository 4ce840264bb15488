import { randomUUID } from "node:crypto";
import { HttpError, type HttpErrorCode } from "../http/mod.ts";
import { StoreError } from "../plugin_api/mod.ts";
import { textForJson } from "./byte_text.ts";
import { Problem, PROBLEMS, type ProblemType } from "./problem.ts";
import { jsonResponse } from "./responses.ts";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** Seconds after which a store that is away is asked again: about its plugin's own pause. */
const STORE_RETRY_SECONDS = 5;

const HTTP_PROBLEMS: Readonly<Record<HttpErrorCode, ProblemType>> = {
  BODY_TOO_LARGE: "payload-too-large",
  BODY_TOO_SLOW: "request-timeout",
  BAD_REQUEST: "invalid-request",
  PEER_GONE: "invalid-request",
};

/** Where a failure of the server itself is told to the operator. */
export type LogFailure = (text: string) => void;

/** What the `type` of every problem begins with: where the gateway describes it. */
export const PROBLEM_BASE = "/problems/";

/** The address of a kind of problem: what stands in `type`. */
export function problemAddress(type: string): string {
  return PROBLEM_BASE + type;
}

/**
 * Anything that was thrown, as a problem for the caller. What is no fault of the request is logged once with
 * its cause, under an id that the caller gets; nothing else of it leaves.
 */
export function problemOf(error: unknown, request: string, log: LogFailure): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HttpError) return new Problem(HTTP_PROBLEMS[error.code], error.message);
  if (error instanceof StoreError) return storeProblem(error, request, log);
  const id = logged(error, request, log);
  return new Problem(
    "internal-error",
    `This is a fault of the server; its log has more under ${id}`,
    {
      members: { id },
    },
  );
}

function storeProblem(error: StoreError, request: string, log: LogFailure): Problem {
  if (error.code === "TOO_LARGE") {
    return new Problem("payload-too-large", "The store cannot take a job of this size");
  }
  // A store that is away is reported by the writer, once and not for each request.
  const members = error.retryable ? {} : { id: logged(error, request, log) };
  return new Problem("store-unavailable", "The store cannot write at the moment; try again later", {
    retryAfter: STORE_RETRY_SECONDS,
    members,
  });
}

function logged(error: unknown, request: string, log: LogFailure): string {
  const id = randomUUID().slice(0, 8);
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  const cause = error instanceof Error && error.cause !== undefined
    ? `; cause: ${error.cause}`
    : "";
  log(`HTTP request ${id} (${request}) failed: ${text}${cause}`);
  return id;
}

/** A problem as `application/problem+json` (RFC 9457). `instance`: the path that was asked for. */
export function problemResponse(problem: Problem, instance: string): Response {
  const { status } = PROBLEMS[problem.type];
  const { retryAfter, headers } = problem.extras;
  return jsonResponse(status, problemBody(problem, instance), {
    ...(retryAfter === undefined ? {} : { "retry-after": String(Math.ceil(retryAfter)) }),
    ...headers,
  }, PROBLEM_MEDIA_TYPE);
}

/** The members of a problem, also for the items of a bulk answer. */
export function problemBody(problem: Problem, instance?: string): Record<string, unknown> {
  const { handle, function: functionName, errors, retryAfter, members } = problem.extras;
  const { status, title } = PROBLEMS[problem.type];
  return {
    type: problemAddress(problem.type),
    title,
    status,
    detail: problem.message,
    ...(instance === undefined ? {} : { instance }),
    ...(handle === undefined ? {} : { handle: textForJson(handle) }),
    ...(functionName === undefined ? {} : { function: textForJson(functionName) }),
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfter === undefined ? {} : { retry_after: Math.ceil(retryAfter) }),
    ...members,
  };
}
