import { byteStringFrom } from "../../src/protocol/mod.ts";
import { deadline, type ReceivedPacket, type RunningCogd, WireClient } from "../support/mod.ts";

/** How long one answer may take, milliseconds: longer than the slowest that is tested, a slow body. */
const ANSWER_MS = 120_000;

export type Json = Record<string, unknown>;

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: Json;
  /** Name of the problem; empty for what is none. */
  readonly problem: string;
}

export interface Asked {
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** `POST /jobs/f`, … Rejects when the connection breaks. */
export async function ask(url: string, what: string, asked: Asked = {}): Promise<Answer> {
  const [method, path] = what.split(" ") as [string, string];
  const { body, headers = {}, signal } = asked;
  const answer = async () => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
  };
  const { response, bytes } = await deadline(answer(), ANSWER_MS, `an answer to ${what}`);
  const { status, headers: answered } = response;
  const type = answered.get("content-type") ?? "";
  const isJson = /json$/.test(type);
  const text = isJson || bytes.length < 1_000_000 ? new TextDecoder().decode(bytes) : "";
  const json = isJson && !/ndjson$/.test(type) ? JSON.parse(text) as Json : {};
  const problem = type === "application/problem+json"
    ? String(json["type"]).replace("/problems/", "")
    : "";
  return { status, headers: answered, bytes, text, json, problem };
}

/** A job as a worker got it. */
export interface Assigned {
  readonly handle: string;
  readonly functionName: string;
  readonly unique: string;
  readonly data: Uint8Array;
}

/** A connection that can do functions, and is told what to do with each job. */
export class JobWorker {
  readonly peer: WireClient;

  private constructor(peer: WireClient) {
    this.peer = peer;
  }

  static async connect(cogd: RunningCogd, ...functions: string[]): Promise<JobWorker> {
    const peer = await WireClient.connect(cogd.port, { patienceMs: ANSWER_MS });
    for (const name of functions) peer.send("CAN_DO", { args: [name] });
    return new JobWorker(peer);
  }

  /** The next job, as soon as there is one. */
  async next(): Promise<Assigned> {
    for (;;) {
      this.peer.send("GRAB_JOB_UNIQ");
      let packet: ReceivedPacket;
      do packet = await this.peer.readPacket(); while (packet.name === "NOOP");
      if (packet.name === "JOB_ASSIGN_UNIQ") {
        const [handle, functionName, unique] = packet.args as [string, string, string];
        return { handle, functionName, unique, data: packet.data };
      }
      this.peer.send("PRE_SLEEP");
      await this.peer.expect("NOOP");
    }
  }

  complete({ handle }: Assigned, data: Uint8Array | string): void {
    this.peer.send("WORK_COMPLETE", { args: [handle], data });
  }

  /** Does so many jobs, many at a time. */
  async doAll(count: number, result: (job: Assigned) => string): Promise<void> {
    for (let left = count; left > 0;) {
      const some = Math.min(left, 500);
      for (let i = 0; i < some; i++) this.peer.send("GRAB_JOB_UNIQ");
      for (let i = 0; i < some; i++) {
        const { args, data } = await this.peer.expect("JOB_ASSIGN_UNIQ");
        const [handle, functionName, unique] = args as [string, string, string];
        const job = { handle, functionName, unique, data };
        this.complete(job, result(job));
      }
      left -= some;
    }
  }

  /** Gives back the workload of so many jobs; answers what they were. */
  async echo(count: number): Promise<string[]> {
    const seen: string[] = [];
    for (let i = 0; i < count; i++) {
      const job = await this.next();
      seen.push(job.data.length > 100 ? "" : byteStringFrom(job.data));
      this.complete(job, job.data);
    }
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer.close();
  }
}
