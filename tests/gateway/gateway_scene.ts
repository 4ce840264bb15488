import assert from "node:assert/strict";
import type { Job, Submission } from "../../src/core/mod.ts";
import { createApp } from "../../src/gateway/app.ts";
import {
  type AllEventsBounds,
  EVENT_BOUNDS,
  RecordedEvents,
} from "../../src/gateway/events/mod.ts";
import { FunctionRoom } from "../../src/gateway/function_room.ts";
import { Figures } from "../../src/gateway/figures/mod.ts";
import type { Gateway, GatewayConfig, Security } from "../../src/gateway/gateway.ts";
import { OpenCalls } from "../../src/gateway/open_calls.ts";
import { fallbackRoute, gatewayRoutes } from "../../src/gateway/routes.ts";
import { Schedules } from "../../src/gateway/schedules/mod.ts";
import type { Trust } from "../../src/gateway/trust/mod.ts";
import { Waits } from "../../src/gateway/waits.ts";
import type { HttpHandler } from "../../src/http/mod.ts";
import type { RunningServer } from "../../src/server/mod.ts";
import {
  type FakeClock,
  type Fixture,
  type FixtureOptions,
  type MemoryPeer,
  turn,
} from "../server/mod.ts";
import { TEST_CONFIG } from "./app_scene.ts";
import { type Answer, answerOf, type Asked, respond, type TokenTable, trustIn } from "./asking.ts";

export interface GatewayOptions extends FixtureOptions {
  readonly gateway?: Partial<GatewayConfig>;
  /** Roles and function globs by token; without it everybody may do everything. */
  readonly tokens?: TokenTable | undefined;
  /** In place of `tokens`. */
  readonly trust?: (clock: FakeClock) => Trust;
  readonly bounds?: Partial<AllEventsBounds>;
  readonly mostWaits?: number;
  readonly mostWaitsPerCaller?: number;
  /** Default: no port has TLS. */
  readonly security?: Security;
}

/** A whole server on a memory network with the whole gateway, and no sockets. */
export class GatewayScene {
  readonly server: RunningServer;
  readonly clock: FakeClock;
  readonly gateway: Gateway;
  readonly events: RecordedEvents;
  readonly figures: Figures;
  readonly waits: Waits;
  readonly openCalls = new OpenCalls();
  readonly log: string[];
  readonly shutdowns: boolean[] = [];
  /** So long, in milliseconds, no timer has rung although its time had come. */
  hangMs = 0;
  readonly #fixture: Fixture;
  readonly #handle: HttpHandler;

  constructor(fixture: Fixture, options: GatewayOptions) {
    const { server, clock, log } = fixture;
    const { mostWaits = 100, mostWaitsPerCaller = mostWaits, tokens } = options;
    const config = { ...TEST_CONFIG, ...options.gateway };
    const tell = (level: string, text: string) => void log.push(`${level} ${text}`);
    this.#fixture = fixture;
    this.server = server;
    this.clock = clock;
    this.log = log;
    this.events = new RecordedEvents(clock, { ...EVENT_BOUNDS, ...options.bounds });
    server.watch(this.events);
    this.figures = new Figures(server, config.maxFunctionLabels, () => clock.now() + this.hangMs);
    this.waits = new Waits(mostWaits, mostWaitsPerCaller);
    const gateway = {
      server,
      config,
      events: this.events,
      figures: this.figures,
      schedules: new Schedules({ server, retainMs: 0, log: tell }),
      waits: this.waits,
      functionRoom: new FunctionRoom(config.maxFunctions),
      now: clock.now,
      log: tell,
      security: options.security ?? { gearman: undefined, http: undefined },
      shutdown: (graceful: boolean) => void this.shutdowns.push(graceful),
    };
    this.gateway = gateway;
    this.#handle = createApp({
      gateway: this.gateway,
      trust: options.trust?.(clock) ?? trustIn(tokens),
      routes: gatewayRoutes(config.version),
      fallback: fallbackRoute(config.dialect),
      openCalls: this.openCalls,
      observe: (...what) => this.figures.http.observe(...what),
      countProblem: (type) => this.figures.http.countProblem(type),
    });
  }

  connect(): MemoryPeer {
    return this.#fixture.connect();
  }

  /** A worker that can do these functions. */
  worker(...functions: string[]): MemoryPeer {
    const peer = this.connect();
    for (const name of functions) peer.send("CAN_DO", name);
    return peer;
  }

  /** A background job that comes over HTTP, with three bytes and no outcome kept unless told otherwise. */
  submit(functionName: string, submission: Partial<Submission> = {}): Job {
    const admission = this.server.act((jobServer, now) =>
      jobServer.submit(
        {
          functionName,
          unique: "",
          workload: new Uint8Array(3),
          priority: 1,
          notBefore: 0,
          reducer: "",
          background: true,
          extras: { retainMs: 0, idempotency: null },
          ...submission,
        },
        null,
        now,
      )
    );
    return admission.kind === "refused" ? assert.fail(admission.reason) : admission.job;
  }

  /** The response to `GET /path`, `POST /path?x=1`, …, with its body not yet read. */
  respond(what: string, asked: Asked = {}): Promise<Response> {
    return respond(this.#handle, what, asked);
  }

  async ask(what: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.respond(what, asked);
    await turn();
    return await answerOf(response);
  }
}
