import type { HttpLimits } from "./http_limits.ts";
import { Patience } from "./patience.ts";

/** Marks of what a connection waits for; the same mark at the next sweep means: the same wait. */
export const NOT_WAITING = -1;
/** The last bytes are on their way. */
export const ENDING = -2;

/** Idle after so many requests. */
export function markOfIdle(requests: number): number {
  return 2 * requests;
}

/** Within the head of the request after so many. */
export function markOfHead(requests: number): number {
  return 2 * requests + 1;
}

export type Verdict = "fine" | "response not taken" | "head too slow" | "idle too long";

/**
 * The deadlines of a connection, as counts of sweeps: no timer, and nothing to do while bytes come
 * and go. A jump of the system's clock moves none of them.
 */
export class Deadlines {
  readonly #sending = new Patience();
  readonly #receiving = new Patience();

  /**
   * To be called at each sweep. `sendMark`: a count of what the peer took, or one of the marks above;
   * `receiveMark`: the mark of an idle connection or of a head, or that it does not wait.
   */
  sweep(
    sendMark: number,
    receiveMark: number,
    { limits, sweepMs }: { readonly limits: HttpLimits; readonly sweepMs: number },
  ): Verdict {
    const unsentMs = this.#sending.sweepsWith(sendMark) * sweepMs;
    const waitedMs = this.#receiving.sweepsWith(receiveMark) * sweepMs;
    if (sendMark !== NOT_WAITING && unsentMs >= limits.sendIdleMs) return "response not taken";
    if (receiveMark === NOT_WAITING) return "fine";
    const isHead = receiveMark % 2 === 1;
    if (waitedMs < (isHead ? limits.headMs : limits.keepAliveMs)) return "fine";
    return isHead ? "head too slow" : "idle too long";
  }
}
