/** What becomes of jobs: status, results, events, lists, and why one does not run. */
export {
  attemptsOf,
  JOB_EXAMPLE,
  JOB_SCHEMA,
  JOB_STATES,
  type JobJson,
  jobJson,
  type JobStateName,
  outcomeJson,
  stateOf,
  stateOfEnd,
  timeText,
} from "./job_json.ts";
export { EVENT_DATA_SCHEMA, EVENT_DESCRIPTION, EVENT_STREAM, EVENTS_EXAMPLE } from "./sse.ts";
export { eventStream, type EventStreamOptions, type StreamingCall } from "./event_stream.ts";
export { failure, jobHeaders, locationOf, textOrBase64, timing } from "./job_answers.ts";
export { explain, type Explanation } from "./explain.ts";
export type { Reason, ReasonCode } from "./reasons.ts";
export { FOLLOW_ROUTES } from "./follow_routes.ts";
