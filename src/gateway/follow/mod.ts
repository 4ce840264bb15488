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
  PRIORITY_NAMES,
  stateOf,
  stateOfEnd,
  timeText,
} from "./job_json.ts";
export type { JobEvent, JobEventName, JobEvents, JobFollower } from "./job_events.ts";
export { explain, type Explanation } from "./explain.ts";
export type { Reason, ReasonCode } from "./reasons.ts";
