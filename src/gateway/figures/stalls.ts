import type { FunctionQueue, Job, JobTable, Worker } from "../../core/mod.ts";
import { PRIORITIES } from "../../core/mod.ts";

/** How long a job must have been passed over before its function counts as stalled, milliseconds. */
const STALLED_AFTER_MS = 10_000;

interface Suspicion {
  /** The job that is next. */
  readonly job: Job;
  /** When it was first seen beside an idle worker, milliseconds since 1970. */
  readonly since: number;
}

/**
 * Finds functions whose next job stays the same while a capable worker is idle: the server has failed
 * to bring them together, or the worker does not answer. A moment of it is normal, a NOOP is on its way.
 */
export class Stalls {
  readonly #suspicions = new Map<FunctionQueue, Suspicion>();
  #stalled: readonly FunctionQueue[] = [];

  /** Those found by the last sweep. */
  get functions(): readonly FunctionQueue[] {
    return this.#stalled;
  }

  /** Looks at every function once. */
  sweep(table: JobTable, now: number): void {
    const before = new Map(this.#suspicions);
    this.#suspicions.clear();
    const stalled: FunctionQueue[] = [];
    for (const queue of table.functions) {
      const job = queue.offered > 0 && hasIdleWorker(queue) ? nextJob(queue) : undefined;
      if (job === undefined) continue;
      const known = before.get(queue);
      const suspicion = known?.job === job ? known : { job, since: now };
      this.#suspicions.set(queue, suspicion);
      if (now - suspicion.since > STALLED_AFTER_MS) stalled.push(queue);
    }
    this.#stalled = stalled;
  }
}

/** The job that a worker would be given next; delayed ones do not count. */
export function nextJob(queue: FunctionQueue): Job | undefined {
  for (const priority of PRIORITIES) {
    const job = queue.at(priority).first();
    if (job !== undefined) return job;
  }
  return undefined;
}

/** It could be given a job, and has none. */
export function isIdle({ running, draining }: Worker): boolean {
  return running.size === 0 && !draining;
}

/** Workers that sleep come first: there is no need to look at the busy ones. */
function hasIdleWorker({ sleepers, capable }: FunctionQueue): boolean {
  if (sleepers.size > 0) return true;
  for (const worker of capable) if (worker.state !== "awake" && isIdle(worker)) return true;
  return false;
}
