import { Buffer } from "node:buffer";
import { textForJson } from "../byte_text.ts";
import { timeText } from "../follow/mod.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import type { JsonSchema } from "../route.ts";
import { MISSED_RULES, OVERLAPS, type Schedule } from "../schedules/mod.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A schedule as JSON shows it, without its payload. */
export interface ScheduleJson {
  readonly id: string;
  readonly function: string;
  readonly cron: string;
  readonly tz: string;
  readonly overlap: string;
  readonly missed: string;
  readonly paused: boolean;
  readonly unique: string;
  readonly priority: "high" | "normal" | "low";
  readonly reducer: string | null;
  readonly payload_bytes: number;
  /** Times as RFC 3339 in UTC. */
  readonly created_at: string;
  readonly changed_at: string;
  readonly next_runs: readonly string[];
  readonly last_run: {
    readonly due_at: string | null;
    readonly at: string;
    readonly handle: string;
  } | null;
}

export function scheduleJson(schedule: Schedule): ScheduleJson {
  const { definition, progress: { lastRun } } = schedule;
  return {
    id: definition.id,
    function: textForJson(definition.functionName),
    cron: definition.cron,
    tz: definition.timeZone,
    overlap: definition.overlap,
    missed: definition.missed,
    paused: definition.paused,
    unique: textForJson(definition.unique),
    priority: PRIORITY_NAMES[definition.priority],
    reducer: definition.reducer === "" ? null : textForJson(definition.reducer),
    payload_bytes: definition.payload.length,
    created_at: timeText(definition.createdAt),
    changed_at: timeText(definition.changedAt),
    next_runs: schedule.runsAhead().map(timeText),
    last_run: lastRun === null ? null : {
      due_at: lastRun.dueAt === null ? null : timeText(lastRun.dueAt),
      at: timeText(lastRun.at),
      handle: textForJson(lastRun.handle),
    },
  };
}

/** With the payload, as text where it is UTF-8. */
export function scheduleDetailJson(schedule: Schedule): Record<string, unknown> {
  const { payload } = schedule.definition;
  const json = scheduleJson(schedule);
  try {
    return { ...json, payload_text: decoder.decode(payload) };
  } catch {
    return { ...json, payload_base64: Buffer.from(payload).toString("base64") };
  }
}

const TIME: JsonSchema = { type: "string", format: "date-time" };

const PROPERTIES = {
  id: { type: "string" },
  function: {
    type: "string",
    description: "Percent-encoded as in a path where it is not UTF-8.",
  },
  cron: { type: "string", description: "Minute, hour, day of the month, month, weekday." },
  tz: { type: "string", description: "The time zone of `cron`." },
  overlap: {
    enum: OVERLAPS,
    description:
      "What happens at a time when the job of the run before is not over. `allow`: the " +
      "new job is submitted all the same, as everywhere in Gearman. `skip`: this time is left " +
      "out. `queue`: it waits for the end; at most one run waits.",
  },
  missed: {
    enum: MISSED_RULES,
    description:
      "What happens with times that passed while the server was not there: one run for " +
      "all of them, or none.",
  },
  paused: { type: "boolean" },
  unique: { type: "string", description: "Unique ID of the jobs; empty = each has its own." },
  priority: { enum: PRIORITY_NAMES },
  reducer: { type: ["string", "null"] },
  payload_bytes: { type: "integer", minimum: 0 },
  created_at: TIME,
  changed_at: TIME,
  next_runs: {
    type: "array",
    maxItems: 5,
    items: TIME,
    description: "Empty while it is paused. The first one may have passed: it is about to run.",
  },
  last_run: {
    type: ["object", "null"],
    additionalProperties: false,
    required: ["due_at", "at", "handle"],
    properties: {
      due_at: { ...TIME, type: ["string", "null"], description: "Null = started by hand." },
      at: TIME,
      handle: { type: "string", description: "Of its job; see `/jobs/{name}`." },
    },
  },
} satisfies Record<keyof ScheduleJson, JsonSchema>;

export const SCHEDULE_SCHEMA: JsonSchema = {
  title: "Schedule",
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROPERTIES),
  properties: {
    ...PROPERTIES,
    payload_text: {
      type: "string",
      description: "The workload of the jobs, where it is UTF-8. Not in lists.",
    },
    payload_base64: { type: "string", contentEncoding: "base64", description: "Where it is not." },
  },
};

export const SCHEDULE_EXAMPLE: ScheduleJson & { payload_text?: string } = {
  id: "5f0c2a9d1b7e4c36",
  function: "report",
  cron: "0 3 * * 1",
  tz: "Europe/Berlin",
  overlap: "skip",
  missed: "run-once",
  paused: false,
  unique: "",
  priority: "low",
  reducer: null,
  payload_bytes: 6,
  created_at: "2026-08-01T12:00:00.000Z",
  changed_at: "2026-08-01T12:00:00.000Z",
  next_runs: [
    "2026-08-10T01:00:00.000Z",
    "2026-08-17T01:00:00.000Z",
    "2026-08-24T01:00:00.000Z",
    "2026-08-31T01:00:00.000Z",
    "2026-09-07T01:00:00.000Z",
  ],
  last_run: {
    due_at: "2026-08-03T01:00:00.000Z",
    at: "2026-08-03T01:00:00.004Z",
    handle: "H:host:42",
  },
};
