import assert from "node:assert/strict";
import type { Job, Submission } from "../../../src/core/mod.ts";
import { createApp } from "../../../src/gateway/app.ts";
import { EVENT_BOUNDS, FOLLOW_ROUTES, RecordedEvents } from "../../../src/gateway/follow/mod.ts";
import type { AllEventsBounds } from "../../../src/gateway/follow/recorded_events.ts";
import type { Gateway } from "../../../src/gateway/gateway.ts";
import { OpenCalls } from "../../../src/gateway/open_calls.ts";
import { Waits } from "../../../src/gateway/waits.ts";
import { pushedBodyOf } from "../../../src/http/direct_bodies.ts";
import type { BodySource, HttpHandler } from "../../../src/http/mod.ts";
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

export interface FollowOptions extends FixtureOptions {
  readonly bounds?: Partial<AllEventsBounds>;
  readonly mostWaits?: number;
  /** Roles and function globs by token; without it everybody may do everything. */
  readonly tokens?: TokenTable;
}

/** How long outcomes of `background` jobs are kept, milliseconds. */
export const RETAIN_MS = 3_600_000;

/** A whole server on a memory network, with the routes that follow jobs, and no sockets. */
export class FollowScene {
  readonly server: RunningServer;
  readonly clock: FakeClock;
  readonly events: RecordedEvents;
  readonly waits: Waits;
  readonly #fixture: Fixture;
  readonly #handle: HttpHandler;

  private constructor(fixture: Fixture, { bounds = {}, mostWaits = 100, tokens }: FollowOptions) {
    this.#fixture = fixture;
    this.server = fixture.server;
    this.clock = fixture.clock;
    this.events = new RecordedEvents(this.clock, { ...EVENT_BOUNDS, ...bounds });
    this.waits = new Waits(mostWaits, mostWaits);
    this.server.watch(this.events);
    const parts: Omit<Gateway, "figures" | "schedules"> = {
      config: TEST_CONFIG,
      server: this.server,
      events: this.events,
      waits: this.waits,
      now: this.clock.now,
      log: (level, text) => assert.fail(`${level} ${text}`),
      shutdown: () => assert.fail("no shutdown was asked for"),
    };
    this.#handle = createApp({
      // Nothing here counts or keeps schedules.
      gateway: parts as Gateway,
      trust: trustIn(tokens),
      routes: FOLLOW_ROUTES,
      openCalls: new OpenCalls(),
      observe: () => {},
    });
  }

  static async start(options: FollowOptions = {}): Promise<FollowScene> {
    return new FollowScene(await startFixture(options), options);
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

  /** A background job that comes over HTTP; answers its handle. */
  background(functionName: string, workload = "x", more: Partial<Submission> = {}): string {
    const admission = this.server.act((jobServer, now) =>
      jobServer.submit(
        {
          functionName,
          unique: "",
          workload: new TextEncoder().encode(workload),
          priority: 1,
          notBefore: 0,
          reducer: "",
          background: true,
          extras: { retainMs: RETAIN_MS, idempotency: null },
          ...more,
        },
        null,
        now,
      )
    );
    return admission.kind === "refused" ? assert.fail(admission.reason) : admission.job.handle;
  }

  job(handle: string): Job {
    return this.server.jobServer.table.findJob(handle) ?? assert.fail(`no job ${handle}`);
  }

  /** The response to `GET /path`, `DELETE /path?x=1`, …, not read yet. */
  respond(what: string, asked: Asked = {}): Promise<Response> {
    return respond(this.#handle, what, asked);
  }

  async ask(what: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.respond(what, asked);
    await turn();
    return await answerOf(response);
  }

  /** `GET /path`, which must be answered with 200 and JSON. */
  async get(path: string, asked: Asked = {}): Promise<Record<string, unknown>> {
    const answer = await this.ask(`GET ${path}`, asked);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  /** Opens a stream of events. */
  async follow(path: string, asked: Asked = {}): Promise<StreamReader> {
    const response = await this.respond(`GET ${path}`, asked);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    return new StreamReader(response);
  }
}

/** One event as a reader sees it. */
export interface SeenEvent {
  readonly id: number;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** The far end of a stream of events. */
export class StreamReader {
  /** What came and was not taken yet. */
  text = "";
  ended = false;
  readonly #source: BodySource;

  constructor(response: Response) {
    const start = pushedBodyOf(response) ?? assert.fail("the response is no stream");
    this.#source = start({
      write: (piece) => {
        this.text += new TextDecoder().decode(piece);
        return true;
      },
      end: () => {
        this.ended = true;
      },
    });
  }

  /** The reader goes away. */
  leave(): void {
    this.#source.gone();
  }

  takeText(): string {
    const { text } = this;
    this.text = "";
    return text;
  }

  /** The events that came since the last call; comments are left out. */
  take(): SeenEvent[] {
    return eventsIn(this.takeText());
  }

  /** The same as `id name`. */
  names(): string[] {
    return this.take().map(({ id, name }) => `${id} ${name}`);
  }
}

/** Reads server-sent events as the standard says, as far as this server uses it. */
export function eventsIn(text: string): SeenEvent[] {
  return text.split("\n\n").filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const match = /^id: (\d+)\nevent: (\w+)\ndata: (\{[^\n\r]*\})$/.exec(block) ??
        assert.fail(`no event: ${JSON.stringify(block)}`);
      return { id: Number(match[1]), name: match[2]!, data: JSON.parse(match[3]!) };
    });
}
