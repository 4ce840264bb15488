import { Client } from "./client.ts";
import { Stopwatch } from "./cpu_time.ts";
import { LatencySamples } from "./latency.ts";
import type { JobsPlan, LoadResult } from "./plan.ts";
import { Submissions } from "./submissions.ts";
import { startWorker } from "./worker.ts";

/** How long unfinished jobs may take to finish when no more are submitted. */
const DRAIN_LIMIT_MS = 20_000;

/**
 * Clients and workers together: every finished job is replaced by a new one until the time is over,
 * then all are worked off, so that the next run meets an empty queue.
 */
export async function runJobs(plan: JobsPlan, fail: (cause: Error) => void): Promise<LoadResult> {
  const latency = plan.foreground ? new LatencySamples() : null;
  const submissions = new Submissions(plan, plan.window);
  let submitting = true;
  let done = 0;
  let refused = 0;
  let unfinished = 0;
  let emptied = () => {};

  function finished(count: number): void {
    done += count;
    unfinished -= count;
    if (unfinished === 0) emptied();
  }
  function replace(client: Client, count: number): void {
    if (!submitting) return;
    unfinished += count;
    client.submit(count);
  }

  const clients: Client[] = [];
  const room = new BackgroundRoom(clients, plan.window, replace);
  for (let i = 0; i < plan.clients; i++) {
    clients.push(
      await Client.connect({
        port: plan.port,
        submissions,
        window: plan.window,
        latency,
        accepted: () => {},
        finished(client, count) {
          finished(count);
          replace(client, count);
        },
        refused: () => refused++,
        lost: fail,
      }),
    );
  }
  for (let i = 0; i < plan.workers; i++) {
    await startWorker(plan.port, plan.workloadBytes, {
      done(count) {
        if (plan.foreground) return;
        finished(count);
        room.give(count);
      },
      asleep: () => {},
      lost: fail,
    });
  }
  for (const client of clients) replace(client, plan.window);

  await pause(plan.warmUpMs);
  latency?.clear();
  const watch = new Stopwatch(plan.serverPid);
  const before = done;
  await pause(plan.measureMs);
  const result = {
    count: done - before,
    ...watch.read(),
    latency: latency?.summary() ?? null,
    refused,
  };
  submitting = false;
  await new Promise<void>((resolve) => {
    emptied = resolve;
    setTimeout(resolve, DRAIN_LIMIT_MS);
    if (unfinished === 0) resolve();
  });
  if (unfinished > 0) throw new Error(`${unfinished} jobs were never finished`);
  return result;
}

/**
 * Background clients do not learn that a job is done. The workers of the same process tell them: once
 * half a window is free, one client fills it with one write, and the next client is next.
 */
class BackgroundRoom {
  readonly #clients: readonly Client[];
  readonly #batch: number;
  readonly #submit: (client: Client, count: number) => void;
  #free = 0;
  #next = 0;

  constructor(
    clients: readonly Client[],
    window: number,
    submit: (client: Client, count: number) => void,
  ) {
    this.#clients = clients;
    this.#batch = Math.ceil(window / 2);
    this.#submit = submit;
  }

  give(count: number): void {
    this.#free += count;
    while (this.#free >= this.#batch) {
      this.#free -= this.#batch;
      this.#submit(this.#clients[this.#next++ % this.#clients.length]!, this.#batch);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
