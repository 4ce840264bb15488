import type { Codec, ServerOptions, TlsOptions } from "../wire/mod.ts";
import type { JobPriority } from "./submission.ts";
import type { JobCallbacks } from "./running_job.ts";

/** Options of a client whose workloads and results are `Data`. */
export interface ClientOptions<Data = Uint8Array> {
  /** How values become bytes and back. Default: bytes as they are. */
  readonly codec?: Codec<Data>;
  /**
   * Servers as `host`, `host:port` or `[v6]:port`, or with TLS options of their own, in the order in which
   * they are tried: the first that answers is used until it is lost. Default: `["127.0.0.1:4730"]`.
   */
  readonly servers?: readonly (string | ServerOptions)[];
  /** Encrypts the connections: `true`, or with options. Default: not encrypted. */
  readonly tls?: boolean | TlsOptions;
  /** How long one attempt to connect may take, TLS handshake included, milliseconds. Default 5000. */
  readonly connectTimeoutMs?: number;
  /**
   * How long the answer to a request (an acknowledgement, a status, an echo) may take, milliseconds;
   * 0 = no limit. Default 60,000: longer than cogd lets a job wait for its store.
   */
  readonly requestTimeoutMs?: number;
}

/** Options of one foreground job. */
export interface JobOptions<Data> extends JobCallbacks<Data> {
  /**
   * 0 to 64 bytes as UTF-8. Jobs of one function with the same unique ID are one job while it lives;
   * `-` makes the workload the ID. Default: none.
   */
  readonly unique?: string;
  /** Default `normal`. */
  readonly priority?: JobPriority;
  /** How long the result may take, milliseconds, connecting included; default: no limit. */
  readonly timeoutMs?: number;
  /** Gives the job up: its promise rejects with `ABORTED`. The server is not told: it runs on. */
  readonly signal?: AbortSignal;
}

/** Options of one background job. */
export interface BackgroundOptions {
  /** As in `JobOptions`. */
  readonly unique?: string;
  /** Default `normal`. */
  readonly priority?: JobPriority;
  /** How long the acknowledgement may take, milliseconds; default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives the acknowledgement up: the server may have the job all the same. */
  readonly signal?: AbortSignal;
}

/** Options of a request. */
export interface RequestOptions {
  /** Milliseconds; default: the client's `requestTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Gives the answer up. */
  readonly signal?: AbortSignal;
}

/** A background job that a server has acknowledged. */
export interface BackgroundJob {
  /** The server's handle, e.g. `H:host:42`. */
  readonly handle: string;
  /** `host:port` of the server that has it. */
  readonly server: string;
}
