import type { Job, JobEnd, JobServer, JobWitness } from "../core/mod.ts";

/** Of all steps of jobs, the last one. */
export class EndWatch implements JobWitness {
  readonly ended: (job: Job, end: JobEnd) => void;

  constructor(ended: (job: Job, end: JobEnd) => void) {
    this.ended = ended;
  }

  submitted(): void {}
  refused(): void {}
  queued(): void {}
  assigned(): void {}
  returned(): void {}
  reported(): void {}
}

/** Jobs that wait in the store run after the restart, ignored ones never: others are waited for. */
export function isDrained({ functions, jobCount }: JobServer["table"], heldRows: number): boolean {
  let ignored = 0;
  for (const queue of functions) {
    if (queue.running > 0) return false;
    ignored += queue.ignored;
  }
  return jobCount === ignored + heldRows;
}
