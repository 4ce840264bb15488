import type { Submission } from "../../../src/core/mod.ts";
import { createApp } from "../../../src/gateway/app.ts";
import type { Gateway, GatewayConfig } from "../../../src/gateway/gateway.ts";
import { Figures, HEALTH_ROUTES } from "../../../src/gateway/metrics/mod.ts";
import { OpenCalls } from "../../../src/gateway/open_calls.ts";
import { OPERATE_ROUTES } from "../../../src/gateway/operate/mod.ts";
import { Waits } from "../../../src/gateway/waits.ts";
import type { HttpHandler } from "../../../src/http/mod.ts";
import type { RunningServer } from "../../../src/server/mod.ts";
import {
  type FakeClock,
  type Fixture,
  type FixtureOptions,
  type MemoryPeer,
  startFixture,
  turn,
} from "../../server/mod.ts";
import { TEST_CONFIG } from "../app_scene.ts";
import { type Answer, answerOf, type Asked, respond, type TokenTable, trustIn } from "../asking.ts";

export interface OperateOptions extends FixtureOptions {
  readonly gateway?: Partial<GatewayConfig>;
  /** Roles and function globs by token; without it everybody may do everything. */
  readonly tokens?: TokenTable;
}

/** A whole server on a memory network, with a gateway that has routes to operate it, and no sockets. */
export class OperateScene {
  readonly server: RunningServer;
  readonly clock: FakeClock;
  readonly figures: Figures;
  readonly log: string[];
  readonly shutdowns: boolean[] = [];
  /** So long, in milliseconds, no timer has rung although its time had come. */
  hangMs = 0;
  readonly #fixture: Fixture;
  readonly #handle: HttpHandler;

  private constructor(fixture: Fixture, { gateway = {}, tokens }: OperateOptions) {
    this.#fixture = fixture;
    this.server = fixture.server;
    this.clock = fixture.clock;
    this.log = fixture.log;
    const config = { ...TEST_CONFIG, ...gateway };
    const monotonic = () => this.clock.now() + this.hangMs;
    this.figures = new Figures(this.server, config.maxFunctionLabels, monotonic);
    this.figures.start();
    const parts: Omit<Gateway, "events" | "schedules"> = {
      config,
      server: this.server,
      figures: this.figures,
      waits: new Waits(100, 100),
      now: this.clock.now,
      log: (level, text) => this.log.push(`${level} ${text}`),
      shutdown: (graceful) => this.shutdowns.push(graceful),
    };
    this.#handle = createApp({
      // Nothing here follows jobs or keeps schedules.
      gateway: parts as Gateway,
      trust: trustIn(tokens),
      routes: [...OPERATE_ROUTES, ...HEALTH_ROUTES],
      openCalls: new OpenCalls(),
      observe: (...what) => this.figures.http.observe(...what),
      countProblem: (type) => this.figures.http.countProblem(type),
    });
  }

  static async start(options: OperateOptions = {}): Promise<OperateScene> {
    return new OperateScene(await startFixture(options), options);
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

  /** A submission that comes over HTTP: nobody waits for it. */
  submitOverHttp(functionName: string, submission: Partial<Submission> = {}): void {
    this.server.act((jobServer, now) =>
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
  }

  /** `GET /path`, `POST /path?x=1`, … */
  async ask(what: string, asked: Asked = {}): Promise<Answer> {
    const response = await respond(this.#handle, what, asked);
    await turn();
    return await answerOf(response);
  }

  /** A change of a policy. */
  async patch(name: string, patch: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return await this.ask(`PATCH /queues/${name}`, {
      headers: { "content-type": "application/merge-patch+json", ...headers },
      body: JSON.stringify(patch),
    });
  }
}
