import type { Call } from "../call.ts";
import { attemptsOf, eventStream, jobHeaders } from "../follow/mod.ts";
import { placementHeaders } from "./answers.ts";
import { invalidRequest } from "./option_reader.ts";
import { type Order, place, storeUnavailable } from "./placement.ts";
import { answerRepeated } from "./repeated_answer.ts";
import { placeWithWait } from "./waiting_placement.ts";

/**
 * `Accept: text/event-stream`: submits a job and answers with its events. A foreground job has the
 * caller as its client: it is withdrawn when the caller leaves before it has begun.
 */
export async function eventsAnswer(call: Call, order: Order): Promise<Response> {
  const { server } = call.gateway;
  const { options } = order;
  for (const name of ["timeout", "stream", "wait"]) {
    if (!options.isGiven(name)) continue;
    const detail = `${name} is not for ${call.request.headers.get("accept")}: a stream of events ` +
      "goes on until the job ends or the caller leaves";
    throw invalidRequest(detail, [{ pointer: name, detail }]);
  }
  const waiting = order.background
    ? null
    : placeWithWait(call, order, { kind: "stream", ms: Infinity, onPiece: () => {} });
  const placement = waiting?.placement ??
    server.act((jobServer, now) => place(call.gateway, order, null, jobServer, now));
  if (placement.kind === "repeated" && placement.job === undefined) {
    return await answerRepeated(call, order, placement);
  }
  const job = placement.job!;
  if (!await placement.stored) throw storeUnavailable(server);
  const headers = {
    ...jobHeaders(call, job.handle, job.queue.name, attemptsOf(job)),
    ...(placement.kind === "placed"
      ? placementHeaders(options, placement.coalesced)
      : { "idempotent-replayed": "true" }),
  };
  try {
    return eventStream(call, job, { afterId: 0, headers });
  } catch (error) {
    waiting?.wait.leave();
    throw error;
  }
}
