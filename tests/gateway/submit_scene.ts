import type { BodyWriter } from "../../src/http/body_writer.ts";
import { pushedBodyOf } from "../../src/http/direct_bodies.ts";
import { HttpError } from "../../src/http/mod.ts";
import { type MemoryPeer, startFixture, turn } from "../server/mod.ts";
import { type Answer, answerOf, type Asked } from "./asking.ts";
import { type GatewayOptions, GatewayScene } from "./gateway_scene.ts";
import { bytesOfResponse } from "./response_body.ts";

export interface SubmitOptions extends Omit<GatewayOptions, "tokens"> {
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

/** A server and its gateway, for those who submit jobs. */
export class SubmitScene extends GatewayScene {
  static async start({ tokens, ...options }: SubmitOptions = {}): Promise<SubmitScene> {
    const submitters = Object.entries(tokens ?? {}).map(([token, glob]) =>
      [token, ["submit", glob]] as const
    );
    return new SubmitScene(await startFixture(options), {
      mostWaitsPerCaller: 3,
      ...options,
      tokens: tokens && Object.fromEntries(submitters),
    });
  }

  /** Jobs that are known, ignored ones too. */
  get jobs(): number {
    return this.server.jobServer.table.jobCount;
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

  override async ask(what: string, asked: Asked = {}): Promise<Answer> {
    return await (await this.begin(what, asked)).answered;
  }

  async #ask(what: string, asked: Asked, signal: AbortSignal): Promise<Answer> {
    const response = await this.respond(what, { ...asked, signal });
    return await answerOf(response, async (one) => await pushedBytes(one) ?? bytesOfResponse(one));
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
