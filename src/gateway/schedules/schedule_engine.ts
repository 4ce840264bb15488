import type { Admission, Job } from "../../core/mod.ts";
import { EndWatch } from "../../server/mod.ts";
import { textForJson } from "../byte_text.ts";
import { Problem } from "../problem.ts";
import { RunExtras } from "../run_extras.ts";
import type { Schedule, ScheduleProgress, ScheduleRun } from "./schedule.ts";
import { encodeProgress, PROGRESS_PREFIX } from "./schedule_record.ts";
import type { SchedulesParts } from "./schedules_parts.ts";

/** Longest time between two looks at the clock, milliseconds: it may be set, or the machine sleep. */
const LONGEST_SLEEP_MS = 60_000;
/** A run that is later than this was missed, milliseconds: no timer is that late on a running server. */
const MISSED_AFTER_MS = 60_000;
/** How long after a refused submission the next is made, milliseconds. */
const RETRY_MS = 10_000;
/** How long after a look at a server that takes no jobs the next is taken, milliseconds. */
const NOT_SERVING_MS = 1000;

/**
 * Runs schedules when they are due, by one timer. A run is a background job; the job and the note that
 * it was made go to the store together, and its unique ID holds the time that it was due at, so that
 * a crash between the two does not make it twice.
 */
export class ScheduleEngine {
  readonly #parts: SchedulesParts;
  readonly #schedules: ReadonlyMap<string, Schedule>;
  #started = false;
  #cancelTimer: (() => void) | null = null;
  /** Handles of jobs whose end a run waits for. */
  #awaited: ReadonlySet<string> = new Set();
  #unwatch: (() => void) | null = null;

  constructor(parts: SchedulesParts, schedules: ReadonlyMap<string, Schedule>) {
    this.#parts = parts;
    this.#schedules = schedules;
  }

  start(): void {
    this.#started = true;
    this.changed();
  }

  close(): void {
    this.#started = false;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#unwatch?.();
    this.#unwatch = null;
  }

