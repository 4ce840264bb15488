import { type FunctionQueue, PRIORITIES } from "../../core/mod.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import { type Exposition, label } from "./exposition.ts";
import {
  type FunctionFigures,
  MODES,
  nextJob,
  OUTCOMES,
  REJECTIONS,
  RETURN_CAUSES,
  submittedAt,
  VIAS,
} from "../figures/mod.ts";

/** One value of the label `function`, and what it stands for. */
export interface FunctionRow {
  readonly label: string;
  /** None when the function was dropped, several for the rest. */
  readonly queues: readonly FunctionQueue[];
  /** Null for a function that is counted with the rest. */
  readonly figures: FunctionFigures | null;
}

/** Names that bakins/gearman-exporter uses too, so that boards and alerts made for it work. */
export function writeCompatible(out: Exposition, rows: readonly FunctionRow[]): void {
  const gauge = gaugeWriter(out, rows);
  gauge("gearman_jobs", "Jobs queued or running", (queue) => queue.total);
  gauge("gearman_jobs_running", "Jobs being run", (queue) => queue.running);
  gauge(
    "gearman_jobs_waiting",
    "Jobs that no worker has, delayed ones included",
    (queue) => queue.total - queue.running,
  );
  gauge("gearman_workers", "Workers that can do the function", (queue) => queue.workers);
}

/** What is so at this moment. */
export function writeGauges(
  out: Exposition,
  rows: readonly FunctionRow[],
  now: number,
  retrying: ReadonlyMap<FunctionQueue, number>,
): void {
  const gauge = gaugeWriter(out, rows);
  out.family("gearman_jobs_queued", "gauge", "Jobs that could run now");
  for (const { label: name, queues } of rows) {
    if (queues.length === 0) continue;
    for (const priority of PRIORITIES) {
      const count = sumOf(queues, (queue) => queue.at(priority).length);
      out.sample(count, `${label("function", name)},${priorityLabel(priority)}`);
    }
  }
  gauge(
    "gearman_jobs_scheduled",
    "Jobs that are not due yet",
    (queue) => sumOf(PRIORITIES, (priority) => queue.at(priority).delayed),
  );
  gauge(
    "gearman_jobs_retrying",
    "Jobs that came back from a worker and wait for another",
    (queue) => retrying.get(queue) ?? 0,
  );
  out.family(
    "gearman_job_oldest_waiting_seconds",
    "gauge",
    "How long the next job has been waiting for a worker",
  );
  for (const { label: name, queues } of rows) {
    if (queues.length === 0) continue;
    let oldest = 0;
    for (const queue of queues) oldest = Math.max(oldest, oldestWaitingMs(queue, now) ?? 0);
    out.sample(oldest / 1000, label("function", name));
  }
  gauge("gearman_queue_bytes", "Bytes of the workloads of all jobs", (queue) => queue.bytes);
  out.family("gearman_queue_limit", "gauge", "Jobs from which on submissions are refused");
  for (const { label: name, queues: [queue, another] } of rows) {
    if (queue === undefined || another !== undefined) continue;
    for (const priority of PRIORITIES) {
      const limit = queue.limits[priority];
      if (limit > 0) out.sample(limit, `${label("function", name)},${priorityLabel(priority)}`);
    }
  }
  gauge(
    "gearman_queue_paused",
    "Functions whose jobs are not given out",
    (queue) => queue.paused ? 1 : 0,
  );
}

/**
 * What happened since the start. Ends and refusals are there from the first job on, because a rise
 * from nothing to 1 would not be seen as one; ways of submission only when they were used.
 */
