import type { ByteString } from "../protocol/mod.ts";

/** Every kind of problem the gateway answers with: its status and title (RFC 9457). Stable names. */
export const PROBLEMS = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "unauthorized": { status: 401, title: "Credentials are missing or not known" },
  "forbidden": { status: 403, title: "The credentials do not allow this" },
  "host-not-allowed": { status: 403, title: "The server does not answer under this name" },
  "origin-not-allowed": { status: 403, title: "Other web sites may change nothing here" },
  "not-found": { status: 404, title: "There is nothing at this address" },
  "job-unknown": { status: 404, title: "The server never gave out this handle" },
  "queue-unknown": { status: 404, title: "No such function" },
  "worker-unknown": { status: 404, title: "No such connection" },
  "schedule-unknown": { status: 404, title: "No such schedule" },
  "method-not-allowed": { status: 405, title: "The address does not take this method" },
  "not-acceptable": { status: 406, title: "None of the accepted media types can be made" },
  "request-timeout": { status: 408, title: "The request came too slowly" },
  "job-running": { status: 409, title: "The job is running" },
  "job-over": { status: 409, title: "The job is over" },
  "queue-not-empty": { status: 409, title: "The function has jobs or workers" },
  "idempotency-in-progress": { status: 409, title: "The first request with this key is not done" },
  "job-expired": { status: 410, title: "The job is over and its outcome is no longer kept" },
  "precondition-failed": { status: 412, title: "It changed meanwhile" },
  "payload-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body's media type is not taken here" },
  "idempotency-mismatch": { status: 422, title: "The key was used with another request" },
  "too-many-requests": { status: 429, title: "Too many requests or waits at once" },
  "internal-error": { status: 500, title: "The server failed" },
  "job-failed": { status: 502, title: "The worker reported a failure" },
  "job-exception": { status: 502, title: "The worker threw an exception" },
  "worker-lost": { status: 502, title: "The workers were lost too often" },
  "result-too-large": { status: 502, title: "The result is too large to be answered in one piece" },
  "job-cancelled": { status: 502, title: "The job was cancelled" },
  "queue-full": { status: 503, title: "The function's queue is full" },
  "too-many-functions": { status: 503, title: "No more functions are added" },
  "no-worker": { status: 503, title: "No connected worker can do this function" },
  "store-unavailable": { status: 503, title: "The store takes no jobs at the moment" },
  "draining": { status: 503, title: "The server takes no more jobs: it is being drained" },
  "starting": { status: 503, title: "The server is still taking up its jobs" },
  "job-timeout": { status: 504, title: "The job was not done in time" },
} as const;

export type ProblemType = keyof typeof PROBLEMS;

/** One wrong field. */
export interface FieldError {
  /** JSON pointer into the body, or the name of a parameter or header. */
  readonly pointer: string;
  readonly detail: string;
}

/** Further members of a problem body. */
export interface ProblemExtras {
  readonly handle?: ByteString;
  readonly function?: ByteString;
  readonly errors?: readonly FieldError[];
  /** Seconds: becomes `retry_after` and the header `Retry-After`. */
  readonly retryAfter?: number;
  /** Further members, in snake case. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by handlers, answered as `application/problem+json` in one place. */
export class Problem extends Error {
  readonly type: ProblemType;
  readonly extras: ProblemExtras;
  /** `detail`: what happened to this request and what to do, one sentence. */
  constructor(
    type: ProblemType,
    detail: string,
    extras: ProblemExtras = {},
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = "Problem";
    this.type = type;
    this.extras = extras;
  }
}
