import type { Limits, WakeUpPolicy } from "../core/mod.ts";
import type { JobStore } from "../plugin_api/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type { KeepAlive, Listen, ListenAddress } from "../runtime/mod.ts";
import type { Clock } from "./clock.ts";
import type { ServerFacts } from "./session.ts";

export interface ServerConfig {
  /** Where to listen, one listener each. */
  readonly listen: readonly ListenAddress[];
  readonly backlog: number;
  readonly keepAlive: KeepAlive;
  readonly limits: Limits;
  readonly wakeUps: WakeUpPolicy;
  /** How often a job may be handed out before it is failed; -1 = without limit. */
  readonly maxAttempts: number;
  /** Every connection receives WORK_EXCEPTION. */
  readonly exceptions: boolean;
  /** What stands before the number in a handle, with its colon. */
  readonly handlePrefix: ByteString;
  /** Keeps the jobs of several servers in one store apart. */
  readonly namespace: string;
  readonly facts: ServerFacts;
}

export type ServerLogLevel = "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG";

/** What the server is built on. */
export interface ServerParts {
  readonly listen: Listen;
  /** Calls back when all sockets that had something to read in this turn have been read. */
  afterTurn(callback: () => void): void;
  /** Calls back when what drivers were given in this turn has been written to their sockets. */
  afterSending(callback: () => void): void;
  readonly clock: Clock;
  /** Null or a store that survives nothing: jobs are kept in memory only. */
  readonly store: JobStore | null;
  log(level: ServerLogLevel, text: string): void;
  /** Whether lines of a level are written at all. */
  logs(level: ServerLogLevel): boolean;
}
