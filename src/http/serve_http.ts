import type { Connection, ConnectionHandler, Listener, ListenerHandler } from "../runtime/mod.ts";
import { HttpConnection } from "./http_connection.ts";
import type { HostedConnection, HttpHost } from "./http_host.ts";
import type { HttpLimits } from "./http_limits.ts";
import { refusal, RefusedRequest } from "./http_problems.ts";
import type { HttpLogLevel, HttpServerOptions, RunningHttpServer } from "./http_server.ts";

/** Longest time between two sweeps, milliseconds: deadlines are late by at most this. */
const LONGEST_SWEEP_MS = 1_000;
const SHORTEST_SWEEP_MS = 10;

/** What a listener sets on connections: a peer that vanished is found by the deadlines. */
const KEEP_ALIVE = { enabled: true } as const;

/** Serves HTTP/1.1; rejects with a `ListenError` when the address cannot be bound. */
export async function serveHttp(options: HttpServerOptions): Promise<RunningHttpServer> {
  const server = new HttpServer(options);
  await server.open();
  return server;
}

/** Where HTTP is alone. */
const AT_ONCE: HttpHost["turns"] = { admits: () => true };

class HttpServer implements RunningHttpServer, HttpHost, ListenerHandler {
  readonly limits: HttpLimits;
  readonly handle;
  readonly turns: HttpHost["turns"];
  readonly problemBase: string;
  readonly sweepMs: number;
  readonly connections = { open: 0, opened: 0, closed: 0, refused: 0 };
  readonly bytes = { received: 0, sent: 0 };
  isStopping = false;
  readonly #options: HttpServerOptions;
  readonly #open = new Set<HostedConnection>();
  #listener: Listener | undefined;
  #cancelSweep: (() => void) | null = null;
  readonly #waitingForEnd: (() => void)[] = [];

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.handle = options.handle;
    this.turns = options.turns ?? AT_ONCE;
    this.problemBase = options.problemBase;
    this.sweepMs = sweepMsFor(options.limits);
  }

  async open(): Promise<void> {
    const { listen, address, backlog } = this.#options;
    this.#listener = await listen({ ...address, backlog, keepAlive: KEEP_ALIVE }, this);
  }

  get address() {
    return this.#listener!.address;
  }

  get authority(): string {
    const { hostname, port } = this.address;
    return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  }

  async close(graceMs: number): Promise<void> {
    this.isStopping = true;
    await this.#listener!.close();
    for (const connection of this.#open) connection.stop();
    if (this.#open.size === 0) return;
    const allClosed = new Promise<void>((resolve) => this.#waitingForEnd.push(resolve));
    const cancel = this.#options.later(graceMs, () => {
      for (const connection of this.#open) connection.drop();
    });
    await allClosed;
    cancel();
  }

  // From the listener

  connection(socket: Connection): ConnectionHandler {
    if (this.#open.size >= this.limits.maxConnections || this.isStopping) {
      return this.#refuse(socket);
    }
    const connection = new HttpConnection(this, socket);
    this.#open.add(connection);
    this.connections.opened++;
    this.connections.open++;
    this.#sweepLater();
    return connection;
  }

  acceptFailed(cause: unknown): void {
    this.log("WARNING", `Cannot accept HTTP connections at the moment: ${String(cause)}`);
  }

  acceptResumed(): void {
    this.log("NOTICE", "HTTP connections are accepted again");
  }

  // From the connections

  now(): number {
    return this.#options.now();
  }

  log(level: HttpLogLevel, text: string): void {
    this.#options.log(level, text);
  }

  closed(connection: HostedConnection): void {
    this.#open.delete(connection);
    this.connections.open--;
    this.connections.closed++;
    if (this.#open.size > 0) return;
    this.#cancelSweep?.();
    this.#cancelSweep = null;
    for (const resolve of this.#waitingForEnd.splice(0)) resolve();
  }

  #refuse(socket: Connection): ConnectionHandler {
    this.connections.refused++;
    const error = new RefusedRequest("too-many-connections", "Try again later, or close some");
    const response = refusal(this.problemBase, error, this.now());
    this.bytes.sent += response.length;
    socket.write(response);
    socket.end();
    return { data() {}, drained() {}, ended() {}, closed() {} };
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.later(this.sweepMs, () => {
      this.#cancelSweep = null;
      for (const connection of this.#open) connection.sweep();
      if (this.#open.size > 0) this.#sweepLater();
    });
  }
}

/** Often enough for the shortest of the limits, seldom enough to cost nothing. */
function sweepMsFor({ headMs, bodyIdleMs, keepAliveMs, sendIdleMs }: HttpLimits): number {
  const shortest = Math.min(headMs, bodyIdleMs, keepAliveMs, sendIdleMs);
  return Math.max(SHORTEST_SWEEP_MS, Math.min(LONGEST_SWEEP_MS, Math.floor(shortest / 4)));
}
