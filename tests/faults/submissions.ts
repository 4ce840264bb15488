import { type ByteString, encodeRequest, PacketType } from "../../src/protocol/mod.ts";
import type { Random } from "../support/mod.ts";
import type { Attempt } from "./job_log.ts";
import { LEAST_WORKLOAD, MOST_WORKLOAD, uniqueOfEmpty, workloadFor } from "./workload.ts";

/** An attempt and the packet that makes it. */
export interface Submission {
  readonly attempt: Attempt;
  readonly packet: Uint8Array;
}

/** What submissions are made of. */
export interface SubmissionMix {
  readonly functions: readonly ByteString[];
  /** Unique IDs that are used again and again. */
  readonly uniques: readonly ByteString[];
  /** Share of jobs that are due in up to 2 s. */
  readonly delayed: number;
  /** Share of foreground jobs. */
  readonly foreground: number;
  /** Longest workload, bytes; at least `LEAST_WORKLOAD`. */
  readonly longest: number;
}

type Kind = keyof typeof KINDS;

const KINDS = {
  background: ["SUBMIT_JOB_BG", "SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_LOW_BG"],
  foreground: ["SUBMIT_JOB", "SUBMIT_JOB_HIGH", "SUBMIT_JOB_LOW"],
  delayed: ["SUBMIT_JOB_EPOCH"],
  reduce: ["SUBMIT_REDUCE_JOB_BACKGROUND"],
} as const;

/** The longest delay of a delayed job, seconds. */
const LONGEST_DELAY = 2;

/** Makes submissions of all kinds, each with a workload that says whose it is. */
export class Submissions {
  readonly #random: Random;
  readonly #mix: SubmissionMix;
  readonly #nextNumber: () => number;
  /** Latest submission with `-`, to be made once more. */
  #repeatable: Submission | undefined;

  constructor(random: Random, mix: SubmissionMix, nextNumber: () => number) {
    this.#random = random;
    this.#mix = mix;
    this.#nextNumber = nextNumber;
  }

  next(): Submission {
    const random = this.#random;
    if (this.#repeatable !== undefined && random.chance(0.02)) return this.#repeatable;
    const kind = this.#kind();
    const number = this.#nextNumber();
    const unique = this.#unique(number);
    const attempt: Attempt = {
      number,
      functionName: random.pick(this.#mix.functions),
      unique,
      background: kind !== "foreground",
      reducer: kind === "reduce" ? random.pick(this.#mix.functions) : "",
      notBefore: kind === "delayed" ? this.#dueTime() : 0,
    };
    const empty = unique === uniqueOfEmpty(number);
    const workload = empty ? new Uint8Array(0) : workloadFor(number, this.#length());
    const submission = { attempt, packet: this.#encode(kind, attempt, workload) };
    if (unique === "-") this.#repeatable = submission;
    return submission;
  }

  #kind(): Kind {
    const { delayed, foreground } = this.#mix;
    const draw = this.#random.below(1000) / 1000;
    if (draw < delayed) return "delayed";
    if (draw < delayed + foreground) return "foreground";
    return this.#random.chance(0.1) ? "reduce" : "background";
  }

  #unique(number: number): ByteString {
    const draw = this.#random.below(100);
    if (draw < 55) return "";
    if (draw < 70) return this.#random.pick(this.#mix.uniques);
    if (draw < 85) return `only ${number}`;
    return draw < 95 ? "-" : uniqueOfEmpty(number);
  }

  /** Mostly in the future; some are past, or 0. */
  #dueTime(): number {
    const now = Math.floor(Date.now() / 1000);
    return this.#random.chance(0.2) ? 0 : now + this.#random.between(-1, LONGEST_DELAY);
  }

  #length(): number {
    const draw = this.#random.below(1000);
    const most = draw < 3 ? MOST_WORKLOAD : draw < 60 ? 64 * 1024 : 300;
    return this.#random.between(LEAST_WORKLOAD, Math.min(most, this.#mix.longest));
  }

  #encode(kind: Kind, attempt: Attempt, data: Uint8Array): Uint8Array {
    const { functionName, unique, notBefore, reducer } = attempt;
    const args = [functionName, unique];
    if (kind === "delayed") args.push(`${notBefore}`);
    if (kind === "reduce") args.push(reducer, "");
    return encodeRequest(PacketType[this.#random.pick(KINDS[kind])], { args, data });
  }
}
