import type {
  Job,
  JobEnd,
  JobWitness,
  RefusalReason,
  ReturnCause,
  Submission,
} from "../core/mod.ts";
import type { Packet } from "../protocol/mod.ts";

/** Several witnesses as one, in the order in which they came. */
export class Witnesses implements JobWitness {
  /** Replaced, never changed: a witness may leave during a step. */
  #all: readonly JobWitness[] = [];

  get size(): number {
    return this.#all.length;
  }

  add(witness: JobWitness): void {
    this.#all = [...this.#all, witness];
  }

  remove(witness: JobWitness): void {
    this.#all = this.#all.filter((other) => other !== witness);
  }

  submitted(job: Job, submission: Submission, joined: boolean): void {
    for (const witness of this.#all) witness.submitted(job, submission, joined);
  }

  refused(submission: Submission, reason: RefusalReason): void {
    for (const witness of this.#all) witness.refused(submission, reason);
  }

  queued(job: Job): void {
    for (const witness of this.#all) witness.queued(job);
  }

  assigned(job: Job): void {
    for (const witness of this.#all) witness.assigned(job);
  }

  returned(job: Job, cause: ReturnCause): void {
    for (const witness of this.#all) witness.returned(job, cause);
  }

  reported(job: Job, packet: Packet): void {
    for (const witness of this.#all) witness.reported(job, packet);
  }

  ended(job: Job, end: JobEnd, packet: Packet | null): void {
    for (const witness of this.#all) witness.ended(job, end, packet);
  }
}
