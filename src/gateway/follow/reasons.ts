/** Why a job is not running: each reason in words, with the figures behind it and what to do. */

import type { Job, JobEnd } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import type { RunningServer } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import { attemptsOf, timeText } from "./job_json.ts";
import type { BusyWorker, CapableWorkers } from "./capable_workers.ts";

export const REASON_CODES = [
  "over",
  "cancelled",
  "abandoned",
  "running",
  "storing",
  "delayed",
  "paused",
  "no-workers",
  "workers-draining",
  "workers-busy",
  "workers-not-answering",
  "workers-not-asking",
  "behind-others",
  "soon",
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export interface Reason {
  readonly code: ReasonCode;
  /** What holds the job up, one sentence. */
  readonly text: string;
  /** What to do about it, one sentence. */
  readonly fix: string;
  /** Figures behind it, in snake case. */
  readonly [member: string]: unknown;
}

/** Workers that an answer names one by one. */
const MOST_NAMED = 10;
/** A worker answers a NOOP at once; one that needs longer than this, milliseconds, has a reason. */
const ANSWER_MS = 1000;

const END_WORDS: Readonly<Record<JobEnd, string>> = {
  "complete": "it is complete",
  "fail": "its worker reported a failure",
  "exception": "its worker reported an exception",
  "worker lost": "its workers were lost too often",
  "cancelled": "it was cancelled",
  "abandoned": "nobody waited for it any more",
  "refused": "the store did not take it",
};

function named(name: ByteString): string {
  return `"${textForJson(name)}"`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** `at`: milliseconds since 1970; null = a moment ago. */
export function over(end: JobEnd, at: number | null): Reason {
  return {
    code: "over",
    text: `The job is over since ${at === null ? "just now" : timeText(at)}: ${END_WORDS[end]}.`,
    fix: "There is nothing to wait for; ask for its result.",
    end,
  };
}

export function cancelled(): Reason {
  return {
    code: "cancelled",
    text: "The job was cancelled; it stays listed until a worker would have got it.",
    fix: "Submit it again if it is still wanted.",
  };
}

export function abandoned(): Reason {
  return {
    code: "abandoned",
    text: "Nobody waits for this foreground job any more, so that it is never given out.",
    fix: "Submit it again, in the background if nobody waits for it.",
  };
}

export function running(job: Job): Reason {
  const since = timeText(job.assignedAt!);
  const worker = job.worker!.port.number ?? null;
  return {
    code: "running",
    text: `Worker ${worker} runs it since ${since}.`,
    fix: job.deadline === 0
      ? `Wait; if that worker hangs, disconnect it (DELETE /workers/${worker}) and the job goes to another.`
      : `Wait; at ${
        timeText(job.deadline)
      } the job is taken from that worker and given to another.`,
    worker,
    since,
    attempts: attemptsOf(job),
    ...(job.deadline === 0 ? {} : { deadline: timeText(job.deadline) }),
  };
}

export function storing(server: RunningServer): Reason {
  const { up, problem, description, waiting } = server.storeCondition();
  return {
    code: "storing",
    text: up
      ? `The job is being written to the store (${description}); ${
        counted(waiting, "job")
      } waiting.`
      : `The store takes nothing at the moment: ${problem ?? description}.`,
    fix: up
      ? "Nothing to do: it takes milliseconds; if it lasts, look at the store's machine."
      : `Bring the store back (${description}); submissions wait for it ` +
        `${server.limits.storeWaitMs / 1000} s and are then refused.`,
    store: description,
    waiting,
  };
}

export function delayed(job: Job): Reason {
  const until = timeText(job.notBefore * 1000);
  return {
    code: "delayed",
    text: `The job is not to run before ${until}.`,
    fix: "Wait, or cancel it and submit it again without a delay.",
    until,
  };
}

export function paused(job: Job): Reason {
  return {
    code: "paused",
    text: `The function ${named(job.queue.name)} is paused.`,
    fix: "Resume it: POST /queues/{function}/resume.",
  };
}

export function noWorkers(job: Job): Reason {
  return {
    code: "no-workers",
    text: `No connected worker can do the function ${named(job.queue.name)}.`,
    fix: "Start a worker for it; if there should be one, check the name's spelling and its log.",
  };
}

export function workersDraining({ draining }: CapableWorkers): Reason {
  return {
    code: "workers-draining",
    text: `${draining === 1 ? "The only worker" : `All ${draining} workers`} that can do it ` +
      "are being drained and get no more jobs.",
    fix: "End the draining (POST /workers/{id}/undrain) or start another worker.",
    draining,
  };
}

/** `shows`: whether the caller may see jobs of a function. */
export function workersBusy(
  { busy }: CapableWorkers,
  shows: (functionName: ByteString) => boolean,
): Reason {
  return {
    code: "workers-busy",
    text: `${busy.length === 1 ? "The only worker is" : `All ${busy.length} workers are`} busy; ` +
      `the longest since ${timeText(busy[0]!.job.assignedAt!)}.`,
    fix: "Start more workers, or find out why their jobs take so long.",
    busy: busy.slice(0, MOST_NAMED).map((one) => busyWorker(one, shows)),
  };
}

function busyWorker(
  { worker, job }: BusyWorker,
  shows: (functionName: ByteString) => boolean,
): Readonly<Record<string, unknown>> {
  return {
    worker: worker.port.number ?? null,
    since: timeText(job.assignedAt!),
    ...(shows(job.queue.name)
      ? { handle: textForJson(job.handle), function: textForJson(job.queue.name) }
      : {}),
  };
}

/** Undefined while the worker that was woken first still has time to answer. */
export function workersNotAnswering(
  { woken }: CapableWorkers,
  repeatMs: number,
  now: number,
): Reason | undefined {
  const late = woken.filter(({ notifiedAt }) => now - notifiedAt >= ANSWER_MS);
  if (late.length === 0) return undefined;
  const numbers = late.slice(0, MOST_NAMED).map(({ port }) => port.number ?? null);
  const since = timeText(late[0]!.notifiedAt);
  return {
    code: "workers-not-answering",
    text: `Sent a NOOP and not heard of since: ${counted(late.length, "sleeping worker")}, ` +
      `the first at ${since}.`,
    fix: `They are woken again every ${repeatMs / 1000} s; look at them, or disconnect them ` +
      "(DELETE /workers/{id}) when their machine is gone.",
    workers: numbers,
    since,
  };
}

export function workersNotAsking({ awake }: CapableWorkers): Reason {
  return {
    code: "workers-not-asking",
    text: `Without a job, not asleep, and not asking for one: ${counted(awake, "worker")}.`,
    fix: "They ask as soon as they are ready; one that never does hangs and has to be restarted.",
    awake,
  };
}

export function behindOthers(higher: number, earlier: number): Reason {
  return {
    code: "behind-others",
    text: `Before it go ${counted(higher, "job")} of higher priority and ${earlier} of the same.`,
    fix: "Start more workers, or submit what is urgent with a higher priority.",
    higher_priority: higher,
    earlier,
  };
}

export function soon(): Reason {
  return {
    code: "soon",
    text: "Nothing is in its way: a worker has been woken for it.",
    fix: "Ask again in a moment.",
  };
}
