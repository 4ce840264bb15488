import type { FunctionQueue, Job, Worker } from "../../core/mod.ts";

/** What the workers that can do a function are about. Each is in one group only. */
export interface CapableWorkers {
  readonly all: number;
  /** They get no more jobs. */
  readonly draining: number;
  /** Hold a job, of this function or another; those that began first come first. */
  readonly busy: readonly BusyWorker[];
  /** Were woken and have not asked since; the one that was woken first comes first. */
  readonly woken: readonly Worker[];
  readonly asleep: number;
  /** Neither hold a job nor sleep: they have to ask. */
  readonly awake: number;
}

export interface BusyWorker {
  readonly worker: Worker;
  /** The job it has held longest. */
  readonly job: Job;
}

export function capableWorkers(queue: FunctionQueue): CapableWorkers {
  const busy: BusyWorker[] = [];
  const woken: Worker[] = [];
  let draining = 0;
  let asleep = 0;
  let awake = 0;
  for (const worker of queue.capable) {
    const [job] = worker.running.values();
    if (worker.draining) draining++;
    else if (job !== undefined) busy.push({ worker, job });
    else if (worker.state === "notified") woken.push(worker);
    else if (worker.state === "sleeping") asleep++;
    else awake++;
  }
  busy.sort((a, b) => a.job.assignedAt! - b.job.assignedAt!);
  woken.sort((a, b) => a.notifiedAt - b.notifiedAt);
  return { all: queue.capable.size, draining, busy, woken, asleep, awake };
}
