/** How schedules are kept: what they are and how far they have come, so that a run writes little. */

import { PRIORITIES } from "../../core/mod.ts";
import { type JsonSchema, schemaErrors } from "../json_schema.ts";
import {
  MISSED_RULES,
  OVERLAPS,
  type ScheduleDefinition,
  type ScheduleProgress,
} from "./schedule.ts";

/** Records of what schedules are, and of their progress: the rest of the name is the id. */
export const DEFINITION_PREFIX = "schedule/";
export const PROGRESS_PREFIX = "schedule-progress/";

/** Largest payload, bytes: a record's 1 MiB less room for the rest. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024 - 16 * 1024;

const LINE_FEED = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

type Head = Omit<ScheduleDefinition, "id" | "payload">;

const BYTES: JsonSchema = { type: "string", pattern: "^[\\u0000-\\u00ff]*$" };
const MOMENT: JsonSchema = { type: "number" };

const HEAD_SCHEMA: JsonSchema = objectOf(
  {
    functionName: BYTES,
    unique: BYTES,
    priority: { enum: PRIORITIES },
    reducer: BYTES,
    cron: { type: "string" },
    timeZone: { type: "string" },
    overlap: { enum: OVERLAPS },
    missed: { enum: MISSED_RULES },
    paused: { type: "boolean" },
    createdAt: MOMENT,
    changedAt: MOMENT,
    countsFrom: MOMENT,
  } satisfies Record<keyof Head, JsonSchema>,
);

const PROGRESS_SCHEMA: JsonSchema = objectOf(
  {
    doneUntil: MOMENT,
    lastRun: {
      anyOf: [
        { type: "null" },
        objectOf({ dueAt: { type: ["number", "null"] }, at: MOMENT, handle: BYTES }),
      ],
    },
  } satisfies Record<keyof ScheduleProgress, JsonSchema>,
);

function objectOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", properties, required: Object.keys(properties) };
}

/** One line of JSON, then the payload as it is. */
export function encodeDefinition({ id: _, payload, ...head }: ScheduleDefinition): Uint8Array {
  const line = encoder.encode(`${JSON.stringify(head satisfies Head)}\n`);
  const value = new Uint8Array(line.length + payload.length);
  value.set(line);
  value.set(payload, line.length);
  return value;
}

/** Undefined when this is no schedule. The payload shares the value's memory. */
export function decodeDefinition(id: string, value: Uint8Array): ScheduleDefinition | undefined {
  const end = value.indexOf(LINE_FEED);
  const head = end < 0 ? undefined : parsed<Head>(value.subarray(0, end), HEAD_SCHEMA);
  return head === undefined ? undefined : { ...head, id, payload: value.subarray(end + 1) };
}

export function encodeProgress(progress: ScheduleProgress): Uint8Array {
  return encoder.encode(JSON.stringify(progress));
}

export function decodeProgress(value: Uint8Array): ScheduleProgress | undefined {
  return parsed<ScheduleProgress>(value, PROGRESS_SCHEMA);
}

function parsed<Content>(bytes: Uint8Array, schema: JsonSchema): Content | undefined {
  try {
    const content: unknown = JSON.parse(decoder.decode(bytes));
    return schemaErrors(schema, content).length === 0 ? content as Content : undefined;
  } catch {
    return undefined;
  }
}
