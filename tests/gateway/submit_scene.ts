import { createApp } from "../../src/gateway/app.ts";
import { DIALECT_ROUTE } from "../../src/gateway/dialect/mod.ts";
import { RecordedEvents } from "../../src/gateway/follow/mod.ts";
import type { Gateway, GatewayConfig } from "../../src/gateway/gateway.ts";
import { Figures } from "../../src/gateway/metrics/mod.ts";
import { OpenCalls } from "../../src/gateway/open_calls.ts";
import { Schedules } from "../../src/gateway/schedules/mod.ts";
import { SUBMIT_ROUTES } from "../../src/gateway/submit/mod.ts";
import { Waits } from "../../src/gateway/waits.ts";
import { type BodyWriter, pushedBodyOf } from "../../src/http/direct_bodies.ts";
import { HttpError, type HttpHandler } from "../../src/http/mod.ts";
import type { RunningServer } from "../../src/server/mod.ts";
import {
  type FakeClock,
  type Fixture,
  type FixtureOptions,
  type MemoryPeer,
  startFixture,
  turn,
} from "../server/mod.ts";
import { TEST_CONFIG } from "./app_scene.ts";
import { type Answer, answerOf, type Asked, respond, trustIn } from "./asking.ts";
import { bytesOfResponse } from "./response_body.ts";

export interface SubmitOptions extends FixtureOptions {
  readonly gateway?: Partial<GatewayConfig>;
  /** Function globs by token, each with the role `submit`; without it everybody may do everything. */
  readonly tokens?: Readonly<Record<string, string>>;
}

/** A call under way. */
export interface OpenCall {
  /** What it was answered; undefined while it waits. */
  answer: Answer | undefined;
  readonly answered: Promise<Answer>;
  /** The caller hangs up. */
  leave(): Promise<void>;
}

/** A whole server on a memory network, with a gateway that takes jobs, and no sockets. */
export class SubmitScene {
  readonly server: RunningServer;
  readonly clock: FakeClock;
  readonly gateway: Gateway;
  readonly waits = new Waits(100, 3);
  readonly openCalls = new OpenCalls();
  readonly #fixture: Fixture;
  readonly #handle: HttpHandler;

  private constructor(fixture: Fixture, { gateway = {}, tokens }: SubmitOptions) {
    this.#fixture = fixture;
    this.server = fixture.server;
    this.clock = fixture.clock;
    const config = { ...TEST_CONFIG, ...gateway };
    const events = new RecordedEvents(this.clock);
    this.server.watch(events);
    const log = (level: string, text: string) => fixture.log.push(`${level} ${text}`);
    this.gateway = {
      config,
      server: this.server,
      events,
      figures: new Figures(this.server, config.maxFunctionLabels, this.clock.now),
      schedules: new Schedules({ server: this.server, retainMs: 0, log }),
      waits: this.waits,
      now: this.clock.now,
      log,
      shutdown: () => {},
    };
    const submitters = Object.entries(tokens ?? {}).map(([token, glob]) =>
      [token, ["submit", glob]] as const
    );
    this.#handle = createApp({
      gateway: this.gateway,
      trust: trustIn(tokens && Object.fromEntries(submitters)),
      routes: SUBMIT_ROUTES,
      fallback: config.dialect === "none" ? undefined : DIALECT_ROUTE,
      openCalls: this.openCalls,
      observe: () => {},
    });
  }

  static async start(options: SubmitOptions = {}): Promise<SubmitScene> {
    return new SubmitScene(await startFixture(options), options);
  }

  get log(): readonly string[] {
    return this.#fixture.log;
  }

  /** Jobs that are known, ignored ones too. */
  get jobs(): number {
    return this.server.jobServer.table.jobCount;
  }

  connect(): MemoryPeer {
    return this.#fixture.connect();
  }

  /** A worker that can do these functions and asks for jobs when told. */
  worker(...functions: string[]): MemoryPeer {
    const peer = this.connect();
    for (const name of functions) peer.send("CAN_DO", name);
    return peer;
  }

  /** `POST /jobs/f`, …: starts a call and lets it go as far as it can. */
  async begin(what: string, asked: Asked = {}): Promise<OpenCall> {
    const gone = new AbortController();
    const answered = this.#ask(what, asked, gone.signal);
    const call: OpenCall = {
      answer: undefined,
      answered,
      async leave() {
        gone.abort(new HttpError("PEER_GONE", "The peer has closed the connection"));
        await turn();
      },
    };
    answered.then((answer) => call.answer = answer, () => {});
    await turn();
    return call;
  }

  async ask(what: string, asked: Asked = {}): Promise<Answer> {
    return await (await this.begin(what, asked)).answered;
  }

  async #ask(what: string, asked: Asked, signal: AbortSignal): Promise<Answer> {
    const response = await this.respond(what, { ...asked, signal });
    return await answerOf(response, async (one) => await pushedBytes(one) ?? bytesOfResponse(one));
  }

  /** The response itself, with its body not yet read. */
  respond(what: string, asked: Asked = {}): Promise<Response> {
    return respond(this.#handle, what, asked);
  }
}

/** The body of a response that is written over time, to its end. */
function pushedBytes(response: Response): Promise<Uint8Array> | undefined {
  const start = pushedBodyOf(response);
  if (start === undefined) return undefined;
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    const writer: BodyWriter = {
      write(piece) {
        pieces.push(piece);
        return true;
      },
      end: () => resolve(Uint8Array.from(pieces.flatMap((piece) => [...piece]))),
    };
    start(writer);
  });
}

/** What a worker gets when it asks for a job, e.g. `JOB_ASSIGN handle|function|workload`. */
export async function asked(
  worker: MemoryPeer,
  request: "GRAB_JOB" | "GRAB_JOB_UNIQ",
): Promise<string> {
  await turn();
  worker.take();
  worker.send(request);
  await turn();
  return worker.take().join();
}

/** The handle of the job that a worker gets. */
export async function grabbed(worker: MemoryPeer): Promise<string> {
  const packet = await asked(worker, "GRAB_JOB");
  return /^JOB_ASSIGN ([^|]+)\|/.exec(packet)?.[1] ?? packet;
}
