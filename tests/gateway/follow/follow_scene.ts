import assert from "node:assert/strict";
import type { Job, Submission } from "../../../src/core/mod.ts";
import { pushedBodyOf } from "../../../src/http/direct_bodies.ts";
import type { BodySource } from "../../../src/http/mod.ts";
import { startFixture } from "../../server/mod.ts";
import type { Asked } from "../asking.ts";
import { type GatewayOptions, GatewayScene } from "../gateway_scene.ts";

/** How long outcomes of `background` jobs are kept, milliseconds. */
export const RETAIN_MS = 3_600_000;

/** A server and its gateway, for those who follow jobs. */
export class FollowScene extends GatewayScene {
  static async start(options: GatewayOptions = {}): Promise<FollowScene> {
    return new FollowScene(await startFixture(options), options);
  }

  /** A background job that comes over HTTP and whose outcome is kept; answers its handle. */
  background(functionName: string, workload = "x", more: Partial<Submission> = {}): string {
    return this.submit(functionName, {
      workload: new TextEncoder().encode(workload),
      extras: { retainMs: RETAIN_MS, idempotency: null },
      ...more,
    }).handle;
  }

  job(handle: string): Job {
    return this.server.jobServer.table.findJob(handle) ?? assert.fail(`no job ${handle}`);
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
