/** The rules of the job server: synchronous and pure, with time and numbers passed in. */
export { type Cancellation, type Drop, JobServer, type JobServerOptions } from "./job_server.ts";
export { Job, type JobState, type RowState, type StoreWaiter } from "./job.ts";
export { Client, type ClientPort } from "./client.ts";
export { type Ability, Worker, type WorkerPort, type WorkerState } from "./worker.ts";
export { FunctionQueue } from "./function_queue.ts";
export { JobTable } from "./job_table.ts";
export { PRIORITIES, Priority } from "./priority.ts";
export { type Idempotency, type JobExtras, raisedExtras } from "./job_extras.ts";
export type { JobEnd, JobWitness, ReturnCause } from "./witness.ts";
export type { Admission, RefusalReason, Submission } from "./submission.ts";
export type { ReplayedJob } from "./submissions.ts";
export { type DurableLog, NO_LOG } from "./durable_log.ts";
export type { WakeUpPolicy } from "./wake_ups.ts";
export {
  DEFAULT_LIMITS,
  HANDLE_BYTES_LIMIT,
  type Limits,
  MAX_CLIENT_ID_BYTES,
  MAX_UNIQUE_BYTES,
} from "./limits.ts";
export {
  jobRows,
  type JobStatus,
  priorityStatusRows,
  statusOf,
  statusRows,
  uniqueIds,
} from "./views.ts";
