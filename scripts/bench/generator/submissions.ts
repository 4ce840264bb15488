import { Buffer } from "node:buffer";
import { requestFrame, Type } from "./frames.ts";

export const FUNCTION_NAME = "bench";

/** Digits that make a unique ID unique; the rest of it is the same in one run. */
const COUNTER_DIGITS = 12;

export interface SubmissionShape {
  readonly foreground: boolean;
  readonly unique: boolean;
  readonly workloadBytes: number;
}

/**
 * Submissions ready to send. Without unique IDs every one is the same, so a longer or shorter piece of
 * one prepared batch will do; with them a copy gets its counters written over.
 */
export class Submissions {
  readonly #batch: Buffer;
  readonly #frameBytes: number;
  readonly #counterAt: number;
  #next = 0;

  constructor(shape: SubmissionShape, longest: number) {
    // Shaped like a UUID, 36 characters. The first part differs from run to run.
    const run = Date.now().toString(16).padStart(12, "0").slice(-12);
    const fixed = `${run.slice(0, 8)}-${run.slice(8)}-4000-8000-`;
    const head = `${FUNCTION_NAME}\0${fixed}`;
    const body = shape.unique
      ? `${head}${"0".repeat(COUNTER_DIGITS)}\0${"w".repeat(shape.workloadBytes)}`
      : `${FUNCTION_NAME}\0\0${"w".repeat(shape.workloadBytes)}`;
    const one = requestFrame(shape.foreground ? Type.SUBMIT_JOB : Type.SUBMIT_JOB_BG, body);
    this.#frameBytes = one.length;
    this.#counterAt = shape.unique ? one.length - shape.workloadBytes - 1 - COUNTER_DIGITS : 0;
    this.#batch = Buffer.concat(Array.from({ length: longest }, () => one));
  }

  /** The bytes of `count` submissions, at most as many as `longest`. */
  take(count: number): Buffer {
    const bytes = this.#batch.subarray(0, count * this.#frameBytes);
    if (this.#counterAt === 0) return bytes;
    const copy = Buffer.from(bytes);
    for (let i = 0; i < count; i++) {
      let rest = ++this.#next;
      let at = i * this.#frameBytes + this.#counterAt + COUNTER_DIGITS - 1;
      for (; rest > 0; at--) {
        copy[at] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    return copy;
  }
}