export function writeCounters(out: Exposition, rows: readonly FunctionRow[]): void {
  const all = rows.flatMap(({ figures }) => figures ?? []).filter((figures) => figures.isUsed);
  out.family(
    "gearman_jobs_submitted_total",
    "counter",
    "Submissions taken, those that joined included",
  );
  for (const { label: name, submitted } of all) {
    const start = label("function", name);
    for (const priority of PRIORITIES) {
      MODES.forEach((mode, modeAt) =>
        VIAS.forEach((via, viaAt) => {
          const count = submitted[submittedAt(priority, modeAt, viaAt)]!;
          if (count === 0) return;
          const rest = `${priorityLabel(priority)},mode="${mode}",via="${via}"`;
          out.sample(count, `${start},${rest}`);
        })
      );
    }
  }
  out.family("gearman_jobs_coalesced_total", "counter", "Submissions that joined a job");
  for (const { label: name, coalesced } of all) {
    out.sample(coalesced[0]!, label("function", name));
  }
  const counters = counterWriter(out, all);
  counters(
    "gearman_jobs_rejected_total",
    "Submissions not taken",
    "reason",
    REJECTIONS,
    (figures) => figures.rejected,
  );
  counters(
    "gearman_jobs_finished_total",
    "Jobs that are over",
    "outcome",
    Object.values(OUTCOMES),
    (figures) => figures.finished,
  );
  counters(
    "gearman_job_redeliveries_total",
    "Jobs that came back from a worker",
    "cause",
    Object.values(RETURN_CAUSES),
    (figures) => figures.returned,
  );
}

export function writeHistograms(out: Exposition, rows: readonly FunctionRow[]): void {
  const all = rows.flatMap(({ figures }) => figures ?? []);
  const write = (
    name: string,
    help: string,
    scale: number,
    of: (figures: FunctionFigures) => FunctionFigures["wait"],
  ) => {
    out.family(name, "histogram", help);
    for (const figures of all) {
      const histogram = of(figures);
      if (histogram.count > 0) out.histogram(histogram, scale, label("function", figures.label));
    }
  };
  const wait = "From acceptance, or the time asked for, to the first worker";
  write("gearman_job_wait_seconds", wait, 1e-3, ({ wait }) => wait);
  write("gearman_job_run_seconds", "From the last worker to its answer", 1e-3, ({ run }) => run);
  write("gearman_job_payload_bytes", "Workloads of new jobs", 1, (figures) => figures.payloadBytes);
  write("gearman_job_result_bytes", "Results, WORK_DATA included", 1, (one) => one.resultBytes);
}

/** How long the job that would be given out next has been waiting, milliseconds; null when there is none. */
export function oldestWaitingMs(queue: FunctionQueue, now: number): number | null {
  if (queue.runnable === 0) return null;
  let oldest: number | null = null;
  for (const priority of PRIORITIES) {
    const job = queue.at(priority).first();
    if (job === undefined) continue;
    const age = Math.max(0, now - Math.max(job.acceptedAt, job.notBefore * 1000));
    if (oldest === null || age > oldest) oldest = age;
  }
  return oldest;
}

/** Functions with jobs that could run, and nobody who can do them. */
export function functionsWithoutWorkers(queues: Iterable<FunctionQueue>): number {
  let count = 0;
  for (const queue of queues) {
    if (queue.workers === 0 && queue.runnable > 0 && nextJob(queue) !== undefined) count++;
  }
  return count;
}

function gaugeWriter(out: Exposition, rows: readonly FunctionRow[]) {
  return (name: string, help: string, value: (queue: FunctionQueue) => number) => {
    out.family(name, "gauge", help);
    for (const { label: function_, queues } of rows) {
      if (queues.length > 0) out.sample(sumOf(queues, value), label("function", function_));
    }
  };
}

function counterWriter(out: Exposition, all: readonly FunctionFigures[]) {
  return (
    name: string,
    help: string,
    labelName: string,
    values: readonly string[],
    counts: (figures: FunctionFigures) => Float64Array,
  ) => {
    out.family(name, "counter", help);
    for (const figures of all) {
      values.forEach((value, at) => {
        const own = `${label("function", figures.label)},${label(labelName, value)}`;
        out.sample(counts(figures)[at]!, own);
      });
    }
  };
}

function priorityLabel(priority: number): string {
  return label("priority", PRIORITY_NAMES[priority]!);
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
}
