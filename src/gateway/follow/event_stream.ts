import type { Job } from "../../core/mod.ts";
import { type BodySource, type BodyWriter, pushedResponse } from "../../http/mod.ts";
import type { Call } from "../call.ts";
import { isFinal, type JobEvent, unseenEnd } from "../events/mod.ts";
import { EVENT_STREAM, eventFrame, GAP, KEEP_ALIVE } from "./sse.ts";

/** What of a call a stream needs. */
export type StreamingCall = Pick<Call, "gateway" | "identity" | "peer" | "signal">;

export interface EventStreamOptions {
  /** Events up to this id are known to the reader already; 0 = none. */
  readonly afterId: number;
  /** Further headers of the response. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Headers that keep caches and proxies from holding events back. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": EVENT_STREAM,
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/**
 * 200 with the events of a job that is not over, as they come; ends behind the last one. Follows from
 * this call on, so that nothing is missed between submitting a job and answering. Throws
 * `too-many-requests`.
 */
export function eventStream(
  call: StreamingCall,
  job: Job,
  { afterId, headers = {} }: EventStreamOptions,
): Response {
  const stream = new EventStream(call, job, afterId);
  const init = { status: 200, headers: { ...STREAM_HEADERS, ...headers } };
  return pushedResponse(init, (writer) => stream.start(writer));
}

/** One reader of one job's events. */
class EventStream implements BodySource {
  readonly #call: StreamingCall;
  readonly #endCount: () => void;
  readonly #endBeat: () => void;
  readonly #endTrust: (() => void) | undefined;
  readonly #endFollowing: () => void;
  readonly #aborted = (): void => this.#abort();
  #afterId: number;
  #writer: BodyWriter | null = null;
  /** What happened before the response's head was sent. */
  #early: Uint8Array[] = [];
  #state: "following" | "ended" | "left" = "following";

  constructor(call: StreamingCall, job: Job, afterId: number) {
    const { gateway, identity, signal } = call;
    const { events, waits } = gateway;
    this.#call = call;
    this.#afterId = afterId;
    this.#endCount = waits.begin("stream", identity.caller);
    this.#endTrust = identity.onWithdrawn?.(this.#aborted);
    this.#endBeat = events.onBeat(() => this.#write(KEEP_ALIVE));
    this.#endFollowing = events.follow(job, afterId, (event) => this.#event(event));
    if (job.end !== null) this.#event(unseenEnd(job.end, gateway.now()));
    if (this.#state !== "following") this.#release();
    else if (signal.aborted) this.gone();
    else signal.addEventListener("abort", this.#aborted);
  }

  start(writer: BodyWriter): BodySource {
    this.#writer = writer;
    const early = this.#early;
    this.#early = [];
    for (const frame of early) writer.write(frame);
    if (this.#state === "ended") writer.end();
    return this;
  }

  /** The reader is gone, or was cut because it does not read. */
  gone(): void {
    if (this.#state === "left") return;
    this.#state = "left";
    this.#early = [];
    this.#release();
  }

  /**
   * Before the head is sent only the signal tells that the reader is gone; later, that the gateway closes or
   * the reader's token ended: a reader who comes again gets to know which.
   */
  #abort(): void {
    if (this.#state !== "following") return;
    if (this.#call.peer.signal.aborted) return this.gone();
    this.#state = "ended";
    this.#release();
    this.#writer?.end();
  }

  #event(event: JobEvent): void {
    if (this.#state !== "following") return;
    if (this.#afterId > 0 && event.id > this.#afterId + 1) this.#write(GAP);
    this.#afterId = event.id;
    this.#write(eventFrame(event));
    if (!isFinal(event)) return;
    this.#state = "ended";
    this.#release();
    this.#writer?.end();
  }

  #write(frame: Uint8Array): void {
    if (this.#writer === null) this.#early.push(frame);
    else this.#writer.write(frame);
  }

  /** Not yet following where the first event is the last. */
  #release(): void {
    this.#call.signal.removeEventListener("abort", this.#aborted);
    this.#endFollowing?.();
    this.#endBeat();
    this.#endTrust?.();
    this.#endCount();
  }
}
