import type { Listen, ListenAddress } from "../runtime/mod.ts";
import type { HttpLimits } from "./http_limits.ts";
import type { RequestTurns } from "./request_turns.ts";

/** Who asks. */
export interface HttpPeer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /**
   * Aborted when the peer is gone before its response was sent. Gone is also who ended its side of
   * the connection: a closed socket looks the same, and nobody is to be kept waiting for it. An answer
   * that is given all the same is still sent.
   */
  readonly signal: AbortSignal;
  /**
   * The whole request body, in memory of its own. Rejects with an `HttpError`: `BODY_TOO_LARGE` (at
   * once when Content-Length says so), `BODY_TOO_SLOW`, `PEER_GONE`, `BAD_REQUEST`. At most once.
   */
  body(maxBytes: number): Promise<Uint8Array>;
  /** The body in pieces as they come. Instead of `body`. Breaking off the loop gives up the rest. */
  bodyPieces(maxBytes: number): AsyncIterable<Uint8Array>;
}

/**
 * Answers a request. `request.url` is absolute, with the host that was asked for as authority; the
 * body is read through `peer`. A response with `content-length` keeps that, one without is chunked;
 * see `bytesResponse` and `pushedResponse` for the quick ways.
 */
export type HttpHandler = (request: Request, peer: HttpPeer) => Response | Promise<Response>;

export type HttpLogLevel = "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG";

export interface HttpServerOptions {
  readonly listen: Listen;
  readonly address: ListenAddress;
  readonly backlog: number;
  readonly limits: HttpLimits;
  readonly handle: HttpHandler;
  /** Shared by servers on one event loop with other work. Default: requests begin as they come. */
  readonly turns?: RequestTurns;
  /** What the `type` of a problem begins with, before its name (RFC 9457). */
  readonly problemBase: string;
  log(level: HttpLogLevel, text: string): void;
  /** Milliseconds since 1970, and timers: the server's clock. */
  readonly now: () => number;
  readonly later: (ms: number, callback: () => void) => () => void;
}

export interface RunningHttpServer {
  readonly address: ListenAddress;
  /** Open connections, and those opened, closed and refused since the start. Live. */
  readonly connections: {
    readonly open: number;
    readonly opened: number;
    readonly closed: number;
    /** Not served because too many were open; these are not among the others. */
    readonly refused: number;
  };
  /** Bytes received and sent since the start. Live. */
  readonly bytes: { readonly received: number; readonly sent: number };
  /** Stops accepting, lets running responses end for `graceMs`, then closes all. */
  close(graceMs: number): Promise<void>;
}
