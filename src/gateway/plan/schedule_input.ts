/** Bodies that make or change a schedule. */

import { MAX_UNIQUE_BYTES } from "../../core/mod.ts";
import { type ByteString, byteStringFromText } from "../../protocol/mod.ts";
import { bytesOfBase64 } from "../base64.ts";
import { isWholeText, NOT_WHOLE_TEXT } from "../byte_text.ts";
import { MAX_FUNCTION_BYTES } from "../function_name.ts";
import { PRIORITY_NAMES, priorityNamed } from "../priority_names.ts";
import { type FieldError, Problem } from "../problem.ts";
import type { JsonSchema } from "../route.ts";
import {
  MISSED_RULES,
  type MissedRule,
  type Overlap,
  OVERLAPS,
  SCHEDULE_DEFAULTS,
  type ScheduleDraft,
} from "../schedules/mod.ts";

/** Longest expression, characters: a list of every minute has 170. */
const MAX_CRON_LENGTH = 256;

/** A body that fits the schema. */
interface ScheduleBody {
  readonly function?: string;
  readonly cron?: string;
  readonly tz?: string | null;
  readonly unique?: string | null;
  readonly priority?: string | null;
  readonly reducer?: string | null;
  readonly overlap?: Overlap | null;
  readonly missed?: MissedRule | null;
  readonly paused?: boolean | null;
  readonly payload?: unknown;
  readonly payload_text?: string;
  readonly payload_base64?: string;
}

const PAYLOADS = ["payload", "payload_text", "payload_base64"] as const;

function orNull(words: readonly string[], description: string): JsonSchema {
  return { enum: [...words, null], description };
}

const PROPERTIES = {
  function: { type: "string", minLength: 1, maxLength: MAX_FUNCTION_BYTES },
  cron: {
    type: "string",
    maxLength: MAX_CRON_LENGTH,
    description: "Five fields: minute, hour, day of the month, month, weekday (0 or 7 = Sunday). " +
      "Names (`MON`, `JAN`), `L` and `#` are understood. As in every cron, a day comes when " +
      "either the day of the month or the weekday fits, if both are restricted.",
  },
  tz: {
    type: ["string", "null"],
    maxLength: 64,
    description: "Time zone of `cron`; UTC when it is left out. Where clocks are set forward, a " +
      "fixed time in the gap comes right after it; where they are set back, it comes once.",
  },
  unique: {
    type: ["string", "null"],
    maxLength: MAX_UNIQUE_BYTES,
    description: "Unique ID of each job: a run joins the job of the run before while that waits " +
      "or runs. Left out: each job has its own.",
  },
  priority: orNull(PRIORITY_NAMES, "Default: `normal`."),
  reducer: { type: ["string", "null"], maxLength: MAX_UNIQUE_BYTES },
  overlap: orNull(OVERLAPS, "Default: `allow`."),
  missed: orNull(MISSED_RULES, "Default: `run-once`."),
  paused: { type: ["boolean", "null"], description: "Default: false." },
  payload: { description: "The workload as any JSON; it is sent to workers without blanks." },
  payload_text: { type: "string", description: "The workload as text, in UTF-8." },
  payload_base64: { type: "string", contentEncoding: "base64", description: "The workload." },
} satisfies Record<keyof ScheduleBody, JsonSchema>;

export const DRAFT_SCHEMA: JsonSchema = {
  title: "ScheduleDraft",
  type: "object",
  additionalProperties: false,
  required: ["function", "cron"],
  properties: PROPERTIES,
};

export const CHANGES_SCHEMA: JsonSchema = {
  title: "ScheduleChanges",
  description: "What is left out stays as it is; null stands for the default.",
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: PROPERTIES,
};

/** `json`: fits `DRAFT_SCHEMA`. Throws the problem `invalid-request`. */
export function readDraft(json: unknown): ScheduleDraft {
  const { functionName, cron, ...rest } = readChanges(json);
  return { ...SCHEDULE_DEFAULTS, ...rest, functionName: functionName!, cron: cron! };
}

/** `json`: fits `CHANGES_SCHEMA`. Throws the problem `invalid-request`. */
export function readChanges(json: unknown): Partial<ScheduleDraft> {
  const body = json as ScheduleBody;
  const errors = halfTexts(body);
  const changes: Partial<Mutable<ScheduleDraft>> = {};
  if (body.function !== undefined) {
    changes.functionName = named("function", body.function, MAX_FUNCTION_BYTES, errors);
  }
  if (body.cron !== undefined) changes.cron = body.cron;
  if (body.tz !== undefined) changes.timeZone = body.tz ?? SCHEDULE_DEFAULTS.timeZone;
  if (body.unique !== undefined) {
    changes.unique = named("unique", body.unique ?? "", MAX_UNIQUE_BYTES, errors);
  }
  if (body.priority !== undefined) changes.priority = priorityNamed(body.priority);
  if (body.reducer !== undefined) {
    changes.reducer = named("reducer", body.reducer ?? "", MAX_UNIQUE_BYTES, errors);
  }
  if (body.overlap !== undefined) changes.overlap = body.overlap ?? SCHEDULE_DEFAULTS.overlap;
  if (body.missed !== undefined) changes.missed = body.missed ?? SCHEDULE_DEFAULTS.missed;
  if (body.paused !== undefined) changes.paused = body.paused ?? SCHEDULE_DEFAULTS.paused;
  const payload = readPayload(body, errors);
  if (payload !== undefined) changes.payload = payload;
  if (errors.length > 0) {
    throw new Problem("invalid-request", `The schedule's ${errors[0]!.detail}`, { errors });
  }
  return changes;
}

/** A JSON payload is kept as JSON, which can spell such a half. */
function halfTexts({ payload: _, ...body }: ScheduleBody): FieldError[] {
  return Object.entries(body).flatMap(([member, value]) =>
    typeof value === "string" && !isWholeText(value)
      ? [{ pointer: `/${member}`, detail: `${member} ${NOT_WHOLE_TEXT}` }]
      : []
  );
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function named(member: string, text: string, most: number, errors: FieldError[]): ByteString {
  const bytes = byteStringFromText(text);
  if (bytes.length > most || bytes.includes("\0")) {
    errors.push({
      pointer: `/${member}`,
      detail: `${member} must have at most ${most} bytes of UTF-8 and no NUL`,
    });
  }
  return bytes;
}

function readPayload(body: ScheduleBody, errors: FieldError[]): Uint8Array | undefined {
  const [given, second] = PAYLOADS.filter((member) => body[member] !== undefined);
  if (second !== undefined) {
    errors.push({ pointer: `/${second}`, detail: `${second} cannot stand beside ${given}` });
  }
  if (given === undefined) return undefined;
  if (given === "payload") return encoder.encode(JSON.stringify(body.payload));
  if (given === "payload_text") return encoder.encode(body.payload_text);
  const bytes = bytesOfBase64(body.payload_base64!);
  if (bytes === undefined) {
    errors.push({ pointer: "/payload_base64", detail: "payload_base64 must be Base64" });
  }
  return bytes;
}

const encoder = new TextEncoder();
