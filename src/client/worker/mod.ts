/**
 * Does jobs of Gearman job servers.
 *
 * ```ts
 * const worker = new GearmanWorker({ servers: ["127.0.0.1:4730"], codec: textCodec });
 * worker.add("reverse", (job) => [...job.data].reverse().join(""));
 * await worker.run();
 * ```
 *
 * @module
 */
export { GearmanWorker } from "./gearman_worker.ts";
export { JobFailure, WorkerJob } from "./worker_job.ts";
export type {
  FunctionOptions,
  WorkerEvent,
  WorkerFunction,
  WorkerOptions,
} from "./worker_options.ts";
export {
  bytesCodec,
  type Codec,
  GearmanError,
  type GearmanErrorCode,
  jsonCodec,
  type ServerOptions,
  textCodec,
  type TlsOptions,
} from "../wire/mod.ts";
