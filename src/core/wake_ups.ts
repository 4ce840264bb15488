import type { FunctionQueue } from "./function_queue.ts";
import type { Worker } from "./worker.ts";

/**
 * How many sleeping workers a new job wakes: `one per job` wakes as many as there are jobs, a
 * number is gearmand's --worker-wakeup, 0 = all.
 */
export type WakeUpPolicy = "one per job" | number;

/**
 * Who sleeps and who is sent a NOOP (protocol section 8). The promise: whenever a function has a job
 * that could run and a capable worker that sleeps, NOOPs are on their way, one per such job, or all
 * sleepers have one. A NOOP counts for the function whose job caused it, until its worker asks.
 * Paused functions cause none, and workers that are being drained get none.
 */
export class WakeUps {
  readonly #policy: WakeUpPolicy;
  /** Workers with a NOOP on its way, the one that was sent first in front. */
  readonly #notified = new Set<Worker>();

  constructor(policy: WakeUpPolicy) {
    this.#policy = policy;
  }

  /** A job that can run entered the queue. */
  jobArrived(queue: FunctionQueue, now: number): void {
    if (queue.sleepers.size === 0 || queue.paused) return;
    if (this.#policy !== "one per job") {
      const most = this.#policy === 0 ? Infinity : this.#policy;
      let sent = 0;
      for (const worker of queue.sleepers) {
        if (sent++ >= most) break;
        this.#notify(worker, queue, now);
      }
    }
    this.ensure(queue, now);
  }

  /** Sends the NOOPs that the promise asks for and that are not on their way yet. */
  ensure(queue: FunctionQueue, now: number): void {
    while (queue.notified < queue.offered) {
      const worker = queue.sleepers.first;
      if (worker === undefined) return;
      this.#notify(worker, queue, now);
    }
  }

  sleep(worker: Worker): void {
    worker.state = "sleeping";
    if (worker.draining) return;
    for (const { queue } of worker.abilities) queue.sleepers.add(worker);
  }

  /** The worker is to get no more jobs: another one is woken for those that its NOOP was meant for. */
  drain(worker: Worker, now: number): void {
    for (const { queue } of worker.abilities) queue.sleepers.delete(worker);
    const queue = worker.notifiedFor;
    worker.notifiedFor = null;
    this.#notified.delete(worker);
    if (queue !== null) {
      queue.notified--;
      this.ensure(queue, now);
    }
  }

  /** The worker may get jobs again: one that sleeps is woken if there is work. */
  undrain(worker: Worker, now: number): void {
    if (worker.state === "notified") {
      this.#notified.add(worker);
      worker.notifiedAt = now;
    }
    if (worker.state !== "sleeping") return;
    const ability = worker.abilities.find(({ queue }) => queue.offered > 0);
    if (ability === undefined) this.sleep(worker);
    else this.#notify(worker, ability.queue, now);
  }

  /** The worker asked, or is gone. Jobs that its NOOP was meant for may need another worker. */
  wakeOver(worker: Worker, now: number): void {
    if (worker.state === "awake") return;
    const queue = worker.notifiedFor;
    if (worker.state === "sleeping") {
      for (const ability of worker.abilities) ability.queue.sleepers.delete(worker);
    }
    this.#notified.delete(worker);
    worker.state = "awake";
    worker.notifiedFor = null;
    if (queue !== null) {
      queue.notified--;
      this.ensure(queue, now);
    }
  }

  /** A worker's registration for a function came into being. */
  abilityAdded(worker: Worker, queue: FunctionQueue, now: number): void {
    if (worker.state !== "sleeping" || worker.draining) return;
    queue.sleepers.add(worker);
    this.ensure(queue, now);
  }

  abilityRemoved(worker: Worker, queue: FunctionQueue, now: number): void {
    queue.sleepers.delete(worker);
    if (worker.notifiedFor !== queue) return;
    worker.notifiedFor = null;
    queue.notified--;
    this.ensure(queue, now);
  }

  /** The function is no more, and had nothing that could run. */
  functionDropped(queue: FunctionQueue): void {
    for (const worker of queue.capable) if (worker.notifiedFor === queue) worker.notifiedFor = null;
    queue.notified = 0;
    queue.sleepers.clear();
  }

  /**
   * Repeats NOOPs that were not answered in time, where there still is work: a worker behind a dead
   * link would otherwise keep jobs from all others. Such a NOOP does not count any more, so that the
   * function's other sleepers are woken for its jobs, those that wait and those to come.
   */
  repeat(now: number, afterMs: number): void {
    // Those that are put behind the others meanwhile have the time that it is now: it ends there.
    for (const worker of this.#notified) {
      if (now - worker.notifiedAt < afterMs) break;
      this.#notified.delete(worker);
      this.#notified.add(worker);
      worker.notifiedAt = now;
      const queue = worker.notifiedFor;
      if (queue !== null) {
        worker.notifiedFor = null;
        queue.notified--;
        this.ensure(queue, now);
      }
      if (worker.abilities.some(({ queue }) => queue.offered > 0)) worker.port.wake();
    }
  }

  /** The clock was set: NOOPs are as old as they were. */
  clockSet(byMs: number): void {
    for (const worker of this.#notified) worker.notifiedAt += byMs;
  }

  /** When `repeat` has something to do at the earliest; Infinity when no NOOP is on its way. */
  nextRepeat(afterMs: number): number {
    const oldest = first(this.#notified);
    return oldest === undefined ? Infinity : oldest.notifiedAt + afterMs;
  }

  #notify(worker: Worker, queue: FunctionQueue, now: number): void {
    for (const ability of worker.abilities) ability.queue.sleepers.delete(worker);
    worker.state = "notified";
    worker.notifiedFor = queue;
    worker.notifiedAt = now;
    queue.notified++;
    this.#notified.add(worker);
    worker.port.wake();
  }
}

function first<Item>(items: Iterable<Item>): Item | undefined {
  for (const item of items) return item;
  return undefined;
}
