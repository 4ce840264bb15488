/**
 * Submits jobs to Gearman job servers.
 *
 * ```ts
 * const client = new GearmanClient({ servers: ["127.0.0.1:4730"], codec: textCodec });
 * console.log(await client.do("reverse", "hello"));
 * client.close();
 * ```
 *
 * @module
 */
export { GearmanClient } from "./gearman_client.ts";
export type {
  BackgroundJob,
  BackgroundOptions,
  ClientOptions,
  JobOptions,
  RequestOptions,
} from "./client_options.ts";
export type { JobStatus } from "./job_status.ts";
export { type JobCallbacks, type JobUpdate, RunningJob } from "./running_job.ts";
export type { JobPriority } from "./submission.ts";
export {
  type TaskOutcome,
  TaskSet,
  type TaskSetCallbacks,
  type TaskSetOptions,
} from "./task_set.ts";
export {
  bytesCodec,
  type Codec,
  ConnectionLostError,
  GearmanError,
  type GearmanErrorCode,
  JobExceptionError,
  JobFailedError,
  jsonCodec,
  QueueFullError,
  type ServerOptions,
  textCodec,
  type TlsOptions,
} from "../wire/mod.ts";
