import type { ExportOutcome, ExportPlan } from "./gearmand_export.ts";
import type { ProcessWitness } from "./lease.ts";
import type { StoreUrl } from "./store_url.ts";
import type { NamedRecord, StoredJob, StoredJobUpdate } from "./stored_job.ts";

/**
 * What a commit survives once it has settled:
 * `nothing` (memory), `restart` (the process may be killed), `power-loss` (the machine may be).
 */
export type Durability = "nothing" | "restart" | "power-loss";

export interface StoreTraits {
  readonly durability: Durability;
  /**
   * The same in words, where `durability` alone says too much or too little: a clause for the operator,
   * e.g. `acknowledged background jobs survive a restart of cogd only`.
   */
  readonly promise?: string;
  /** Largest workload it takes, bytes. A batch with a bigger one is refused with `TOO_LARGE`. */
  readonly maxWorkloadBytes: number;
  /** One line for the operator: what is stored where, e.g. `sqlite /var/lib/cogd/queue.db`. */
  readonly description: string;
}

/**
 * One group commit: all of it becomes durable, or none. Within a batch a key appears in at most one
 * of `add`, `update` and `remove`, and a name in `put` at most once. Batches may be repeated after a
 * failure whose outcome is unknown: adding a known key changes nothing, updating or removing an
 * unknown key is fine. Nobody changes the bytes in it until the commit has settled.
 */
export interface StoreBatch {
  readonly add: readonly StoredJob[];
  readonly update: readonly StoredJobUpdate[];
  readonly remove: readonly number[];
  readonly put: readonly NamedRecord[];
}

/** How much a page of a replay holds at most, so that a large queue never has to fit into memory twice. */
export const REPLAY_PAGE_LIMITS = {
  jobs: 1000,
  /** Workloads and results together. One job that is larger comes in a page of its own. */
  bytes: 4 * 1024 * 1024,
} as const;

/**
 * A piece of what a store holds: records first, then jobs in accept order (rising keys). No page
 * passes `REPLAY_PAGE_LIMITS`. The arrays belong to the receiver.
 */
export interface ReplayPage {
  readonly records: readonly NamedRecord[];
  readonly jobs: readonly StoredJob[];
}

/** What a store tells of its own work since it was opened, for monitoring. */
export interface StoreFigures {
  /** How often a connection, or a file, that was lost was opened again. */
  readonly reconnects?: number;
  /**
   * How long the system took to make the last commit durable (fsync), milliseconds. Left out by a store that
   * does not write to a disk itself.
   */
  readonly syncMs?: number;
}

/** An open store. */
export interface JobStore {
  readonly traits: StoreTraits;
  /** Read after each commit. Left out by a store that counts nothing. */
  readonly figures?: StoreFigures;
  /**
   * Settles, with a `StoreError` `TAKEN_OVER`, when it is noticed that another server has the store, also
   * while nothing is committed. Left out by a store that cannot be taken over.
   */
  readonly lost?: Promise<Error>;
  /**
   * Settles when the batch holds as `traits.durability` says. Rejects with a `StoreError`; then
   * nothing of the batch was kept, or (code `UNKNOWN_OUTCOME`) it is not known and the same batch
   * may be repeated. One commit runs at a time: the server waits before it starts the next.
   */
  commit(batch: StoreBatch): Promise<void>;
  /**
   * Everything that was held when the store was opened (adopted jobs included), streamed. Called at
   * most once. Commits may run while it does, between any two pages: jobs that they add are not
   * yielded, and each job that was there at the start is yielded exactly once, unless a commit
   * removed it before its page was read. A job or record that a commit changes meanwhile may come as
   * it was before or after. Rejects with `DAMAGED` when something cannot be read, and goes no
   * further.
   */
  replay(): AsyncIterable<ReplayPage>;
  /**
   * Writes the queued jobs into C gearmand's own table or keys in the same database, in one transaction
   * where there is one, and removes them from this store unless they are to be kept. What gearmand cannot
   * hold stays. Called at most once, instead of `replay` and `commit`. Left out by a store whose place
   * gearmand cannot read.
   */
  exportToGearmand?(plan: ExportPlan): Promise<ExportOutcome>;
  /**
   * Releases files and connections once the commit under way has settled. Calling it twice is fine;
   * `commit` and `replay` answer `CLOSED` from then on.
   */
  close(): Promise<void>;
}

export type LogLevel = "FATAL" | "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG";

/** What the server lends a store. */
export interface StoreHost {
  /** One line to the server's log. Secrets must never be passed. */
  log(level: LogLevel, message: string): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Goes into `StoredJob.namespace`. */
  readonly namespace: string;
  /** `PREFIX:`, what stands before the number in the handle of an adopted job. Byte string. */
  readonly handlePrefix: string;
  /** For a lease: who this server is. Without it a lease names nobody and has to be waited for. */
  readonly process?: ProcessWitness;
}

/** A command-line option that belongs to one store (gearmand's own names where it has them). */
export interface StoreOption {
  /** Long name without leading dashes, e.g. `libsqlite3-db`. */
  readonly name: string;
  /** `switch` takes no value. */
  readonly kind: "text" | "number" | "switch" | "secret";
  /** What stands behind the option in the help, e.g. `FILE`. */
  readonly valueName?: string;
  readonly help: string;
  readonly default?: string;
}

/** Values of a store's options by name: only those given, plus the ones below for every store. */
export interface StoreOptions {
  readonly values: ReadonlyMap<string, string>;
  /** Folder for files of the server; exists when `open` is called. */
  readonly dataDir: string;
  /** A store that is there already is wanted, and C gearmand's queue in it stays as it is: for an export. */
  readonly forExport?: boolean;
}

/** A queue type, chosen by `--queue-type`. */
export interface StorePlugin {
  /** Canonical name, lower case. */
  readonly name: string;
  /** Other names, compared without regard to case (gearmand's: `builtin`, `libsqlite3`, …). */
  readonly aliases: readonly string[];
  readonly options: readonly StoreOption[];
  /** Without it, `--queue URL` cannot name this queue type. */
  readonly url?: StoreUrl;
  /** Opens or creates the store, adopts a gearmand queue where one is found. */
  open(options: StoreOptions, host: StoreHost): Promise<JobStore>;
}
