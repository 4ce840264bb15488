import type { Job } from "../../core/mod.ts";
import { StreamBroken } from "../../http/mod.ts";
import { attemptsOf, jobHeaders } from "../follow/mod.ts";
import type { Call } from "../call.ts";
import { endedJob, OCTETS, placementHeaders, resultAnswer } from "./answers.ts";
import type { WaitOutcome } from "./job_wait.ts";
import { PieceStream } from "./piece_stream.ts";
import type { Order } from "./placement.ts";
import { answerRepeated } from "./repeated_answer.ts";
import { placeWithWait, timedOut, waitProblem } from "./waiting_placement.ts";

/**
 * `stream=true`: the answer begins with the first WORK_DATA, so that what fails before has its own
 * status. What fails later breaks the connection off, because the status has been sent.
 */
export async function streamedAnswer(call: Call, order: Order): Promise<Response> {
  const { server } = call.gateway;
  const stream = new PieceStream(server.limits.maxSendBytes, () => wait.leave());
  let begin = (): void => {};
  const begun = new Promise<undefined>((resolve) => begin = () => resolve(undefined));
  const waiting = placeWithWait(call, order, {
    kind: "stream",
    ms: order.options.timeoutMs,
    onPiece(piece) {
      begin();
      if (stream.push(piece)) return;
      stream.fail(new StreamBroken("The reader is too slow for the result"));
      wait.leave();
    },
  });
  const { placement, wait } = waiting;
  if (placement.kind === "repeated") return await answerRepeated(call, order, placement);
  const { job, coalesced } = placement;
  const outcome = await Promise.race([begun, wait.outcome]);
  // A key counts from this answer on.
  const begins = outcome === undefined || outcome.kind === "ended";
  if (order.idempotency !== null && begins) await placement.stored;
  const headers = placementHeaders(order.options, coalesced);
  if (outcome === undefined) {
    void wait.outcome.then((last) => finish(stream, last));
    return new Response(stream.body, { status: 200, headers: streamHeaders(call, job, headers) });
  }
  if (outcome.kind === "ended") {
    const warnings = { "gearman-warnings": String(wait.warnings) };
    const ended = endedJob(call, job, outcome.end, outcome.bytes, { ...headers, ...warnings });
    return resultAnswer(call, ended);
  }
  throw outcome.kind === "elapsed"
    ? timedOut(call, order, job, waiting)
    : waitProblem(call, job, outcome);
}

function streamHeaders(call: Call, job: Job, more: Record<string, string>): Record<string, string> {
  return {
    "content-type": OCTETS,
    ...jobHeaders(call, job.handle, job.queue.name, attemptsOf(job)),
    ...more,
  };
}

function finish(stream: PieceStream, outcome: WaitOutcome): void {
  if (outcome.kind !== "ended" || outcome.end !== "complete") {
    const why = outcome.kind === "ended" ? outcome.end : outcome.kind;
    return stream.fail(new StreamBroken(`The job did not come to its end: ${why}`));
  }
  if (stream.push(outcome.bytes)) stream.end();
  else stream.fail(new StreamBroken("The reader is too slow for the result"));
}
