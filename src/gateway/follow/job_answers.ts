/** What answers about a job have in common. */

import { Buffer } from "node:buffer";
import type { JobEnd } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { pathSegment, textForHeader } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { Problem, type ProblemType } from "../problem.ts";

/** W3C trace context; anything like it. */
const TRACEPARENT = /^[\x21-\x7e]{1,256}$/;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Headers on every answer about a job (http-api 3.2). */
export function jobHeaders(
  call: Pick<Call, "gateway" | "request">,
  handle: ByteString,
  functionName: ByteString,
  attempts: number,
): Record<string, string> {
  const workers = call.gateway.server.jobServer.table.findFunction(functionName)?.workers ?? 0;
  const traceparent = call.request.headers.get("traceparent");
  return {
    "gearman-job-handle": textForHeader(handle),
    "x-gearman-job-handle": textForHeader(handle),
    "gearman-function": textForHeader(functionName),
    "gearman-workers": String(workers),
    "gearman-attempts": String(attempts),
    ...(traceparent !== null && TRACEPARENT.test(traceparent) ? { traceparent } : {}),
  };
}

/** `Server-Timing`: milliseconds in the queue and with the worker, as browsers show them. */
export function timing(
  acceptedAt: number,
  assignedAt: number | null,
  finishedAt: number,
): string {
  const assigned = assignedAt ?? finishedAt;
  const queued = `queue;dur=${Math.max(0, assigned - acceptedAt)}`;
  return assignedAt === null ? queued : `${queued}, run;dur=${Math.max(0, finishedAt - assigned)}`;
}

export function locationOf(handle: ByteString): string {
  return `/jobs/${pathSegment(handle)}`;
}

/** A member with the bytes: `name` as text where they are UTF-8, else `name_base64`. */
export function textOrBase64(name: string, bytes: Uint8Array): Record<string, string> {
  try {
    return { [name]: strict.decode(bytes) };
  } catch {
    const { buffer, byteOffset, length } = bytes;
    return { [`${name}_base64`]: Buffer.from(buffer, byteOffset, length).toString("base64") };
  }
}

/** How a job ended that did not succeed. */
export interface FailedJob {
  readonly handle: ByteString;
  readonly functionName: ByteString;
  readonly end: Exclude<JobEnd, "complete">;
  /** Of an exception. */
  readonly bytes: Uint8Array;
  readonly attempts: number;
  readonly headers: Readonly<Record<string, string>>;
}

const FAILURES: Readonly<
  Record<Exclude<JobEnd, "complete">, readonly [type: ProblemType, detail: string]>
> = {
  "fail": ["job-failed", "The worker reported that the job failed (WORK_FAIL)"],
  "exception": ["job-exception", "The worker reported an exception (WORK_EXCEPTION)"],
  "worker lost": [
    "worker-lost",
    "Its workers were lost or too slow as often as --job-retries allows",
  ],
  "cancelled": ["job-cancelled", "The job was cancelled before it was done"],
  "abandoned": ["job-cancelled", "The job was given up because nobody waited for it"],
  "refused": ["store-unavailable", "The store did not take the job"],
};

/** What is answered in place of the result of a job that did not succeed. */
export function failure(
  { end, handle, functionName, attempts, headers, bytes }: FailedJob,
): Problem {
  const [type, detail] = FAILURES[end];
  return new Problem(type, detail, {
    handle,
    function: functionName,
    headers,
    members: { attempts, ...(end === "exception" ? textOrBase64("exception", bytes) : {}) },
  });
}
