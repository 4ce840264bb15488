/** What the text commands and status requests show of the server's state. Changes nothing. */

import type { ByteString, JobRow, PriorityStatusRow, StatusRow } from "../protocol/mod.ts";
import { audienceSize } from "./audience.ts";
import type { Job } from "./job.ts";
import type { JobTable } from "./job_table.ts";
import { Priority } from "./priority.ts";

export interface JobStatus {
  readonly known: boolean;
  readonly running: boolean;
  readonly numerator: number;
  readonly denominator: number;
  /** Foreground clients that wait for it. */
  readonly clients: number;
}

const UNKNOWN: JobStatus = {
  known: false,
  running: false,
  numerator: 0,
  denominator: 0,
  clients: 0,
};

export function statusOf(job: Job | undefined): JobStatus {
  if (job === undefined) return UNKNOWN;
  return {
    known: true,
    running: job.state === "running",
    numerator: job.numerator,
    denominator: job.denominator,
    clients: audienceSize(job),
  };
}

export function* statusRows(table: JobTable): Iterable<StatusRow> {
  for (const { name, total, running, workers } of table.functions) {
    yield { name, total, running, workers };
  }
}

export function* priorityStatusRows(table: JobTable): Iterable<PriorityStatusRow> {
  for (const queue of table.functions) {
    yield {
      name: queue.name,
      high: queue.queuedAt(Priority.HIGH),
      normal: queue.queuedAt(Priority.NORMAL),
      low: queue.queuedAt(Priority.LOW),
      workers: queue.workers,
    };
  }
}

export function* jobRows(table: JobTable): Iterable<JobRow> {
  for (const { handle, attempts, ignored, persisted } of table.jobs) {
    yield { handle, retries: attempts, ignored, persisted };
  }
}

export function* uniqueIds(table: JobTable): Iterable<ByteString> {
  for (const job of table.jobs) yield job.unique;
}
