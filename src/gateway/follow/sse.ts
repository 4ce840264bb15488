/** Events of a job as server-sent events (WHATWG HTML, section 9.2). */

import { textOrBase64 } from "./job_answers.ts";
import { JOB_EVENT_NAMES, type JobEvent } from "../events/mod.ts";
import { timeText } from "./job_json.ts";
import type { JsonSchema } from "../route.ts";

export const EVENT_STREAM = "text/event-stream";

const encoder = new TextEncoder();

/** A comment: keeps connections and proxies from closing a stream that is quiet. */
export const KEEP_ALIVE = encoder.encode(":\n\n");

/** Says that the reader asked for events that are not kept any more. */
export const GAP = encoder.encode(": events in between are no longer kept\n\n");

/** Many streams may follow one job: what was made for the first serves the others. */
const latest: { event: JobEvent | null; frame: Uint8Array } = { event: null, frame: KEEP_ALIVE };

/**
 * One event: its id and name, and one line of JSON as data, in which line breaks of the job's own data
 * are escaped. The bytes must not be changed.
 */
export function eventFrame(event: JobEvent): Uint8Array {
  if (latest.event === event) return latest.frame;
  const { id, name } = event;
  const text = `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(eventData(event))}\n\n`;
  latest.event = event;
  latest.frame = encoder.encode(text);
  return latest.frame;
}

/** What `data` holds. Bytes appear as `data` where they are UTF-8, else as `data_base64`. */
export function eventData(event: JobEvent): Readonly<Record<string, unknown>> {
  const { at, bytes, droppedBytes, numerator, denominator, cause } = event;
  return {
    at: timeText(at),
    ...(bytes === undefined ? {} : textOrBase64("data", bytes)),
    ...(droppedBytes === undefined ? {} : { dropped_bytes: droppedBytes }),
    ...(numerator === undefined ? {} : { numerator, denominator }),
    ...(cause === undefined ? {} : { cause }),
  };
}

export const EVENT_DESCRIPTION = "Server-sent events, each with an `id` that rises, a name " +
  `(${JOB_EVENT_NAMES.map((name) => `\`${name}\``).join(", ")}) and one line of JSON as data: ` +
  "`at` (when), `data` (what the worker sent, as text) or `data_base64` (where it is not UTF-8), " +
  "`dropped_bytes` (how many bytes there were, where they were too many to keep for a reader who " +
  "comes later), `numerator` and `denominator` of `status`, `cause` of `retry`, `failed` and " +
  "`cancelled`. The last of `complete`, `failed`, `exception` and `cancelled` ends the stream. " +
  "A comment comes every 15 s.";

/** Of the JSON in each event's `data`. */
export const EVENT_DATA_SCHEMA: JsonSchema = {
  title: "JobEventData",
  type: "object",
  additionalProperties: false,
  required: ["at"],
  properties: {
    at: { type: "string", format: "date-time" },
    data: { type: "string" },
    data_base64: { type: "string" },
    dropped_bytes: { type: "integer", minimum: 0 },
    numerator: { type: "integer", minimum: 0 },
    denominator: { type: "integer", minimum: 0 },
    cause: { type: "string" },
  },
};

export const EVENTS_EXAMPLE = `id: 1
event: queued
data: {"at":"2026-08-01T12:00:00.000Z"}

id: 2
event: assigned
data: {"at":"2026-08-01T12:00:00.250Z"}

id: 3
event: status
data: {"at":"2026-08-01T12:00:01.000Z","numerator":3,"denominator":10}

id: 4
event: complete
data: {"at":"2026-08-01T12:00:03.000Z","data":"olleh"}

`;
