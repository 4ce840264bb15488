import type { StoreErrorCode } from "./store_error.ts";
import type { LogLevel } from "./store_plugin.ts";

/** What a driver's error means for the store. */
export interface Failure {
  /** Code for a failure that surely kept nothing. A write whose session is lost becomes `UNKNOWN_OUTCOME`. */
  readonly code: StoreErrorCode;
  /** The session is of no use any more: it is dropped, and the next operation begins with another. */
  readonly lost: boolean;
  /** What stands after "Cannot … the store: ". Without secrets. */
  readonly text: string;
}

/** What a plugin tells of its driver. `C` is one connection of it. */
export interface SessionDriver<C> {
  /** What is connected to, as the log names it, e.g. `mysql db.example:3306`. Without secrets. */
  readonly place: string;
  /**
   * A new connection, not yet in use: whatever is to be waited for belongs into `start`. `lost` may be
   * called once the driver notices that the connection has ended, however often.
   */
  create(lost: (error: unknown) => void): C;
  /**
   * Connects and prepares the session. `previous` is a session that wrote and was lost, so that
   * statements of it may still be under way: once this settles, none of them may take effect any
   * more (kill that session and wait for its end, or raise a number that every write compares).
   */
  start(connection: C, previous: C | null): Promise<void>;
  /** Asks the server something small that keeps the session (and a lease) alive. */
  upkeep(connection: C): Promise<void>;
  /** Asks the server whether the session still lives. Default: `upkeep`. */
  ping?(connection: C): Promise<void>;
  /** Takes leave in an orderly way. */
  end(connection: C): Promise<void>;
  /** Closes the socket at once, without waiting. Must not throw. */
  destroy(connection: C): void;
  /** Any error that `start`, `upkeep`, `ping` or an operation threw, `StoreError`s included. */
  classify(error: unknown): Failure;
}

/** All in milliseconds. */
export interface SessionTimes {
  /** For `start`, `upkeep` and `end`, each. A hung server is given up after that. */
  readonly connectMs: number;
  /** For a ping before use. */
  readonly pingMs: number;
  /** A session that was idle for longer is pinged before it is used. */
  readonly freshMs: number;
  /** How often `upkeep` is called. */
  readonly upkeepMs: number;
}

/**
 * Upkeep every 5 s is more frequent than any idle limit in use, and rare enough to cost nothing;
 * connecting takes milliseconds, so that 3 s mean a server that hangs.
 */
export const SESSION_TIMES: SessionTimes = {
  connectMs: 3000,
  pingMs: 1500,
  freshMs: 1000,
  upkeepMs: 5000,
};

/** Time, as the session takes it; tests bring their own. */
export interface SessionClock {
  /** Milliseconds, rising. */
  now(): number;
  /** Calls back once; answers how to cancel. */
  later(ms: number, callback: () => void): () => void;
}

export interface SessionSettings {
  log(level: LogLevel, text: string): void;
  readonly times?: Partial<SessionTimes>;
  readonly clock?: SessionClock;
  /** Texts that must not get into the log or an error, whatever a driver says: passwords. */
  readonly secrets?: readonly string[];
}

export interface Operation {
  /** What stands between "Cannot" and the place in an error: `write to`, `read`. */
  readonly action: string;
  /**
   * Milliseconds after which the operation is given up and the session dropped. Doubled after each time
   * that it was not enough, up to eightfold: what a slow server cannot do in time would else be begun anew
   * for ever.
   */
  readonly deadlineMs: number;
  /** If the session is lost meanwhile, it is not known whether the operation took effect. */
  readonly writes: boolean;
  /** How long it is repeated while the server is away, milliseconds. Default 0: the caller repeats. */
  readonly patienceMs?: number;
}
