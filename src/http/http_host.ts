import type { HttpLimits } from "./http_limits.ts";
import type { HttpHandler, HttpLogLevel } from "./http_server.ts";
import type { RequestTurns } from "./request_turns.ts";

/** A connection, as the server sees it. */
export interface HostedConnection {
  /** Looks for deadlines that have passed. */
  sweep(): void;
  /** Takes no further request; closes when no response is being sent. */
  stop(): void;
  /** Closes at once. */
  drop(): void;
}

/** What all connections share. */
export interface HttpHost {
  readonly limits: HttpLimits;
  readonly handle: HttpHandler;
  readonly turns: Pick<RequestTurns, "admits">;
  /** Own address and port, for requests that name no host. */
  readonly authority: string;
  readonly problemBase: string;
  /** Between two sweeps, milliseconds. */
  readonly sweepMs: number;
  readonly bytes: { received: number; sent: number };
  /** No request is taken after the running ones. */
  readonly isStopping: boolean;
  now(): number;
  log(level: HttpLogLevel, text: string): void;
  closed(connection: HostedConnection): void;
}
