import type { Job } from "../../core/mod.ts";
import type { Call } from "../call.ts";
import { attemptsOf, explain, type Explanation, jobHeaders } from "../follow/mod.ts";
import { Problem } from "../problem.ts";
import { tokenWithdrawn, trustedSignal } from "../trust/mod.ts";
import { JobWait, type WaitOutcome, type WaitPlan } from "./job_wait.ts";
import { type Order, place, type Placement, storeUnavailable } from "./placement.ts";
import { secondsText } from "../times.ts";

/** What of a call waiting needs. */
export type WaitingCall = Pick<Call, "gateway" | "request" | "identity" | "signal">;

export interface WaitOptions {
  readonly kind: "sync" | "stream";
  /** Milliseconds; Infinity = until the job's end. */
  readonly ms: number;
  readonly onPiece?: (piece: Uint8Array) => void;
}

/** A job, and the call that waits for it. */
export interface WaitingPlacement {
  readonly placement: Placement;
  readonly wait: JobWait;
  /** Why the job was not done when the time was over. */
  explanation(): Explanation | undefined;
  /** Whether the store has taken what it is to take of the job and its key, as far as is known. */
  isAccepted(): boolean;
}

/**
 * Submits a job with a call that waits for it. When its key has made a job before, nothing waits.
 * Throws as `place`, and `too-many-requests`.
 */
export function placeWithWait(
  call: WaitingCall,
  order: Order,
  { kind, ms, onPiece }: WaitOptions,
): WaitingPlacement {
  const { gateway, identity } = call;
  const { server } = gateway;
  let explanation: Explanation | undefined;
  const wait: JobWait = trustedWait(call, {
    kind,
    caller: identity.caller,
    ms,
    onElapsed: () => {
      const shows = (name: string) => identity.allows("inspect", name);
      for (const job of wait.client.waitingFor) explanation = explain(job, server, shows);
    },
    ...(onPiece === undefined ? {} : { onPiece }),
  });
  try {
    const placement = server.act((jobServer, now) =>
      place(gateway, order, wait.client, jobServer, now)
    );
    let accepted = false;
    if (placement.kind === "repeated") wait.leave();
    else {
      void placement.stored.then((stored) => {
        accepted = stored;
        if (!stored) wait.refuse();
      });
    }
    return { placement, wait, explanation: () => explanation, isAccepted: () => accepted };
  } catch (error) {
    wait.leave();
    throw error;
  }
}

/** A wait that the end of the caller's token ends, too. Throws `too-many-requests`. */
function trustedWait(call: WaitingCall, plan: Omit<WaitPlan, "signal">): JobWait {
  const { signal, release } = trustedSignal(call);
  try {
    const wait = new JobWait(call.gateway, { ...plan, signal });
    void wait.outcome.then(release);
    return wait;
  } catch (error) {
    release();
    throw error;
  }
}

/** What is thrown for a wait that brought neither a result nor reached its time. */
export function waitProblem(
  call: WaitingCall,
  job: Job,
  outcome: Exclude<WaitOutcome, { kind: "ended" | "elapsed" }>,
): unknown {
  const { server } = call.gateway;
  if (outcome.kind === "gone") return call.signal.reason ?? tokenWithdrawn();
  if (outcome.kind === "refused") return storeUnavailable(server);
  const most = server.limits.maxSendBytes;
  return new Problem(
    "result-too-large",
    `The result has more than ${most} bytes; stream=true passes it on piece by piece`,
    { handle: job.handle, function: job.queue.name, members: { limit: most } },
  );
}

/** 504, with what held the job up. */
export function timedOut(
  call: WaitingCall,
  order: Order,
  job: Job,
  { explanation: explain, isAccepted }: Pick<WaitingPlacement, "explanation" | "isAccepted">,
): Problem {
  const { handle, queue } = job;
  const explanation = explain();
  const time = secondsText(order.options.timeoutMs);
  return new Problem(
    "job-timeout",
    `The job was not done within ${time}; ${whatBecomesOf(job, order, isAccepted())}`,
    {
      handle,
      function: queue.name,
      headers: jobHeaders(call, handle, queue.name, attemptsOf(job)),
      members: {
        workers: explanation?.workers ?? queue.workers,
        position: explanation?.position ?? null,
        reason: explanation?.reasons[0]?.text ?? "",
        reasons: explanation?.reasons ?? [],
      },
    },
  );
}

function whatBecomesOf(job: Job, order: Order, isAccepted: boolean): string {
  if (order.background && !isAccepted) {
    return "the store has not taken it yet: send the same request with its Idempotency-Key again";
  }
  if (order.background) {
    return "it goes on, and the same request with its Idempotency-Key gets the result later";
  }
  return job.worker === null
    ? "it was withdrawn, unless others wait for it"
    : "it runs on, but its result is dropped, unless others wait for it";
}
