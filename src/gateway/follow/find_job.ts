import type { Job } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import type { KeptOutcome } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import type { Parameter, Role } from "../route.ts";
import { trustedSignal } from "../trust/mod.ts";
import { jobHeaders } from "./job_answers.ts";
import { attemptsOf } from "./job_json.ts";

/** A job by its handle: in the queue, or over with its outcome kept. */
export type FoundJob =
  | { readonly kind: "listed"; readonly job: Job }
  | { readonly kind: "kept"; readonly outcome: KeptOutcome };

/** Who may see how a job stands: those who may submit such jobs, and those who may look at all. */
export const READERS: readonly Role[] = ["submit", "inspect"];

export const HANDLE: Parameter = {
  name: "name",
  in: "path",
  description: "The job's handle, percent-encoded.",
  schema: { type: "string" },
  required: true,
  example: "H:host:42",
};

/**
 * The job that the path names, for callers with one of `roles` for its function; for others it does
 * not exist. Throws `job-unknown`, and `job-expired` for a job that was there once.
 */
export function findJob(call: Call, roles: readonly Role[]): FoundJob {
  const { server } = call.gateway;
  const handle = call.path("name");
  const outcome = server.outcomes.find(handle);
  const job = outcome === undefined ? server.jobServer.table.findJob(handle) : undefined;
  const functionName = outcome?.functionName ?? job?.queue.name;
  if (
    functionName !== undefined && !roles.some((role) => call.identity.allows(role, functionName))
  ) {
    throw jobUnknown(handle);
  }
  if (outcome !== undefined) return { kind: "kept", outcome };
  if (job !== undefined) return { kind: "listed", job };
  throw server.outcomes.wasMinted(handle) ? jobExpired(handle) : jobUnknown(handle);
}

/**
 * Waits up to `ms` for a job to end. Throws `too-many-requests`, `unauthorized` when the caller's token ends
 * meanwhile, and the reason why the caller left.
 */
export async function endedWithin(call: Call, found: FoundJob, ms: number): Promise<FoundJob> {
  if (ms <= 0 || found.kind === "kept" || found.job.end !== null) return found;
  const { job } = found;
  const { server, events, waits } = call.gateway;
  const endCount = waits.begin("poll", call.identity.caller);
  const { signal, release } = trustedSignal(call);
  try {
    await events.untilEnded(job, ms, signal);
    signal.throwIfAborted();
  } finally {
    release();
    endCount();
  }
  const outcome = server.outcomes.find(job.handle);
  return outcome === undefined ? found : { kind: "kept", outcome };
}

export function jobUnknown(handle: ByteString): Problem {
  return new Problem(
    "job-unknown",
    `There is no job "${textForJson(handle)}": the server never gave out this handle`,
    { handle },
  );
}

/** `why`: more than that nothing is kept of it. */
export function jobExpired(
  handle: ByteString,
  why =
    "nothing of it is kept any more (outcomes are, of jobs that came over HTTP, for --http-retain)",
): Problem {
  return new Problem("job-expired", `The job "${textForJson(handle)}" is over, and ${why}`, {
    handle,
  });
}

/** Headers on every answer about the job. */
export function headersOf(call: Call, found: FoundJob): Record<string, string> {
  if (found.kind === "listed") {
    const { job } = found;
    return jobHeaders(call, job.handle, job.queue.name, attemptsOf(job));
  }
  const { handle, functionName, attempts } = found.outcome;
  return jobHeaders(call, handle, functionName, attempts);
}
