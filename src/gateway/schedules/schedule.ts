import { Priority } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { CronTimes } from "./cron_times.ts";

export const OVERLAPS = ["allow", "skip", "queue"] as const;
/**
 * What happens at a time when the run before is not over: `allow`: it runs beside it. `skip`: this time
 * is left out. `queue`: it waits for the end; at most one run waits.
 */
export type Overlap = (typeof OVERLAPS)[number];

export const MISSED_RULES = ["run-once", "skip"] as const;
/** What happens with times that passed while the server was not there: one run for all, or none. */
export type MissedRule = (typeof MISSED_RULES)[number];

/** What a schedule is made of. */
export interface ScheduleDraft {
  readonly functionName: ByteString;
  /** Of each run's job; empty = each run has one of its own. */
  readonly unique: ByteString;
  readonly payload: Uint8Array;
  readonly priority: Priority;
  /** Empty for ordinary jobs. */
  readonly reducer: ByteString;
  /** Five fields: minute, hour, day of the month, month, weekday. */
  readonly cron: string;
  /** A name of the IANA database. */
  readonly timeZone: string;
  readonly overlap: Overlap;
  readonly missed: MissedRule;
  readonly paused: boolean;
}

/** A schedule as it is kept. Times are milliseconds since 1970. */
export interface ScheduleDefinition extends ScheduleDraft {
  readonly id: string;
  readonly createdAt: number;
  readonly changedAt: number;
  /** Earlier times do not count: it was made, resumed, or given other times then. */
  readonly countsFrom: number;
}

export interface ScheduleRun {
  /** The time that it was due at; null when it was started by hand. */
  readonly dueAt: number | null;
  /** When its job was submitted. */
  readonly at: number;
  readonly handle: ByteString;
}

/** How far a schedule has come: what changes with each run. */
export interface ScheduleProgress {
  /** Times up to here are done with, milliseconds since 1970. */
  readonly doneUntil: number;
  readonly lastRun: ScheduleRun | null;
}

/** Whether two schedules come at different times. */
export function differInTimes(a: ScheduleDraft, b: ScheduleDraft): boolean {
  return a.cron !== b.cron || a.timeZone !== b.timeZone || a.paused !== b.paused;
}

/** Times that are shown ahead. */
const RUNS_AHEAD = 5;

/** One schedule: what it is, how far it has come, and when it is due. */
export class Schedule {
  #definition: ScheduleDefinition;
  #times: CronTimes;
  #progress: ScheduleProgress;
  #next: number | null;
  #ahead: readonly number[] | null = null;
  /** Not to be tried again before this, milliseconds since 1970: its last submission was refused. */
  notBefore = 0;
  #wait: "none" | "waiting" | "over" = "none";

  /** Throws a `CronError`. */
  constructor(definition: ScheduleDefinition, progress: ScheduleProgress) {
    this.#definition = definition;
    this.#times = new CronTimes(definition.cron, definition.timeZone);
    this.#progress = progress;
    this.#next = this.#nextAfterDone();
  }

  get definition(): ScheduleDefinition {
    return this.#definition;
  }

  get progress(): ScheduleProgress {
    return this.#progress;
  }

  get id(): string {
    return this.#definition.id;
  }

  /** The time that is due next, possibly one that has passed; null while it is paused. */
  get next(): number | null {
    return this.#next;
  }

  /** The next times, the one that is due included. */
  runsAhead(): readonly number[] {
    if (this.#next === null) return [];
    return this.#ahead ??= [
      this.#next,
      ...this.#times.manyAfter(this.#next, RUNS_AHEAD - 1),
    ];
  }

  /** It is due, and waits for the end of the run before. */
  get waiting(): boolean {
    return this.#wait === "waiting";
  }

  /** It is due, and late because it waited. */
  get hasWaited(): boolean {
    return this.#wait === "over";
  }

  beginWait(): void {
    this.#wait = "waiting";
  }

  endWait(): void {
    this.#wait = "over";
  }

  /** Whether there is a time after `ms`, milliseconds since 1970. */
  comesAfter(ms: number): boolean {
    return this.#times.after(ms) !== null;
  }

  /** Throws a `CronError` and changes nothing when the times are not valid. */
  redefine(definition: ScheduleDefinition): void {
    const before = this.#definition;
    const times = new CronTimes(definition.cron, definition.timeZone);
    this.#definition = definition;
    this.#wait = "none";
    if (!differInTimes(before, definition)) return;
    this.#times = times;
    this.#setNext(this.#nextAfterDone());
  }

  /** Goes to where `progress` says, forwards or back. */
  proceed(progress: ScheduleProgress): void {
    this.#progress = progress;
    this.#setNext(this.#nextAfterDone());
  }

  #nextAfterDone(): number | null {
    const { paused, countsFrom } = this.#definition;
    return paused ? null : this.#times.after(Math.max(countsFrom, this.#progress.doneUntil));
  }

  #setNext(next: number | null): void {
    this.#next = next;
    this.#wait = "none";
    this.#ahead = null;
  }
}

/** What a schedule is when nothing else is said. */
export const SCHEDULE_DEFAULTS = {
  unique: "",
  payload: new Uint8Array(0),
  priority: Priority.NORMAL,
  reducer: "",
  timeZone: "UTC",
  overlap: "allow",
  missed: "run-once",
  paused: false,
} as const satisfies Partial<ScheduleDraft>;
