/** Jobs that come again, by cron expressions. */
export { CronError } from "./cron_times.ts";
export {
  type MissedRule,
  type Overlap,
  type Schedule,
  type ScheduleDefinition,
  type ScheduleDraft,
  type ScheduleRun,
} from "./schedule.ts";
export { SCHEDULE_DEFAULTS } from "./schedule_input.ts";
export { scheduleJson } from "./schedule_json.ts";
export { createdSchedule } from "./schedule_calls.ts";
export { SCHEDULE_ROUTES } from "./schedule_routes.ts";
export { Schedules, type ScheduleServer, type SchedulesParts } from "./schedules.ts";
