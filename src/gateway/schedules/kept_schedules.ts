import type { Records } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import { CronError } from "./cron_times.ts";
import { Schedule } from "./schedule.ts";
import {
  decodeDefinition,
  decodeProgress,
  DEFINITION_PREFIX,
  PROGRESS_PREFIX,
} from "./schedule_record.ts";

type Log = (level: "WARNING", text: string) => void;

/** The schedules that the store holds, the oldest first. What cannot be read is logged and left as it is. */
export function keptSchedules(records: Pick<Records, "entries">, log: Log): Schedule[] {
  const progress = new Map<string, Uint8Array>();
  for (const [name, value] of records.entries(PROGRESS_PREFIX)) {
    progress.set(name.slice(PROGRESS_PREFIX.length), value);
  }
  const found: Schedule[] = [];
  for (const [name, value] of records.entries(DEFINITION_PREFIX)) {
    const id = name.slice(DEFINITION_PREFIX.length);
    const schedule = keptSchedule(id, value, progress.get(id), log);
    if (schedule !== undefined) found.push(schedule);
  }
  return found.sort((a, b) => a.definition.createdAt - b.definition.createdAt);
}

function keptSchedule(
  id: string,
  value: Uint8Array,
  progress: Uint8Array | undefined,
  log: Log,
): Schedule | undefined {
  const definition = decodeDefinition(id, value);
  if (definition === undefined) {
    log("WARNING", `Cannot read the schedule ${id}: it is left as it is`);
    return undefined;
  }
  const known = progress === undefined ? undefined : decodeProgress(progress);
  try {
    return new Schedule(definition, known ?? { doneUntil: 0, lastRun: null });
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    const name = textForJson(definition.functionName);
    log(
      "WARNING",
      `Cannot run the schedule ${id} for ${name}: ${error.field} ${error.message}; it is left as it is`,
    );
    return undefined;
  }
}
