import type { ByteString, QueueLimits } from "../protocol/mod.ts";
import type { Job } from "./job.ts";
import { PriorityQueue } from "./priority_queue.ts";
import { PRIORITIES, Priority } from "./priority.ts";
import { Sleepers } from "./sleepers.ts";
import type { Worker } from "./worker.ts";

export const NO_LIMITS: QueueLimits = [0, 0, 0];

/**
 * All that belongs to one function: its jobs by priority, who can do them, who sleeps.
 * Comes into being with the first CAN_DO or SUBMIT that names it and stays until it is dropped.
 */
export class FunctionQueue {
  readonly name: ByteString;
  readonly high = new PriorityQueue();
  readonly normal = new PriorityQueue();
  readonly low = new PriorityQueue();
  /** Jobs that a submission with the same unique ID joins. */
  readonly byUnique = new Map<ByteString, Job>();
  /** The same for unique ID `-`, by workload (see `workloadKey`). */
  readonly byWorkload = new Map<string, Job>();
  limits: QueueLimits = NO_LIMITS;
  /** Its jobs wait until it is resumed; those that run go on. */
  paused = false;
  /** Jobs in any state, also those that are running, ignored, or not stored yet. */
  total = 0;
  /** Bytes of their workloads. */
  bytes = 0;
  running = 0;
  /** Jobs that a worker could be given now, were the function not paused. */
  runnable = 0;
  /** Ignored jobs that still lie in the queue, those that are delayed included. */
  ignored = 0;
  /** Workers that can do this function. */
  readonly capable = new Set<Worker>();
  /** Of these, the ones that sleep and have no NOOP on its way; longest asleep first. */
  readonly sleepers = new Sleepers();
  /** NOOPs on their way because of this function's jobs. */
  notified = 0;

  constructor(name: ByteString) {
    this.name = name;
  }

  /** How many workers can do this function. */
  get workers(): number {
    return this.capable.size;
  }

  /** Jobs that a worker could be given now. */
  get offered(): number {
    return this.paused ? 0 : this.runnable;
  }

  at(priority: Priority): PriorityQueue {
    return priority === Priority.NORMAL
      ? this.normal
      : priority === Priority.HIGH
      ? this.high
      : this.low;
  }

  /** The limit for submissions of a priority counts all jobs of the function (section 6, maxqueue). */
  isFullFor(priority: Priority): boolean {
    const limit = this.limits[priority];
    return limit > 0 && this.total >= limit;
  }

  /** Jobs of a priority that no worker has, also those that are not due. */
  queuedAt(priority: Priority): number {
    const queue = this.at(priority);
    return queue.length + queue.delayed;
  }

  /** Takes ignored jobs out of the queues, not the delayed ones; answers them. */
  removeIgnored(): Job[] {
    const removed: Job[] = [];
    for (const priority of PRIORITIES) {
      this.at(priority).filter((job) => {
        if (job.ignored) removed.push(job);
        return !job.ignored;
      });
    }
    this.ignored -= removed.length;
    return removed;
  }
}
