import type { RunningServer } from "../server/mod.ts";
import type { FunctionRoom } from "./function_room.ts";
import type { JobEvents } from "./events/mod.ts";
import type { Figures } from "./figures/mod.ts";
import type { Schedules } from "./schedules/mod.ts";
import type { Waits } from "./waits.ts";

/** What the gateway was told by the command line, complete. */
export interface GatewayConfig {
  /** Version text of the program. */
  readonly version: string;
  /** Default and longest time of a synchronous call, milliseconds (`--http-timeout`, 60 s; cap 1 h). */
  readonly syncMs: number;
  readonly longestSyncMs: number;
  /** Longest `wait=`, milliseconds: 60 s. */
  readonly longestWaitMs: number;
  /** How long outcomes of background jobs that came over HTTP are kept, milliseconds. 0 = not. */
  readonly retainMs: number;
  /** How long an Idempotency-Key counts, milliseconds: 24 h. */
  readonly idempotencyMs: number;
  /** One request body, bytes. */
  readonly maxBodyBytes: number;
  /** For the headers of a request, and between two pieces of its body, milliseconds: 10 s. */
  readonly patienceMs: number;
  /** Jobs in one bulk request: 1000. */
  readonly maxBulkJobs: number;
  /** Synchronous calls, long polls and streams at once, all callers together: 20,000. */
  readonly maxWaits: number;
  /** The same for one token or, without tokens, one address: 20,000. */
  readonly maxWaitsPerCaller: number;
  /** `POST /admin/shutdown` works. */
  readonly shutdownEnabled: boolean;
  /** `--protocol=http`: C gearmand's dialect on unknown paths; `strict` answers always 200. */
  readonly dialect: "none" | "sane" | "strict";
  /** Functions beyond which callers of HTTP cannot add another: 20,000, at 2 kB each. */
  readonly maxFunctions: number;
  /** Distinct function labels in the metrics: 500. */
  readonly maxFunctionLabels: number;
}

/** TLS of one port. Live. */
export interface PortSecurity {
  /** When its certificate ends, milliseconds since 1970. */
  readonly expiresAt: number;
  /** Peers with whom TLS could not be agreed on. */
  readonly refused: number;
}

/** Undefined for a port without TLS. */
export interface Security {
  readonly gearman: PortSecurity | undefined;
  readonly http: PortSecurity | undefined;
}

/** What handlers work with. */
export interface Gateway {
  readonly server: RunningServer;
  readonly config: GatewayConfig;
  /** What happens to each job, for streams, long polls and results. */
  readonly events: JobEvents;
  /** Counts and histograms of jobs (`figures.jobs`), HTTP requests (`figures.http`) and the event loop. */
  readonly figures: Figures;
  readonly schedules: Schedules;
  /** Counts and bounds the calls that wait. */
  readonly waits: Waits;
  /** Bounds the functions that callers make up. */
  readonly functionRoom: FunctionRoom;
  readonly security: Security;
  /** Milliseconds since 1970. */
  now(): number;
  log(level: "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG", text: string): void;
  /** As SIGTERM (`graceful`: as SIGUSR1). */
  shutdown(graceful: boolean): void;
}
