import type { Job } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import type { Call } from "../call.ts";
import { attemptsOf, locationOf, stateOf, stateOfEnd } from "../follow/mod.ts";
import { Problem } from "../problem.ts";
import { trustedSignal } from "../trust/mod.ts";
import { acceptedAnswer, keptJob, placementHeaders, resultAnswer } from "./answers.ts";
import { type Order, type Placement, storeUnavailable } from "./placement.ts";

type Repeated = Placement & { readonly kind: "repeated" };

const REPLAYED = { "idempotent-replayed": "true" };

/**
 * What a request gets that was made before with its key: a background job its 202 again, a
 * synchronous one the kept result, or 409 while there is none.
 */
export async function answerRepeated(
  call: Call,
  order: Order,
  repeated: Repeated,
): Promise<Response> {
  const { background, waitMs } = order.options;
  if (!background && repeated.job !== undefined) throw inProgress(repeated.handle);
  if (!await repeated.stored) throw storeUnavailable(call.gateway.server);
  if (!background || (waitMs > 0 && await isOver(call, order, repeated.job))) {
    return keptResult(call, repeated);
  }
  return acceptedAgain(call, order, repeated);
}

/** Waits for a job that another request is waiting for, or was. */
async function isOver(call: Call, order: Order, job: Job | undefined): Promise<boolean> {
  if (job === undefined) return true;
  const { waits, events } = call.gateway;
  const endCount = waits.begin("sync", call.identity.caller);
  const { signal, release } = trustedSignal(call);
  try {
    const over = await events.untilEnded(job, order.options.waitMs, signal);
    signal.throwIfAborted();
    return over;
  } finally {
    release();
    endCount();
  }
}

function keptResult(call: Call, { handle }: Repeated): Response {
  const outcome = call.gateway.server.outcomes.find(handle);
  if (outcome !== undefined && !outcome.resultDropped) {
    return resultAnswer(call, keptJob(call, outcome, REPLAYED));
  }
  const why = outcome === undefined
    ? "its outcome is no longer kept"
    : "its result was too large to keep";
  throw new Problem("job-expired", `The job that this Idempotency-Key made is over, and ${why}`, {
    handle,
    headers: REPLAYED,
  });
}

function acceptedAgain(call: Call, order: Order, { handle, job, outcome }: Repeated): Response {
  const { functionName, unique } = order.options;
  return acceptedAnswer(call, {
    handle,
    functionName,
    unique,
    state: job !== undefined
      ? stateOf(job)
      : outcome !== undefined
      ? stateOfEnd(outcome.end)
      : null,
    attempts: job !== undefined ? attemptsOf(job) : outcome?.attempts ?? 0,
    notBefore: job?.notBefore ?? 0,
  }, { ...placementHeaders(order.options, false), ...REPLAYED });
}

function inProgress(handle: ByteString): Problem {
  return new Problem(
    "idempotency-in-progress",
    "The job that this Idempotency-Key made is not done; ask for its result at Location",
    { handle, retryAfter: 1, headers: { ...REPLAYED, location: locationOf(handle) } },
  );
}
