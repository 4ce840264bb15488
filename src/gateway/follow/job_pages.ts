import type { Job } from "../../core/mod.ts";
import type { KeptOutcome, RunningServer } from "../../server/mod.ts";
import { type JobFilter, matchesJob, matchesOutcome } from "./job_filter.ts";
import { type JobJson, jobJson, outcomeJson } from "./job_json.ts";

/**
 * Jobs that one page looks at: a few milliseconds. A page whose filter fits few of them ends
 * there, so that no list of a million jobs keeps the server from its work.
 */
export const MOST_LOOKED_AT = 10_000;

export interface PageRequest {
  readonly filter: JobFilter;
  readonly order: "oldest" | "newest";
  /** Jobs behind this key only, in the order asked for; undefined = from the beginning. */
  readonly from: number | undefined;
  readonly limit: number;
}

export interface JobPage {
  readonly items: readonly JobJson[];
  /** The `from` of the next page; undefined when there is none. */
  readonly next: number | undefined;
}

/**
 * Jobs in the queue and kept outcomes together, in the order in which they were accepted. Each page is
 * one moment's view from a key on, so that a job that is there all the time comes exactly once,
 * whatever comes and goes and whether it ends between two pages.
 */
export function jobPage(server: RunningServer, request: PageRequest): JobPage {
  const { filter, order, limit } = request;
  const goesBefore = order === "oldest"
    ? (a: number, b: number) => a < b
    : (a: number, b: number) => a > b;
  const from = request.from ?? (order === "oldest" ? -Infinity : Infinity);
  const kept = keptBehind(server, filter, from, goesBefore);
  const items: JobJson[] = [];
  let last = from;
  let looked = 0;
  let at = 0;
  const takeKept = (before: number): boolean => {
    while (at < kept.length && goesBefore(kept[at]!.key, before)) {
      if (items.length === limit) return false;
      last = kept[at]!.key;
      items.push(outcomeJson(kept[at++]!, server));
    }
    return true;
  };
  for (const job of jobsBehind(server, request, from, goesBefore)) {
    if (!takeKept(job.key) || items.length === limit || ++looked > MOST_LOOKED_AT) {
      return { items, next: last };
    }
    // One that was cancelled may still be listed: it comes as what became of it.
    if (kept[at]?.key === job.key) continue;
    last = job.key;
    if (matchesJob(job, filter)) items.push(jobJson(job, server));
  }
  const isComplete = takeKept(order === "oldest" ? Infinity : -Infinity);
  return { items, next: isComplete ? undefined : last };
}

type Order = (a: number, b: number) => boolean;

/** Outcomes that match, in order. There are never more of them than `Limits.maxOutcomes`. */
function keptBehind(
  server: RunningServer,
  filter: JobFilter,
  from: number,
  goesBefore: Order,
): KeptOutcome[] {
  const found: KeptOutcome[] = [];
  if (server.outcomes.size === 0) return found;
  for (const outcome of server.outcomes.all()) {
    if (goesBefore(from, outcome.key) && matchesOutcome(outcome, filter)) found.push(outcome);
  }
  return found.sort((a, b) => goesBefore(a.key, b.key) ? -1 : 1);
}

/** Jobs in the queue that may match, in order. */
function jobsBehind(
  { jobServer }: RunningServer,
  { filter, order }: PageRequest,
  from: number,
  goesBefore: Order,
): Iterable<Job> {
  const { table } = jobServer;
  if (filter.worker === undefined && filter.state !== "running") {
    return order === "oldest" ? table.jobsAfter(from) : table.jobsBefore(from);
  }
  // Workers know what they run: nothing else has to be looked at.
  const running: Job[] = [];
  for (const queue of table.functions) {
    if (queue.running === 0) continue;
    for (const worker of queue.capable) {
      for (const job of worker.running) {
        if (job.queue === queue && goesBefore(from, job.key)) running.push(job);
      }
    }
  }
  return running.sort((a, b) => goesBefore(a.key, b.key) ? -1 : 1);
}
