import type { FunctionQueue } from "./function_queue.ts";
import type { Job } from "./job.ts";
import { PRIORITIES, type Priority } from "./priority.ts";
import type { Ability, Worker } from "./worker.ts";

/** A job for a worker, and the ability under which it does it. */
export interface Choice {
  readonly job: Job;
  readonly ability: Ability;
}

/** A worker of more functions mostly asks in vain: then a look at each of them is less than a search. */
const FEW_ABILITIES = 16;

/**
 * Chooses the next job in the order of protocol section 9: priority counts across functions; within
 * a priority the first registration with a job is used and moved to the end, as is one passed over
 * because all its jobs of that priority are delayed. Paused functions are left where they are.
 * `discard` gets the ignored jobs it met.
 */
export function chooseJob(worker: Worker, discard: (job: Job) => void): Choice | undefined {
  const { abilities } = worker;
  if (abilities.length > FEW_ABILITIES && !abilities.some(hasWaitingJobs)) return undefined;
  for (const priority of PRIORITIES) {
    let at = 0;
    for (let rest = abilities.length; rest > 0; rest--) {
      const ability = abilities[at]!;
      if (ability.queue.paused) {
        at++;
        continue;
      }
      const job = takeFrom(ability.queue, priority, discard);
      if (job !== undefined || ability.queue.at(priority).delayed > 0) moveToEnd(abilities, at);
      else at++;
      if (job !== undefined) return { job, ability };
    }
  }
  return undefined;
}

function hasWaitingJobs({ queue }: Ability): boolean {
  return queue.total > queue.running;
}

function takeFrom(
  queue: FunctionQueue,
  priority: Priority,
  discard: (job: Job) => void,
): Job | undefined {
  const jobs = queue.at(priority);
  while (jobs.length > 0) {
    const job = jobs.shift()!;
    if (!job.ignored) return job;
    queue.ignored--;
    discard(job);
  }
  return undefined;
}

function moveToEnd(abilities: Ability[], at: number): void {
  if (at === abilities.length - 1) return;
  const [ability] = abilities.splice(at, 1);
  abilities.push(ability!);
}
