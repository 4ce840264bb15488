/** What happens to jobs, as it happens: noted within bounds, for those who follow. */
export {
  finalName,
  isFinal,
  JOB_EVENT_NAMES,
  type JobEvent,
  type JobEventName,
  type JobEvents,
  type JobFollower,
  unseenEnd,
} from "./job_events.ts";
export { type AllEventsBounds, EVENT_BOUNDS, idOfAge, RecordedEvents } from "./recorded_events.ts";
