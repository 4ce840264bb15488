import type { Codec, GearmanError, ServerOptions, TlsOptions } from "../wire/mod.ts";
import type { WorkerJob } from "./worker_job.ts";

/** Options of a worker whose workloads and results are `Data`. */
export interface WorkerOptions<Data = Uint8Array> {
  /** How bytes become values and back. Default: bytes as they are. */
  readonly codec?: Codec<Data>;
  /**
   * Servers as `host`, `host:port` or `[v6]:port`, or with TLS options of their own; it works for all of
   * them. Default: `["127.0.0.1:4730"]`.
   */
  readonly servers?: readonly (string | ServerOptions)[];
  /** Encrypts the connections: `true`, or with options. Default: not encrypted. */
  readonly tls?: boolean | TlsOptions;
  /** Jobs run at once, over all servers and functions. Default 1. */
  readonly concurrency?: number;
  /** Shown by the servers' list of workers; at most 127 bytes, no white space. */
  readonly clientId?: string;
  /** How long one attempt to connect may take, TLS handshake included, milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number;
  /**
   * Told of lost and restored connections and of errors that have no other place. What it throws is an
   * uncaught error of the process.
   */
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** What happens to a worker, for logs. */
export type WorkerEvent =
  | { readonly kind: "connected"; readonly server: string }
  | { readonly kind: "disconnected"; readonly server: string; readonly error: GearmanError }
  | { readonly kind: "refused"; readonly server: string; readonly text: string }
  | {
    readonly kind: "job failed";
    readonly server: string;
    readonly handle: string;
    readonly functionName: string;
    readonly error: unknown;
  };

/**
 * Does one job. What it answers is the result (nothing: an empty one). What it throws ends the job: a
 * `JobFailure` with WORK_FAIL, anything else with WORK_EXCEPTION and the error's text as UTF-8.
 */
export type WorkerFunction<Data> = (
  job: WorkerJob<Data>,
) => Data | undefined | void | PromiseLike<Data | undefined | void>;

/** Options of one function. */
export interface FunctionOptions {
  /**
   * How long it may take for one job, milliseconds (CAN_DO_TIMEOUT; servers raise it to at least
   * 1000). When it is over the server gives the job to another worker and the job's signal aborts.
   * Default: no limit.
   */
  readonly timeoutMs?: number;
}
