import type { Job, JobEnd, JobWitness } from "../core/mod.ts";
import type { ServerLogLevel } from "./server_parts.ts";

/**
 * Says which jobs came back too often (`--job-retries`) and are given up. Of a background job nobody
 * else is told: it was acknowledged, so that is an error.
 */
export class GivenUpLog implements JobWitness {
  readonly #log: (level: ServerLogLevel, text: string) => void;

  constructor(log: (level: ServerLogLevel, text: string) => void) {
    this.#log = log;
  }

  ended(job: Job, end: JobEnd): void {
    if (end !== "worker lost") return;
    const { handle, unique, queue, attempts, background } = job;
    // Begins as gearmand's line.
    const text = `Dropped job due to max retry count: ${handle} ${unique} ` +
      `(function ${queue.name}, attempts ${attempts})`;
    this.#log(background ? "ERROR" : "NOTICE", text);
  }

  submitted(): void {}
  refused(): void {}
  queued(): void {}
  assigned(): void {}
  returned(): void {}
  reported(): void {}
}
