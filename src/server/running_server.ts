import type { Job, JobEnd, JobServer, JobWitness, Limits, Priority } from "../core/mod.ts";
import type { Durability } from "../plugin_api/mod.ts";
import type { ByteString, QueueLimits } from "../protocol/mod.ts";
import type { ListenAddress } from "../runtime/mod.ts";
import type { Clock } from "./clock.ts";
import type { Traffic } from "./traffic.ts";

/** `loading`: the store's jobs are being taken up. `draining`: no new connections and jobs. */
export type ServerPhase = "loading" | "serving" | "draining" | "stopped";

/** A server that listens and answers, as its peers without a socket (the gateway) see it. */
export interface RunningServer {
  /** For reading; whoever changes something does it in `act`. */
  readonly jobServer: JobServer;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly phase: ServerPhase;
  /** The addresses really bound. */
  readonly addresses: readonly ListenAddress[];
  /** Settles when the store's jobs are all taken up; until then connections wait. */
  readonly loaded: Promise<number>;
  /**
   * Settles, with the store's error, when another server has taken the store over. The server has
   * ended its connections by then, so that no job is run twice, and can only be stopped.
   */
  readonly lost: Promise<Error>;

  /**
   * One step of a peer without a socket: runs it, and sends what it causes at the end of the turn.
   * Not before the server has `loaded`, nor when it is `stopped`.
   */
  act<Result>(step: (jobServer: JobServer, now: number) => Result): Result;
  /** Shows every step of every job to `witness` from now on; answers how to end that. */
  watch(witness: JobWitness): () => void;

  /** Outcomes of ended jobs that were to be kept. */
  readonly outcomes: Outcomes;
  /** Idempotency keys of jobs, those of ended jobs included. */
  readonly idempotencyKeys: IdempotencyKeys;
  /** Limits and pauses of functions, kept in the store. */
  readonly queuePolicies: QueuePolicies;
  /** Small settings in the store. */
  readonly records: Records;
  /** Counters of packets, bytes and connections. */
  readonly traffic: Traffic;
  storeCondition(): StoreCondition;
  /** Tells `heard` of each commit that has settled from now on; answers how to end that. */
  watchCommits(heard: (commit: SettledCommit) => void): () => void;
  /** Open connections of the binary port, newest first. */
  connections(): Iterable<ConnectionView>;
  /** Ends a connection now. Answers false when there is none with that number. */
  disconnect(number: number): boolean;
  /** Gives a worker no more jobs, or jobs again. Answers false when there is no such connection. */
  drainWorker(number: number, draining: boolean): boolean;

  /** Makes the `phase` draining, or serving again: the gateway refuses new submissions then, the binary port does not. */
  setDraining(draining: boolean): void;
  /** Stops listening; settles when no job is left that would be lost or is being run. */
  drain(): Promise<void>;
  /** Closes listeners and connections without a word, writes what the store still has to know. */
  stop(): Promise<void>;
}

/** How a job ended that is not in the queue any more. */
export interface KeptOutcome {
  readonly key: number;
  readonly handle: ByteString;
  readonly functionName: ByteString;
  readonly unique: ByteString;
  readonly priority: Priority;
  readonly end: JobEnd;
  readonly acceptedAt: number;
  /** When it was last given to a worker, milliseconds since 1970; null = never. */
  readonly assignedAt: number | null;
  readonly finishedAt: number;
  /** From when on it may be forgotten, milliseconds since 1970. */
  readonly expiresAt: number;
  /** How often it was handed out. */
  readonly attempts: number;
  /** Length of the workload, which is kept no longer. */
  readonly payloadBytes: number;
  /** The result (WORK_DATA pieces and final data) or the exception. */
  readonly result: Uint8Array;
  /** The result was longer than what is kept: `result` is empty then. */
  readonly resultDropped: boolean;
}

/** Bounded in time, count and bytes: the oldest go first. */
export interface Outcomes {
  find(handle: ByteString): KeptOutcome | undefined;
  /** Newest first. */
  all(): Iterable<KeptOutcome>;
  readonly size: number;
  /** True when the server gave this handle to a job at some time: it is over, if it is unknown now. */
  wasMinted(handle: ByteString): boolean;
}

export interface IdempotencyKeys {
  /** The job that a key made, and the request it came with; undefined when unknown or expired. */
  find(keyHash: string): { readonly handle: ByteString; readonly fingerprint: string } | undefined;
  /**
   * Of a key that is known: settles when the store knows it, too. False: the store did not take it, and the
   * key is forgotten. A key whose request made a job is stored with the job.
   */
  recorded(keyHash: string): Promise<boolean>;
}

export interface QueuePolicy {
  readonly limits: QueueLimits;
  readonly paused: boolean;
}

export interface QueuePolicies {
  /** Of any function, also of one that does not exist. */
  of(name: ByteString): QueuePolicy;
  /**
   * Applies at once, and makes the function if there is none; settles when the store has it. Rejects
   * with a `StoreError`: it applies all the same, but may not outlive the process.
   */
  set(name: ByteString, policy: QueuePolicy): Promise<void>;
  /** Whether `set` may be called: false when as many functions have one as may have. */
  hasRoomFor(name: ByteString): boolean;
  /** The function was dropped: what is kept of it goes. Settles and rejects as `set`. */
  forget(name: ByteString): Promise<void>;
}

export interface Records {
  /** Names that begin with `prefix`, with the values that the store has. Known when the server is loaded. */
  entries(prefix: string): Iterable<readonly [string, Uint8Array]>;
  /**
   * Null removes it. Settles when the store has it, or a value that was put later under the same name.
   * Rejects with a `StoreError` when the store refuses it, or has been away too long: it then has the
   * value from before or, where an answer was lost, this one. `name`: 1 to 200 characters of
   * printable ASCII; `value`: up to 1 MiB.
   */
  put(name: string, value: Uint8Array | null): Promise<void>;
}

export interface StoreCondition {
  /** One line for the operator, e.g. `sqlite /var/lib/cogd/queue.db`. */
  readonly description: string;
  readonly durability: Durability;
  readonly promise: string | undefined;
  /** False while commits fail. */
  readonly up: boolean;
  /** What the last failure said, while it is not `up`. */
  readonly problem: string | undefined;
  /** Jobs that wait to be stored. */
  readonly waiting: number;
  readonly largestWorkload: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** How often the store's connection or file was opened again; undefined where it does not say. */
  readonly reconnects: number | undefined;
}

/** A commit that is over, as those who measure the store see it. */
export interface SettledCommit {
  readonly held: boolean;
  /** Jobs that it added, changed or removed; 0 = settings only. */
  readonly jobs: number;
  /** From its beginning to the store's answer, milliseconds. */
  readonly ms: number;
  /** How much of that the system took to make it durable (fsync); undefined where the store does not say. */
  readonly syncMs: number | undefined;
}

/** One connection of the binary port. */
export interface ConnectionView {
  readonly number: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly clientId: ByteString;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  readonly lastPacketAt: number;
  /** In the order of protocol section 9, newest first. */
  readonly functions: readonly { readonly name: ByteString; readonly timeoutMs: number }[];
  readonly running: readonly Job[];
  readonly workerState: "awake" | "sleeping" | "notified";
  readonly draining: boolean;
  /** Jobs it waits for. */
  readonly waitingFor: number;
  readonly jobsDone: number;
  readonly jobsFailed: number;
  /** Submissions it made. */
  readonly submitted: number;
  /** Bytes waiting to be sent to it. */
  readonly unsentBytes: number;
}
