import { joinBytes } from "../../protocol/mod.ts";
import type { Call } from "../call.ts";
import { bytesResponse, emptyResponse } from "../responses.ts";
import type { Parameter, Route } from "../route.ts";
import { eventStream, STREAM_HEADERS } from "./event_stream.ts";
import { findJob, type FoundJob, HANDLE, headersOf, READERS } from "./find_job.ts";
import { finalName, idOfAge, type JobEvent, unseenEnd } from "../events/mod.ts";
import { EVENT_DESCRIPTION, EVENT_STREAM, eventFrame, EVENTS_EXAMPLE } from "./sse.ts";

const LAST_EVENT_ID: Parameter = {
  name: "Last-Event-ID",
  in: "header",
  description: "Goes on behind this event; browsers send it when they connect again.",
  schema: { type: "integer", minimum: 0 },
  example: 3,
};

const AFTER: Parameter = {
  name: "after",
  in: "query",
  description: "The same for a first connection; the header counts where both are given.",
  schema: { type: "integer", minimum: 0, default: 0 },
  example: 3,
};

export const EVENTS_ROUTE: Route = {
  method: "GET",
  path: "/jobs/{name}/events",
  operation: "followJob",
  tag: "Jobs",
  summary: "What happens to a job, as it happens",
  description: `${EVENT_DESCRIPTION} A stream that broke off goes on where it was with ` +
    "`Last-Event-ID`, in bounds: the last 64 events and 64 KiB of a job are kept, as long as its " +
    "outcome. Where events are missing a comment says so; after a restart only the last one is known, " +
    "and holds the whole result. After the end the answer is 204, so that " +
    "browsers do not connect again.",
  role: "submit",
  orRole: "inspect",
  parameters: [HANDLE, LAST_EVENT_ID, AFTER],
  answers: [{
    status: 200,
    description: "The events from here on.",
    content: { [EVENT_STREAM]: { schema: null, example: EVENTS_EXAMPLE } },
  }, { status: 204, description: "The job is over and the reader knows its last event." }],
  problems: ["job-unknown", "job-expired", "too-many-requests", "starting"],
  handle(call) {
    const found = findJob(call, READERS);
    const afterId = call.number("Last-Event-ID") ?? call.number("after") ?? 0;
    const headers = headersOf(call, found);
    if (found.kind === "listed" && found.job.end === null) {
      // Nobody would read the body that a HEAD has not.
      if (call.request.method === "HEAD") {
        return emptyResponse(200, { ...STREAM_HEADERS, ...headers });
      }
      return eventStream(call, found.job, { afterId, headers });
    }
    return pastEvents(call, found, afterId, headers);
  },
};

/** A job that is over: what is known of its events, as a whole. */
function pastEvents(
  call: Call,
  found: FoundJob,
  afterId: number,
  headers: Record<string, string>,
): Response {
  const { events } = call.gateway;
  const handle = found.kind === "kept" ? found.outcome.handle : found.job.handle;
  const last = events.past(handle, 0).at(-1) ?? finalEvent(call, found);
  if (afterId >= last.id) return emptyResponse(204, headers);
  const known = events.past(handle, afterId);
  const frames = (known.length === 0 ? [last] : known).map(eventFrame);
  return bytesResponse(200, joinBytes(frames), EVENT_STREAM, { ...STREAM_HEADERS, ...headers });
}

/** The last event of a job of which only the outcome is known, or that was cancelled unseen. */
function finalEvent(call: Call, found: FoundJob): JobEvent {
  if (found.kind === "listed") return unseenEnd(found.job.end!, call.gateway.now());
  const { outcome } = found;
  const { end, finishedAt, result, resultDropped } = outcome;
  const event = { id: idOfAge(outcome, finishedAt) + 1, name: finalName(end), at: finishedAt };
  if (end !== "complete" && end !== "exception") return { ...event, cause: end };
  return resultDropped ? event : { ...event, bytes: result };
}
