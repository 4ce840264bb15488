import { JOB_EXAMPLE, JOB_SCHEMA } from "../follow/mod.ts";
import { pageParameters, pageSchema } from "../paging.ts";
import type { Answer, Parameter, Route } from "../route.ts";
import {
  changeSchedule,
  createSchedule,
  listSchedules,
  PAGE,
  pauseSchedule,
  removeSchedule,
  runSchedule,
  showSchedule,
} from "./schedule_calls.ts";
import { CHANGES_SCHEMA, DRAFT_SCHEMA } from "./schedule_input.ts";
import { SCHEDULE_EXAMPLE, SCHEDULE_SCHEMA } from "./schedule_json.ts";

const ID: Parameter = {
  name: "id",
  in: "path",
  description: "As `POST /schedules` answered.",
  schema: { type: "string" },
  example: SCHEDULE_EXAMPLE.id,
};

const JSON_TYPE = "application/json";
const DETAIL = {
  schema: SCHEDULE_SCHEMA,
  example: { ...SCHEDULE_EXAMPLE, payload_text: "weekly" },
};
const SHOWN: Answer = {
  status: 200,
  description: "The schedule as it is now.",
  content: { [JSON_TYPE]: DETAIL },
};
const DRAFT_EXAMPLE = {
  function: "report",
  cron: "0 3 * * 1",
  tz: "Europe/Berlin",
  priority: "low",
  overlap: "skip",
  payload_text: "weekly",
};

export const SCHEDULE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/schedules",
    operation: "listSchedules",
    tag: "Schedules",
    summary: "List schedules, the oldest first",
    role: "inspect",
    parameters: [
      {
        name: "function",
        in: "query",
        description: "Only those of this function.",
        schema: { type: "string" },
        example: "report",
      },
      ...pageParameters(PAGE, `1785585600000-${SCHEDULE_EXAMPLE.id}`),
    ],
    answers: [{
      status: 200,
      description: "The schedules, without their payloads.",
      content: {
        [JSON_TYPE]: {
          schema: pageSchema(SCHEDULE_SCHEMA),
          example: { items: [SCHEDULE_EXAMPLE], next: null },
        },
      },
    }],
    handle: listSchedules,
  },
  {
    method: "POST",
    path: "/schedules",
    operation: "createSchedule",
    tag: "Schedules",
    summary: "Make a schedule",
    description: "At each time of `cron` a background job is submitted. The same as " +
      "`POST /jobs/{name}?cron=…`, with all that a schedule can be told.",
    role: "operate",
    parameters: [],
    body: {
      description: "What to run, and when.",
      required: true,
      content: { [JSON_TYPE]: { schema: DRAFT_SCHEMA, example: DRAFT_EXAMPLE } },
    },
    answers: [{
      status: 201,
      description: "The schedule is kept.",
      content: { [JSON_TYPE]: DETAIL },
      headers: { location: "Where the schedule is." },
    }],
    problems: ["store-unavailable"],
    handle: createSchedule,
  },
  {
    method: "GET",
    path: "/schedules/{id}",
    operation: "getSchedule",
    tag: "Schedules",
    summary: "Show a schedule with its next five runs and its payload",
    role: "inspect",
    parameters: [ID],
    answers: [SHOWN],
    problems: ["schedule-unknown"],
    handle: showSchedule,
  },
  {
    method: "PATCH",
    path: "/schedules/{id}",
    operation: "changeSchedule",
    tag: "Schedules",
    summary: "Change a schedule",
    description:
      "A JSON Merge Patch (RFC 7396). With another `cron` or `tz`, times count from now.",
    role: "operate",
    parameters: [ID],
    body: {
      description: "What is to be different.",
      required: true,
      content: {
        "application/merge-patch+json": { schema: CHANGES_SCHEMA, example: { cron: "0 4 * * 1" } },
        [JSON_TYPE]: { schema: CHANGES_SCHEMA, example: { overlap: "queue" } },
      },
    },
    answers: [SHOWN],
    problems: ["schedule-unknown", "store-unavailable"],
    handle: changeSchedule,
  },
  {
    method: "DELETE",
    path: "/schedules/{id}",
    operation: "deleteSchedule",
    tag: "Schedules",
    summary: "Delete a schedule",
    description: "Jobs that it has submitted already go on.",
    role: "operate",
    parameters: [ID],
    answers: [{ status: 204, description: "It is gone." }],
    problems: ["schedule-unknown", "store-unavailable"],
    handle: removeSchedule,
  },
  {
    method: "POST",
    path: "/schedules/{id}/run",
    operation: "runSchedule",
    tag: "Schedules",
    summary: "Run a schedule once, now",
    description: "Also while it is paused, and beside an earlier run. Its times stay as they are.",
    role: "operate",
    parameters: [ID],
    answers: [{
      status: 202,
      description: "The job is accepted.",
      content: {
        [JSON_TYPE]: {
          schema: JOB_SCHEMA,
          example: {
            ...JOB_EXAMPLE,
            state: "queued",
            started_at: null,
            attempts: 0,
            numerator: 0,
            denominator: 0,
            worker: null,
          },
        },
      },
      headers: { location: "Where the job is." },
    }],
    problems: ["schedule-unknown", "queue-full", "store-unavailable", "draining"],
    handle: runSchedule,
  },
  {
    method: "POST",
    path: "/schedules/{id}/pause",
    operation: "pauseSchedule",
    tag: "Schedules",
    summary: "Pause a schedule",
    description: "Times that come while it is paused are left out for good.",
    role: "operate",
    parameters: [ID],
    answers: [SHOWN],
    problems: ["schedule-unknown", "store-unavailable"],
    handle: (call) => pauseSchedule(call, true),
  },
  {
    method: "POST",
    path: "/schedules/{id}/resume",
    operation: "resumeSchedule",
    tag: "Schedules",
    summary: "Resume a schedule",
    role: "operate",
    parameters: [ID],
    answers: [SHOWN],
    problems: ["schedule-unknown", "store-unavailable"],
    handle: (call) => pauseSchedule(call, false),
  },
];
