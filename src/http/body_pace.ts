import type { HttpLimits } from "./http_limits.ts";
import { Patience } from "./patience.ts";
import type { RequestBody } from "./request_body.ts";

/** Finds bodies that come too slowly. Only the time in which a handler waits for the peer counts. */
export class BodyPace {
  readonly #stalled = new Patience();
  #waitedMs = 0;
  #receivedBefore = 0;

  /** To be called at each sweep. Why the body is too slow, or null. */
  complaint(body: RequestBody, limits: HttpLimits, sweepMs: number): string | null {
    if (!body.isAwaited) return null;
    if (this.#stalled.sweepsWith(body.received) * sweepMs >= limits.bodyIdleMs) {
      return `nothing of it came for ${limits.bodyIdleMs / 1000} s`;
    }
    this.#waitedMs += sweepMs;
    if (this.#waitedMs < limits.bodyIdleMs) return null;
    const rate = (body.received - this.#receivedBefore) * 1000 / this.#waitedMs;
    this.#waitedMs = 0;
    this.#receivedBefore = body.received;
    if (rate >= limits.minBodyBytesPerSecond) return null;
    return `it came with ${Math.round(rate)} bytes a second`;
  }
}