  /** Schedules came, went or have other times. */
  changed(): void {
    if (!this.#started) return;
    this.#watchAwaited();
    const earliest = Math.min(...this.#sleeping().map(dueAt));
    const isServing = this.#parts.server.phase === "serving";
    this.#wakeAfter(Math.max(isServing ? 0 : NOT_SERVING_MS, earliest - this.#now()));
  }

  /** Settles when the job is accepted. Throws the problems `queue-full` and `store-unavailable`. */
  async runNow(schedule: Schedule): Promise<Job> {
    const { doneUntil } = schedule.progress;
    const { admission, stored } = this.#submit(schedule, null, doneUntil);
    this.changed();
    if (admission.kind === "refused") throw refusedProblem(admission.reason, schedule);
    if (!await stored) throw refusedProblem("store full", schedule);
    return admission.job;
  }

  #wakeAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (ms === Infinity) return;
    const { clock } = this.#parts.server;
    this.#cancelTimer = clock.later(Math.min(Math.max(0, ms), LONGEST_SLEEP_MS), () => {
      this.#cancelTimer = null;
      this.#runDue();
    });
  }

  #runDue(): void {
    const now = this.#now();
    if (this.#parts.server.phase === "serving") {
      for (const schedule of this.#sleeping()) if (dueAt(schedule) <= now) this.#due(schedule, now);
    }
    this.changed();
  }

  /** Those that are waited for by the timer. */
  #sleeping(): Schedule[] {
    return [...this.#schedules.values()].filter(({ next, waiting }) => next !== null && !waiting);
  }

  /** What a schedule that is due comes to: a run, no run, or a wait. */
  #due(schedule: Schedule, now: number): void {
    const { overlap, missed } = schedule.definition;
    const due = schedule.next!;
    const busy = overlap !== "allow" && this.#isBusy(schedule);
    if (busy && overlap === "queue") {
      schedule.beginWait();
      return;
    }
    const isMissed = now - due > MISSED_AFTER_MS && !schedule.hasWaited;
    if (busy || (isMissed && missed === "skip")) this.#skip(schedule, now);
    else this.#submit(schedule, due, Math.max(now, due));
  }

  #isBusy({ progress: { lastRun } }: Schedule): boolean {
    if (lastRun === null) return false;
    return this.#parts.server.jobServer.table.findJob(lastRun.handle)?.end === null;
  }

  #skip(schedule: Schedule, now: number): void {
    schedule.proceed({ ...schedule.progress, doneUntil: now });
    this.#note(schedule);
  }

  /**
   * Makes the job of a run. `due`: null when it was started by hand. `stored` settles when the store
   * has answered: false = refused, and the schedule is due again a little later.
   */
  #submit(
    schedule: Schedule,
    due: number | null,
    doneUntil: number,
  ): { admission: Admission; stored: Promise<boolean> } {
    const before = schedule.progress;
    const [admission, stored] = this.#admit(schedule, due);
    if (admission.kind === "refused") {
      if (due !== null) this.#refused(schedule, admission.reason);
      return { admission, stored };
    }
    const run: ScheduleRun = { dueAt: due, at: this.#now(), handle: admission.job.handle };
    schedule.proceed({ doneUntil, lastRun: run });
    this.#note(schedule);
    void stored.then((isStored) => {
      if (!isStored) this.#takeBack(schedule, run, before);
    });
    return { admission, stored };
  }

  #admit(schedule: Schedule, due: number | null): [Admission, Promise<boolean>] {
    const { server, retainMs } = this.#parts;
    const { functionName, payload, priority, reducer } = schedule.definition;
    return server.act((jobServer, now) => {
      const admission = jobServer.submit(
        {
          functionName,
          unique: uniqueOf(schedule, due),
          workload: payload,
          priority,
          notBefore: 0,
          reducer,
          background: true,
          extras: new RunExtras(retainMs),
        },
        null,
        now,
      );
      if (admission.kind !== "awaits store") return [admission, Promise.resolve(true)];
      const stored = new Promise<boolean>((resolve) =>
        jobServer.awaitStore(admission.job, {
          jobStored: () => resolve(true),
          jobRefused: () => resolve(false),
        })
      );
      return [admission, stored];
    });
  }

  #takeBack(schedule: Schedule, run: ScheduleRun, before: ScheduleProgress): void {
    if (run.dueAt !== null) this.#refused(schedule, "the store did not take its job");
    // A later run is as good as another attempt.
    if (schedule.progress.lastRun !== run) return;
    schedule.proceed(before);
    if (this.#schedules.get(schedule.id) === schedule) this.#note(schedule);
    this.changed();
  }

  #refused(schedule: Schedule, reason: string): void {
    const name = textForJson(schedule.definition.functionName);
    this.#parts.log("WARNING", `Cannot run the schedule ${schedule.id} for ${name}: ${reason}`);
    schedule.notBefore = this.#now() + RETRY_MS;
  }

  /** Goes with the job into the same commit, because both come in the same turn. */
  #note({ id, progress }: Schedule): void {
    const { records } = this.#parts.server;
    records.put(PROGRESS_PREFIX + id, encodeProgress(progress)).catch((error) => {
      const reason = (error as Error).message;
      this.#parts.log("WARNING", `Cannot note how far the schedule ${id} has come: ${reason}`);
    });
  }

  #watchAwaited(): void {
    const waiting = [...this.#schedules.values()].filter((schedule) => schedule.waiting);
    this.#awaited = new Set(waiting.map(({ progress }) => progress.lastRun!.handle));
    if (waiting.length === 0) {
      this.#unwatch?.();
      this.#unwatch = null;
    } else {
      this.#unwatch ??= this.#parts.server.watch(new EndWatch((job) => this.#ended(job)));
    }
  }

  /** During the step that ends the job: its successor is submitted afterwards. */
  #ended({ handle }: Job): void {
    if (!this.#awaited.has(handle)) return;
    for (const schedule of this.#schedules.values()) {
      if (schedule.waiting && schedule.progress.lastRun?.handle === handle) schedule.endWait();
    }
    this.#wakeAfter(0);
  }

  #now(): number {
    return this.#parts.server.clock.now();
  }
}

/** When the timer is to look at a schedule that has a next time. */
function dueAt({ next, notBefore }: Schedule): number {
  return Math.max(next!, notBefore);
}

/** At most 64 bytes, as the protocol allows: an id has 16, epoch seconds have at most 12. */
function uniqueOf({ id, definition }: Schedule, due: number | null): string {
  if (definition.unique !== "" || due === null) return definition.unique;
  return `schedule:${id}:${due / 1000}`;
}

function refusedProblem(reason: "queue full" | "store full", schedule: Schedule): Problem {
  const { functionName } = schedule.definition;
  return reason === "queue full"
    ? new Problem("queue-full", "The function's queue is full; run the schedule again later", {
      function: functionName,
      retryAfter: RETRY_MS / 1000,
    })
    : new Problem("store-unavailable", "The store did not take the job; run it again later", {
      function: functionName,
      retryAfter: RETRY_MS / 1000,
    });
}
