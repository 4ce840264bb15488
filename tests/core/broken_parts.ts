import type { FunctionQueue, Job, Worker } from "../../src/core/mod.ts";
import { JobServer, JobTable } from "../../src/core/mod.ts";
import { JobLife } from "../../src/core/job_life.ts";
import { PriorityQueue } from "../../src/core/priority_queue.ts";
import { Schedule } from "../../src/core/schedule.ts";
import { Submissions } from "../../src/core/submissions.ts";
import { WakeUps } from "../../src/core/wake_ups.ts";

/** A mistake that somebody could make in the core: the property test has to find it. */
export interface BrokenPart {
  readonly name: string;
  /** Runs `play` with the mistake in place. */
  during<Result>(play: () => Result): Result;
}

/** A class of which one method is another while `play` runs. */
function broken<Owner extends object, Name extends keyof Owner>(
  name: string,
  owner: Owner,
  method: Name,
  make: (original: Owner[Name]) => Owner[Name],
): BrokenPart {
  return { name, during: (play) => replaced(owner, method, make, play) };
}

function replaced<Owner extends object, Name extends keyof Owner, Result>(
  owner: Owner,
  method: Name,
  make: (original: Owner[Name]) => Owner[Name],
  play: () => Result,
): Result {
  const original = owner[method];
  owner[method] = make(original);
  try {
    return play();
  } finally {
    owner[method] = original;
  }
}

/** Lets a method of `WakeUps` do its work without sending the NOOPs that are lacking then. */
function withoutEnsuring<Arguments extends unknown[]>(
  original: (...args: Arguments) => void,
): (this: WakeUps, ...args: Arguments) => void {
  return function (...args) {
    const silent = () => {};
    replaced(WakeUps.prototype, "ensure", () => silent, () => original.apply(this, args));
  };
}

const wakeUps = WakeUps.prototype;

export const BROKEN_PARTS: readonly BrokenPart[] = [
  broken(
    "a second job that arrives wakes nobody",
    wakeUps,
    "jobArrived",
    (original) =>
      function (this: WakeUps, queue: FunctionQueue, now: number) {
        if (queue.runnable !== 2) original.call(this, queue, now);
      },
  ),
  broken("a worker that asks passes no wake-up on", wakeUps, "wakeOver", withoutEnsuring),
  broken("a lost ability passes no wake-up on", wakeUps, "abilityRemoved", withoutEnsuring),
  broken("a new ability wakes no sleeper", wakeUps, "abilityAdded", withoutEnsuring),
  broken("an unanswered NOOP wakes nobody else", wakeUps, "repeat", withoutEnsuring),
  broken(
    "a sleeper is noted for its first function only",
    wakeUps,
    "sleep",
    () =>
      function (this: WakeUps, worker: Worker) {
        worker.state = "sleeping";
        worker.abilities[0]?.queue.sleepers.add(worker);
      },
  ),
  broken(
    "a lost ability leaves its worker among the sleepers",
    wakeUps,
    "abilityRemoved",
    () => () => {},
  ),
  broken(
    "a resumed function wakes nobody",
    JobServer.prototype,
    "resume",
    () =>
      function (this: JobServer, name: string) {
        const queue = this.table.findFunction(name);
        if (queue !== undefined) queue.paused = false;
      },
  ),
  broken("a drained worker keeps its wake-up to itself", wakeUps, "drain", withoutEnsuring),
  broken("a worker that may have jobs again sleeps on", wakeUps, "undrain", () => () => {}),
  broken(
    "purged jobs are cancelled, but not forgotten",
    JobLife.prototype,
    "purge",
    () =>
      function (this: JobLife, _queue: FunctionQueue, jobs: readonly Job[]) {
        for (const job of jobs) this.cancel(job);
      },
  ),
  broken(
    "the last job in comes first out",
    PriorityQueue.prototype,
    "push",
    (original) =>
      function (this: PriorityQueue, job) {
        job.order = -job.order;
        original.call(this, job);
      },
  ),
  broken("ended jobs are joined", JobTable.prototype, "releaseUnique", () => () => {}),
  broken("a joined job stays abandoned", JobLife.prototype, "unignore", () => () => {}),
  broken("a deadline outlives its job", Schedule.prototype, "unlimit", () => () => {}),
  broken(
    "a job that the store refused runs",
    Submissions.prototype,
    "jobRefused",
    () => Submissions.prototype.jobStored,
  ),
];
