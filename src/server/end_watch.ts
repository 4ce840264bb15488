import type { Job, JobWitness } from "../core/mod.ts";

/** Of all steps of jobs, the last one. */
export class EndWatch implements JobWitness {
  readonly ended: (job: Job) => void;

  constructor(ended: (job: Job) => void) {
    this.ended = ended;
  }

  submitted(): void {}
  refused(): void {}
  queued(): void {}
  assigned(): void {}
  returned(): void {}
  reported(): void {}
}
