/** Jobs that come again, by cron expressions. */
export { CronError } from "./cron_times.ts";
export {
  MISSED_RULES,
  type MissedRule,
  type Overlap,
  OVERLAPS,
  type Schedule,
  SCHEDULE_DEFAULTS,
  type ScheduleDefinition,
  type ScheduleDraft,
  type ScheduleRun,
} from "./schedule.ts";
export { Schedules } from "./schedules.ts";
export type { ScheduleServer, SchedulesParts } from "./schedules_parts.ts";
