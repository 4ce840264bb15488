/** A job as a store keeps it. Plain data: nothing here is a live object of the server. */

/** Queue priority as the protocol numbers it in every queue module: 0 high, 1 normal, 2 low. */
export type StoredPriority = 0 | 1 | 2;

/**
 * Where the job's life stands. `queued` covers waiting, delayed and running: a job that was running
 * when the server stopped is queued again. `done`, `failed` and `dead` are kept only where outcomes
 * are retained.
 */
export type StoredState = "queued" | "done" | "failed" | "dead";

/** How a finished job ended; present exactly when the state is not `queued`. */
export interface StoredOutcome {
  /** When it ended, milliseconds since 1970. */
  readonly finishedAt: number;
  /** From when on the row may be removed, milliseconds since 1970. */
  readonly expiresAt: number;
  /** Result or exception bytes, cut to the limit of the retention policy. */
  readonly result: Uint8Array;
}

export interface StoredJob {
  /** Minted by the server: a safe integer from 1 on, rising in accept order, never reused. */
  readonly key: number;
  /** `PREFIX:N`, 1 to 64 bytes. Stays valid across restarts. Byte string. */
  readonly handle: string;
  /** Function name, any bytes but NUL, may be empty. Byte string. */
  readonly functionName: string;
  /** The client's unique ID, 0 to 64 bytes, any but NUL, may be empty or `-`. Byte string. */
  readonly unique: string;
  /** Any bytes, may be empty. */
  readonly workload: Uint8Array;
  readonly priority: StoredPriority;
  /** Epoch seconds before which the job must not run; 0 = at once. May exceed 32 bits; at most 2^53/1000. */
  readonly notBefore: number;
  /** Reducer function of a reduce job, any bytes but NUL, empty for others. Byte string. */
  readonly reducer: string;
  /** When the server accepted it, milliseconds since 1970. */
  readonly acceptedAt: number;
  /** How often it was handed out and came back (worker lost, timed out). */
  readonly attempts: number;
  /** Keeps the jobs of several servers in one database apart; empty by default. */
  readonly namespace: string;
  readonly state: StoredState;
  readonly outcome: StoredOutcome | null;
}

/** What may change in a stored job; everything else is fixed when it is added. */
export interface StoredJobUpdate {
  readonly key: number;
  readonly attempts: number;
  readonly notBefore: number;
  readonly state: StoredState;
  readonly outcome: StoredOutcome | null;
}

/** A small named setting (queue limits, pauses, high-water marks). `value` null removes it. */
export interface NamedRecord {
  /** 1 to 200 characters of printable ASCII. */
  readonly name: string;
  /** Up to 1 MiB. */
  readonly value: Uint8Array | null;
}
