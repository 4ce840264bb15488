import assert from "node:assert/strict";
import { PacketType } from "../../src/protocol/mod.ts";
import type { Packet } from "../../src/protocol/mod.ts";
import type {
  Job,
  JobEnd,
  JobWitness,
  RefusalReason,
  ReturnCause,
  Submission,
} from "../../src/core/mod.ts";

type Step = "submitted" | "queued" | "assigned" | "returned" | "ended";

/** What may come before a step of the same job. */
const BEFORE: Readonly<Record<Step, readonly (Step | undefined)[]>> = {
  submitted: [undefined],
  queued: ["submitted", "returned", undefined],
  assigned: ["queued"],
  returned: ["assigned"],
  ended: ["submitted", "queued", "assigned", "returned"],
};

const LAST_WORDS: Partial<Record<JobEnd, PacketType>> = {
  complete: PacketType.WORK_COMPLETE,
  fail: PacketType.WORK_FAIL,
  exception: PacketType.WORK_EXCEPTION,
};

/** Writes down the steps of all jobs, and insists that they come in an order that makes sense. */
export class StepBook implements JobWitness {
  readonly #last = new Map<Job, Step>();
  readonly #lines: string[] = [];
  readonly #ends: string[] = [];

  /** All steps since the last call: `assigned H:t:1`. */
  takeLines(): string[] {
    return this.#lines.splice(0);
  }

  /** Ends since the last call: `H:t:1 complete`. */
  takeEnds(): string[] {
    return this.#ends.splice(0);
  }

  allEnded(): void {
    for (const [job, step] of this.#last) assert.equal(step, "ended", `last step of ${job.handle}`);
  }

  submitted(job: Job, _submission: Submission, joined: boolean): void {
    if (joined) {
      this.#isAlive(job, "joined");
      this.#lines.push(`joined ${job.handle}`);
    } else {
      this.#step(job, "submitted");
    }
  }

  refused(submission: Submission, reason: RefusalReason): void {
    this.#lines.push(`refused ${submission.functionName} ${reason}`);
  }

  queued(job: Job): void {
    assert.equal(job.state, "queued");
    this.#step(job, "queued");
  }

  assigned(job: Job): void {
    assert.ok(job.worker !== null && job.assignedAt !== null);
    this.#step(job, "assigned");
  }

  returned(job: Job, cause: ReturnCause): void {
    assert.ok(job.worker !== null && job.attempts > 0);
    this.#step(job, "returned", ` ${cause}`);
  }

  reported(job: Job, packet: Packet): void {
    this.#isAlive(job, "reported");
    assert.equal(this.#last.get(job), "assigned", `${job.handle} runs when it is reported on`);
    this.#lines.push(`reported ${job.handle} ${packet.shape.name}`);
  }

  ended(job: Job, end: JobEnd, packet: Packet | null): void {
    assert.equal(job.end, end);
    assert.notEqual(job.state, "ended");
    assert.equal(packet?.shape.type, LAST_WORDS[end], `last word of a job that ended: ${end}`);
    if (packet !== null) assert.equal(this.#last.get(job), "assigned");
    this.#step(job, "ended", ` ${end}`);
    this.#ends.push(`${job.handle} ${end}`);
  }

  #isAlive(job: Job, what: string): void {
    assert.ok(this.#last.has(job), `${job.handle} is ${what} before it was submitted`);
    assert.notEqual(this.#last.get(job), "ended", `${job.handle} is ${what} after its end`);
  }

  #step(job: Job, step: Step, more = ""): void {
    const last = this.#last.get(job);
    assert.ok(BEFORE[step].includes(last), `${job.handle}: '${step}' follows '${last}'`);
    this.#last.set(job, step);
    this.#lines.push(`${step} ${job.handle}${more}`);
  }
}
