/** What the operations on schedules do. */

import { pathSegment } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { jobJson } from "../follow/mod.ts";
import { draining } from "../open_calls.ts";
import { invalidCursor, type PageSize } from "../paging.ts";
import { Problem } from "../problem.ts";
import { emptyResponse, jsonResponse } from "../responses.ts";
import type { Role } from "../route.ts";
import type { Schedule, ScheduleDraft } from "../schedules/mod.ts";
import { readChanges, readDraft } from "./schedule_input.ts";
import { scheduleDetailJson, scheduleJson } from "./schedule_json.ts";

export const PAGE: PageSize = { usual: 100, most: 1000 };

/**
 * Makes a schedule for a caller who may operate its function, and answers 201. Throws the problems
 * `forbidden`, `invalid-request`, `payload-too-large` and `store-unavailable`.
 */
export async function createdSchedule(call: Call, draft: ScheduleDraft): Promise<Response> {
  requireFunctions(call, draft);
  const schedule = await call.gateway.schedules.create(draft);
  return jsonResponse(201, scheduleDetailJson(schedule), { location: `/schedules/${schedule.id}` });
}

/** Throws `forbidden` unless the caller may operate all functions that are named. */
function requireFunctions(
  { identity }: Call,
  { functionName, reducer = "" }: Partial<ScheduleDraft>,
): void {
  if (functionName !== undefined) identity.require("operate", functionName);
  if (reducer !== "") identity.require("operate", reducer);
}

export function listSchedules(call: Call): Response {
  const limit = call.number("limit") ?? PAGE.usual;
  const name = call.bytes("function");
  const after = call.text("cursor") ?? "";
  if (after !== "" && !CURSOR.test(after)) throw invalidCursor();
  const found = [...call.gateway.schedules.all()].filter((schedule) => {
    const { functionName } = schedule.definition;
    return cursorOf(schedule) > after && (name === undefined || functionName === name) &&
      call.identity.allows("inspect", functionName);
  });
  found.sort((a, b) => cursorOf(a) < cursorOf(b) ? -1 : 1);
  const items = found.slice(0, limit);
  const next = items.length < found.length ? cursorOf(items.at(-1)!) : null;
  return jsonResponse(200, { items: items.map(scheduleJson), next });
}

/** What `cursorOf` makes. */
const CURSOR = /^[0-9]{1,16}-[0-9a-f]{1,64}$/;

/** Rises in the order of the list, and stays when a schedule goes. */
function cursorOf({ definition: { createdAt, id } }: Schedule): string {
  return `${createdAt}-${id}`;
}

export async function createSchedule(call: Call): Promise<Response> {
  return await createdSchedule(call, readDraft(await call.json()));
}

export function showSchedule(call: Call): Response {
  return jsonResponse(200, scheduleDetailJson(scheduleOf(call, "inspect")));
}

export async function changeSchedule(call: Call): Promise<Response> {
  scheduleOf(call, "operate");
  const changes = readChanges(await call.json());
  requireFunctions(call, changes);
  return await changed(call, changes);
}

/** Pauses a schedule, or lets it go on. */
export function pauseSchedule(call: Call, paused: boolean): Promise<Response> {
  return changed(call, { paused });
}

async function changed(call: Call, changes: Partial<ScheduleDraft>): Promise<Response> {
  const { id } = scheduleOf(call, "operate");
  const schedule = await call.gateway.schedules.change(id, changes);
  if (schedule === undefined) throw unknown();
  return jsonResponse(200, scheduleDetailJson(schedule));
}

export async function removeSchedule(call: Call): Promise<Response> {
  const { id } = scheduleOf(call, "operate");
  if (!await call.gateway.schedules.remove(id)) throw unknown();
  return emptyResponse(204);
}

export async function runSchedule(call: Call): Promise<Response> {
  const schedule = scheduleOf(call, "operate");
  const { gateway } = call;
  if (gateway.server.phase !== "serving") throw draining();
  const job = await gateway.schedules.run(schedule);
  const location = `/jobs/${pathSegment(job.handle)}`;
  return jsonResponse(202, jobJson(job, gateway.server), { location });
}

/** The schedule of the path, for a caller who has the role for its function. */
function scheduleOf(call: Call, role: Role): Schedule {
  const schedule = call.gateway.schedules.find(call.path("id"));
  if (schedule === undefined) throw unknown();
  call.identity.require(role, schedule.definition.functionName);
  return schedule;
}

function unknown(): Problem {
  return new Problem("schedule-unknown", "There is no schedule with this id; see GET /schedules");
}
