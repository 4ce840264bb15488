import { bytesResponse } from "./direct_bodies.ts";
import { HttpError, type HttpErrorCode } from "./http_error.ts";
import {
  HTTP_PROBLEMS,
  type HttpProblemType,
  PROBLEM_HEADERS,
  problemText,
} from "./http_problems.ts";
import type { HttpLogLevel } from "./http_server.ts";
import type { RequestHead } from "./request_head.ts";

const PROBLEM_OF: Readonly<Record<HttpErrorCode, HttpProblemType>> = {
  BODY_TOO_LARGE: "payload-too-large",
  BODY_TOO_SLOW: "request-timeout",
  PEER_GONE: "invalid-request",
  BAD_REQUEST: "invalid-request",
};

const encoder = new TextEncoder();

/** What a peer gets when the handler threw. A failure that is not the peer's is logged. */
export function answerToFailure(
  cause: unknown,
  { method, url }: RequestHead,
  host: { readonly problemBase: string; log(level: HttpLogLevel, text: string): void },
): Response {
  if (cause instanceof HttpError) {
    return problem(host.problemBase, PROBLEM_OF[cause.code], cause.message);
  }
  // Without the query, which may hold what is not for logs.
  host.log("ERROR", `Cannot answer ${method} ${new URL(url).pathname}: ${withCauses(cause)}`);
  if (cause instanceof Error && cause.stack !== undefined) host.log("DEBUG", cause.stack);
  return problem(
    host.problemBase,
    "internal-error",
    "The request could not be answered; see the log",
  );
}

function problem(base: string, type: HttpProblemType, detail: string): Response {
  return bytesResponse(encoder.encode(problemText(base, type, detail)), {
    status: HTTP_PROBLEMS[type].status,
    headers: PROBLEM_HEADERS,
  });
}

/** An error and what led to it, as one line. */
export function withCauses(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at !== undefined && texts.length < 5;) {
    texts.push(String(at));
    at = at instanceof Error ? at.cause : undefined;
  }
  return texts.join("; because of ");
}
