import type { Job, JobEnd } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import type { KeptOutcome } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Call } from "../call.ts";
import {
  attemptsOf,
  EVENT_STREAM,
  failure,
  jobHeaders,
  type JobJson,
  jobJson,
  type JobStateName,
  locationOf,
  outcomeJson,
  stateOf,
  stateOfEnd,
  textOrBase64,
  timeText,
  timing,
} from "../follow/mod.ts";
import type { JobOptions } from "./job_options.ts";
import { bytesResponse, jsonResponse } from "../responses.ts";

export const ENVELOPE = "application/vnd.gearman.job+json";
export const OCTETS = "application/octet-stream";

type Headers = Record<string, string>;

/** How a job ended, with what its answer tells. */
export interface EndedJob {
  readonly handle: ByteString;
  readonly functionName: ByteString;
  readonly end: JobEnd;
  /** The result or the exception. */
  readonly bytes: Uint8Array;
  readonly attempts: number;
  readonly headers: Headers;
  readonly json: () => JobJson;
}

/** A job whose end was waited for. */
export function endedJob(
  call: Call,
  job: Job,
  end: JobEnd,
  bytes: Uint8Array,
  more: Headers,
): EndedJob {
  const { gateway } = call;
  const now = gateway.now();
  // The core counts attempts that came back; the last one may not have.
  const byWorker = end === "complete" || end === "fail" || end === "exception";
  const attempts = job.attempts + (byWorker || job.worker !== null ? 1 : 0);
  return {
    handle: job.handle,
    functionName: job.queue.name,
    end,
    bytes,
    attempts,
    headers: {
      ...jobHeaders(call, job.handle, job.queue.name, attempts),
      "server-timing": timing(job.acceptedAt, job.assignedAt, now),
      ...more,
    },
    json: () => ({
      ...jobJson(job, gateway.server),
      state: stateOfEnd(end),
      attempts,
      finished_at: timeText(now),
      result_bytes: bytes.length,
    }),
  };
}

/** A job whose outcome was kept. */
export function keptJob(call: Call, outcome: KeptOutcome, more: Headers): EndedJob {
  const { handle, functionName, attempts, acceptedAt, assignedAt, finishedAt } = outcome;
  return {
    handle,
    functionName,
    end: outcome.end,
    bytes: outcome.result,
    attempts,
    headers: {
      ...jobHeaders(call, handle, functionName, attempts),
      "server-timing": timing(acceptedAt, assignedAt, finishedAt),
      ...more,
    },
    json: () => outcomeJson(outcome, call.gateway.server),
  };
}

/** 200 with the result, raw or as an envelope. Throws the problem of a job that did not succeed. */
export function resultAnswer(call: Call, job: EndedJob): Response {
  const { end } = job;
  if (end !== "complete") throw failure({ ...job, end });
  if (call.accepts([OCTETS, ENVELOPE, EVENT_STREAM]) !== ENVELOPE) {
    return bytesResponse(200, job.bytes, OCTETS, job.headers);
  }
  const envelope = { ...job.json(), ...textOrBase64("result", job.bytes) };
  return jsonResponse(200, envelope, job.headers, ENVELOPE);
}

/** A job that was accepted, as its 202 tells. */
export interface AcceptedJob {
  readonly handle: ByteString;
  readonly functionName: ByteString;
  readonly unique: ByteString;
  /** Null when the job is over and not known any more. */
  readonly state: JobStateName | null;
  readonly attempts: number;
  /** Epoch seconds; 0 = at once. */
  readonly notBefore: number;
}

export function acceptedJob(job: Job): AcceptedJob {
  return {
    handle: job.handle,
    functionName: job.queue.name,
    unique: job.unique,
    state: stateOf(job),
    attempts: attemptsOf(job),
    notBefore: job.notBefore,
  };
}

/** 202: the job is kept and goes on. */
export function acceptedAnswer(call: Call, job: AcceptedJob, more: Headers): Response {
  const { gateway } = call;
  const seconds = job.notBefore - Math.floor(gateway.now() / 1000);
  return jsonResponse(202, {
    handle: textForJson(job.handle),
    function: textForJson(job.functionName),
    unique: textForJson(job.unique),
    state: job.state,
    durability: gateway.server.storeCondition().durability,
  }, {
    ...jobHeaders(call, job.handle, job.functionName, job.attempts),
    location: locationOf(job.handle),
    "retry-after": String(Math.max(1, seconds)),
    ...more,
  });
}

/** What a submission's answer tells of the submission itself. */
export function placementHeaders(
  { preferenceApplied }: JobOptions,
  coalesced: boolean,
): Record<string, string> {
  return {
    ...(coalesced ? { "gearman-coalesced": "true" } : {}),
    ...(preferenceApplied === "" ? {} : { "preference-applied": preferenceApplied }),
  };
}
