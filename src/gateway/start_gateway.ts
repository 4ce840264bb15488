import {
  DEFAULT_HTTP_LIMITS,
  type HttpHandler,
  type HttpServerOptions,
  type RequestTurns,
  type RunningHttpServer,
  serveHttp,
} from "../http/mod.ts";
import { openLoopTurns } from "../runtime/mod.ts";
import type { RunningServer } from "../server/mod.ts";
import { createApp } from "./app.ts";
import { RecordedEvents } from "./events/mod.ts";
import { FunctionRoom } from "./function_room.ts";
import type { Gateway, GatewayConfig, Security } from "./gateway.ts";
import { Figures, type HttpTotals } from "./figures/mod.ts";
import { shareLoop } from "./loop_share.ts";
import { OpenCalls } from "./open_calls.ts";
import { PROBLEM_BASE } from "./problem_response.ts";
import { fallbackRoute, gatewayRoutes } from "./routes.ts";
import { Schedules } from "./schedules/mod.ts";
import { Tokens, Trust } from "./trust/mod.ts";
import { Waits } from "./waits.ts";

type ListenAddress = HttpServerOptions["address"];

/** Where the gateway listens, and whom it lets in. */
export interface GatewayDoor {
  /** Numeric addresses. */
  readonly listenOn: readonly ListenAddress[];
  readonly backlog: number;
  /** Undefined: nobody is asked for a token. */
  readonly tokensFile: string | undefined;
  /** Further names under which it may be asked for. */
  readonly hostNames: readonly string[];
  /** Any name will do where none is given: it is not only for this machine, or tokens are asked for. */
  readonly anyHost: boolean;
}

export interface GatewayParts {
  readonly server: RunningServer;
  readonly listen: HttpServerOptions["listen"];
  /** Default: none. */
  readonly security?: Security;
  log: Gateway["log"];
  /** Whether lines of a level are written at all. */
  logs(level: "DEBUG"): boolean;
  /** As SIGTERM (`graceful`: as SIGUSR1). */
  shutdown(graceful: boolean): void;
}

export interface RunningGateway {
  /** The addresses really bound. */
  readonly addresses: readonly ListenAddress[];
  /** Calls that wait are answered with `draining`; what is not over after `graceMs` is cut. */
  close(graceMs: number): Promise<void>;
}

/**
 * Serves HTTP on top of a running server. Rejects with a `TokenFileError` when the tokens cannot be used, and
 * with a `ListenError` when an address cannot be bound.
 */
export async function startGateway(
  config: GatewayConfig,
  door: GatewayDoor,
  parts: GatewayParts,
): Promise<RunningGateway> {
  const { server, log } = parts;
  const trust = trustOf(door, parts);
  const services = new Services(config, parts);
  const openCalls = new OpenCalls();
  const { http } = services.gateway.figures;
  const handle = createApp({
    gateway: services.gateway,
    trust,
    routes: gatewayRoutes(config.version),
    fallback: fallbackRoute(config.dialect),
    openCalls,
    countProblem: (type) => http.countProblem(type),
    observe: (route, method, status, seconds) => {
      http.observe(route, method, status, seconds);
      if (parts.logs("DEBUG")) log("DEBUG", `HTTP ${method} ${route} ${status}`);
    },
  });
  const loopTurns = openLoopTurns();
  services.start();
  let servers: readonly RunningHttpServer[];
  try {
    const turns = shareLoop(server, services.gateway.waits, loopTurns);
    servers = await listenOnAll(door, handle, turns, config, parts);
  } catch (error) {
    loopTurns.close();
    services.stop();
    throw error;
  }
  http.server = asOne(servers);
  return {
    addresses: servers.map(({ address }) => address),
    async close(graceMs) {
      openCalls.close();
      await Promise.all(servers.map((one) => one.close(graceMs)));
      loopTurns.close();
      services.stop();
    },
  };
}

const NO_TLS: Security = { gearman: undefined, http: undefined };

/** What handlers work with, from its making to its end. */
class Services {
  readonly gateway: Gateway;
  readonly #events: RecordedEvents;
  readonly #server: RunningServer;
  #unwatch: (() => void) | undefined;
  #stopped = false;

  constructor(
    config: GatewayConfig,
    { server, security = NO_TLS, log, shutdown }: GatewayParts,
  ) {
    this.#server = server;
    this.#events = new RecordedEvents(server.clock);
    this.gateway = {
      server,
      config,
      events: this.#events,
      figures: new Figures(server, config.maxFunctionLabels),
      schedules: new Schedules({ server, retainMs: config.retainMs, log }),
      security,
      functionRoom: new FunctionRoom(config.maxFunctions),
      waits: new Waits(config.maxWaits, config.maxWaitsPerCaller),
      now: () => server.clock.now(),
      log,
      shutdown,
    };
  }

  start(): void {
    this.#unwatch = this.#server.watch(this.#events);
    const { figures, schedules, server } = this.gateway;
    figures.start();
    // What the store holds of schedules is known when it is loaded; if it never is, the server says why.
    server.loaded.then(() => {
      if (!this.#stopped) schedules.start();
    }, () => {});
  }

  stop(): void {
    this.#stopped = true;
    this.gateway.schedules.close();
    this.gateway.figures.stop();
    this.#unwatch?.();
  }
}

function trustOf(door: GatewayDoor, { server, log }: GatewayParts): Trust {
  const tokens = door.tokensFile === undefined ? null : new Tokens(door.tokensFile, {
    now: () => server.clock.now(),
    later: (ms, callback) => server.clock.later(ms, callback),
    log,
  });
  const own = door.listenOn.map(({ hostname }) =>
    hostname.includes(":") ? `[${hostname}]` : hostname
  );
  const isAny = door.anyHost && door.hostNames.length === 0;
  return new Trust({ tokens, hostNames: isAny ? null : [...door.hostNames, ...own] });
}

async function listenOnAll(
  { listenOn, backlog }: GatewayDoor,
  handle: HttpHandler,
  turns: RequestTurns,
  { maxBodyBytes, patienceMs }: GatewayConfig,
  { server, listen, log }: GatewayParts,
): Promise<RunningHttpServer[]> {
  const servers: RunningHttpServer[] = [];
  try {
    for (const address of listenOn) {
      servers.push(
        await serveHttp({
          listen,
          address,
          backlog,
          limits: {
            ...DEFAULT_HTTP_LIMITS,
            maxBodyBytes,
            headMs: patienceMs,
            bodyIdleMs: patienceMs,
          },
          handle,
          turns,
          problemBase: PROBLEM_BASE,
          log,
          now: () => server.clock.now(),
          later: (ms, callback) => server.clock.later(ms, callback),
        }),
      );
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map((one) => one.close(0)));
    throw error;
  }
}

/** The figures of several listeners together. */
function asOne(
  servers: readonly RunningHttpServer[],
): HttpTotals {
  const sum = (figure: (server: RunningHttpServer) => number) =>
    servers.reduce((total, server) => total + figure(server), 0);
  return {
    addresses: servers.map(({ address }) => address),
    connections: {
      get open() {
        return sum(({ connections }) => connections.open);
      },
      get opened() {
        return sum(({ connections }) => connections.opened);
      },
      get closed() {
        return sum(({ connections }) => connections.closed);
      },
      get refused() {
        return sum(({ connections }) => connections.refused);
      },
    },
    bytes: {
      get received() {
        return sum(({ bytes }) => bytes.received);
      },
      get sent() {
        return sum(({ bytes }) => bytes.sent);
      },
    },
  };
}
