import type { Call } from "../call.ts";
import { EVENT_STREAM } from "../follow/mod.ts";
import {
  acceptedAnswer,
  acceptedJob,
  endedJob,
  ENVELOPE,
  OCTETS,
  placementHeaders,
  resultAnswer,
} from "./answers.ts";
import { eventsAnswer } from "./events_answer.ts";
import {
  type Order,
  place,
  requireServing,
  requireStorable,
  storeUnavailable,
} from "./placement.ts";
import { answerRepeated } from "./repeated_answer.ts";
import { answerWithSchedule } from "./schedule_answer.ts";
import { streamedAnswer } from "./streamed_answer.ts";
import { placeWithWait, timedOut, waitProblem } from "./waiting_placement.ts";

/** Submits a job and answers as its options ask. */
export async function submitJob(call: Call, order: Order): Promise<Response> {
  const { server } = call.gateway;
  const { options } = order;
  requireServing(server);
  requireStorable(server, order);
  if (options.schedule !== null) return await answerWithSchedule(call, order);
  if (call.accepts([OCTETS, ENVELOPE, EVENT_STREAM]) === EVENT_STREAM) {
    return await eventsAnswer(call, order);
  }
  if (options.background && options.waitMs === 0) return await backgroundAnswer(call, order);
  return options.stream ? await streamedAnswer(call, order) : await waitingAnswer(call, order);
}

/** 202 as soon as the store's promise is met. */
async function backgroundAnswer(call: Call, order: Order): Promise<Response> {
  const { server } = call.gateway;
  const placement = server.act((jobServer, now) =>
    place(call.gateway, order, null, jobServer, now)
  );
  if (placement.kind === "repeated") return await answerRepeated(call, order, placement);
  if (!await placement.stored) throw storeUnavailable(server);
  const { job, coalesced } = placement;
  return acceptedAnswer(call, acceptedJob(job), placementHeaders(order.options, coalesced));
}

/** Waits for the result: a synchronous call, or a background job with a waiter. */
async function waitingAnswer(call: Call, order: Order): Promise<Response> {
  const { background, waitMs, timeoutMs } = order.options;
  const ms = background ? waitMs : timeoutMs;
  const waiting = placeWithWait(call, order, { kind: "sync", ms });
  const { placement, wait } = waiting;
  if (placement.kind === "repeated") return await answerRepeated(call, order, placement);
  const { job, coalesced } = placement;
  const outcome = await wait.outcome;
  const headers = {
    ...placementHeaders(order.options, coalesced),
    "gearman-warnings": String(wait.warnings),
  };
  if (outcome.kind === "ended") {
    // A key counts from this answer on.
    if (order.idempotency !== null) await placement.stored;
    return resultAnswer(call, endedJob(call, job, outcome.end, outcome.bytes, headers));
  }
  if (outcome.kind !== "elapsed") throw waitProblem(call, job, outcome);
  if (!background) throw timedOut(call, order, job, waiting);
  if (!await placement.stored) throw storeUnavailable(call.gateway.server);
  return acceptedAnswer(call, acceptedJob(job), headers);
}
