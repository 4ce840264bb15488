import {
  type HttpHandler,
  type HttpLimits,
  type HttpServerOptions,
  type RequestTurns,
  type RunningHttpServer,
  serveHttp,
} from "../../src/http/mod.ts";
import type {
  Connection,
  ConnectionHandler,
  Listen,
  ListenerHandler,
} from "../../src/runtime/mod.ts";
import { FakeClock } from "../server/mod.ts";
import { type ReceivedResponse, responsesIn } from "./received_response.ts";

/** Small and round, so that tests can pass each of them. */
export const TEST_LIMITS: HttpLimits = {
  maxHeadBytes: 1024,
  headMs: 10_000,
  bodyIdleMs: 10_000,
  minBodyBytesPerSecond: 10,
  maxBodyBytes: 1_000_000,
  keepAliveMs: 60_000,
  maxConnections: 3,
  maxStreamBytes: 1000,
  sendIdleMs: 30_000,
};

/** A server without sockets: what peers send and receive is moved by hand, so tests are exact. */
export class MemoryServer {
  readonly clock = new FakeClock();
  readonly log: string[] = [];
  http!: RunningHttpServer;
  #handler!: ListenerHandler;
  isListening = false;

  static async open(
    handle: HttpHandler,
    limits: Partial<HttpLimits> = {},
    turns?: RequestTurns,
  ): Promise<MemoryServer> {
    const server = new MemoryServer();
    const listen: Listen = (options, handler) => {
      server.#handler = handler;
      server.isListening = true;
      const close = () => {
        server.isListening = false;
        return Promise.resolve();
      };
      return Promise.resolve({ address: { ...options, port: 8080 }, close });
    };
    server.http = await serveHttp({
      ...server.#options(listen, handle, { ...TEST_LIMITS, ...limits }),
      ...(turns === undefined ? {} : { turns }),
    });
    return server;
  }

  connect(): MemoryPeer {
    return new MemoryPeer(this.#handler);
  }

  #options(listen: Listen, handle: HttpHandler, limits: HttpLimits): HttpServerOptions {
    return {
      listen,
      handle,
      limits,
      address: { hostname: "127.0.0.1", port: 0 },
      backlog: 16,
      problemBase: "/problems/",
      log: (level, text) => this.log.push(`${level} ${text}`),
      now: this.clock.now,
      later: this.clock.later,
    };
  }
}

/** The far end of a connection. */
export class MemoryPeer implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 40_000;
  /** All that came, one character per byte. */
  received = "";
  /** What `write` answers: false plays a peer that does not read. */
  reads = true;
  paused = false;
  /** The server said that it sends no more. */
  ended = false;
  destroyed = false;
  /** How often the server wrote. */
  writes = 0;
  readonly #server: ConnectionHandler;
  #isClosed = false;

  constructor(handler: ListenerHandler) {
    this.#server = handler.connection(this);
  }

  // What the test does

  send(text: string): void {
    this.sendBytes(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  }

  /** As the runtime does: the array is used again as soon as the server returns. */
  sendBytes(bytes: Uint8Array): void {
    const lent = bytes.slice();
    this.#server.data(lent);
    lent.fill(0xee);
  }

  halfClose(): void {
    this.#server.ended();
  }

  hangUp(cause?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#server.closed(cause);
  }

  /** Takes what waits; `reads` says whether it takes what comes next, too. */
  readOn(reads = true): void {
    this.reads = reads;
    this.#server.drained();
  }

  /** Sends a request and answers what came back when everything stands still. */
  async ask(text: string): Promise<string> {
    this.received = "";
    this.send(text);
    await settled();
    return this.received;
  }

  /** The responses that came, read by their framing. */
  responses(methods?: readonly string[]): ReceivedResponse[] {
    return responsesIn(this.received, methods);
  }

  // Connection

  write(bytes: Uint8Array): boolean {
    if (this.ended || this.destroyed) return true;
    this.writes++;
    for (const byte of bytes) this.received += String.fromCharCode(byte);
    return this.reads;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.ended = true;
    queueMicrotask(() => this.hangUp());
  }
  destroy(): void {
    this.destroyed = true;
    queueMicrotask(() => this.hangUp());
  }
}

/** Everything that was about to happen has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
