import type { Buffer } from "node:buffer";
import { FrameWalker, Type } from "./frames.ts";
import type { LatencySamples } from "./latency.ts";
import { type Link, openLink } from "./link.ts";
import type { Submissions } from "./submissions.ts";

export interface ClientOptions {
  readonly port: number;
  readonly submissions: Submissions;
  /** Most submissions without an answer (JOB_CREATED), and most in one `submit`. */
  readonly window: number;
  /** Notes when each job was submitted and when its result came; foreground only. */
  readonly latency: LatencySamples | null;
  /** The server accepted this many jobs in one turn. */
  readonly accepted: (client: Client, count: number) => void;
  /** Results of this many foreground jobs came in one turn. */
  readonly finished: (client: Client, count: number) => void;
  readonly refused: () => void;
  readonly lost: (cause: Error) => void;
}

/** Numbers of handles that are told apart; more jobs than this are never unfinished at one time. */
const REMEMBERED = 1 << 16;

/** One connection that submits jobs. */
export class Client {
  readonly #options: ClientOptions;
  readonly #walker: FrameWalker;
  #link: Link | undefined;
  #accepted = 0;
  #finished = 0;
  #now = 0;
  /** Submission times: first in order of submission, then by the number in the job's handle. */
  readonly #unanswered = new Float64Array(REMEMBERED);
  #oldest = 0;
  #newest = 0;
  readonly #submittedAt = new Float64Array(REMEMBERED);

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#walker = new FrameWalker((type, bytes, start, end) => {
      this.#frame(type, bytes, start, end);
    });
  }

  static async connect(options: ClientOptions): Promise<Client> {
    const client = new Client(options);
    client.#link = await openLink(options.port, {
      data: (chunk) => client.#data(chunk),
      lost: options.lost,
    });
    return client;
  }

  submit(count: number): void {
    if (this.#options.latency !== null) {
      const now = performance.now();
      for (let i = 0; i < count; i++) this.#unanswered[this.#newest++ % REMEMBERED] = now;
    }
    this.#link?.write(this.#options.submissions.take(count));
  }

  close(): void {
    this.#link?.close();
  }

  #data(chunk: Buffer): void {
    if (this.#options.latency !== null) this.#now = performance.now();
    this.#walker.feed(chunk);
    const accepted = this.#accepted;
    const finished = this.#finished;
    this.#accepted = 0;
    this.#finished = 0;
    if (accepted > 0) this.#options.accepted(this, accepted);
    if (finished > 0) this.#options.finished(this, finished);
  }

  #frame(type: number, bytes: Buffer, start: number, end: number): void {
    const latency = this.#options.latency;
    if (type === Type.JOB_CREATED) {
      this.#accepted++;
      if (latency !== null) {
        this.#submittedAt[jobNumber(bytes, start, end) % REMEMBERED] = this
          .#unanswered[this.#oldest++ % REMEMBERED]!;
      }
    } else if (type === Type.WORK_COMPLETE) {
      this.#finished++;
      latency?.add(this.#now - this.#submittedAt[jobNumber(bytes, start, end) % REMEMBERED]!);
    } else if (type === Type.ERROR) {
      this.#accepted++;
      this.#options.refused();
    }
  }
}

/** N of the handle `H:host:N`, which ends at a NUL or at the body's end. */
function jobNumber(bytes: Buffer, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end && bytes[i] !== 0; i++) {
    const digit = bytes[i]! - 48;
    number = digit >= 0 && digit <= 9 ? number * 10 + digit : 0;
  }
  return number;
}
