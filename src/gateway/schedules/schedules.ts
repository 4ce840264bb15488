import { randomBytes } from "node:crypto";
import type { Job } from "../../core/mod.ts";
import { Problem } from "../problem.ts";
import { CronError, tidyCron } from "./cron_times.ts";
import { keptSchedules } from "./kept_schedules.ts";
import {
  differInTimes,
  Schedule,
  type ScheduleDefinition,
  type ScheduleDraft,
} from "./schedule.ts";
import { ScheduleEngine } from "./schedule_engine.ts";
import type { SchedulesParts } from "./schedules_parts.ts";
import {
  DEFINITION_PREFIX,
  encodeDefinition,
  MAX_PAYLOAD_BYTES,
  PROGRESS_PREFIX,
} from "./schedule_record.ts";

/** Schedules at once: many for a crontab, and few enough to look at all of them at each run. */
export const MAX_SCHEDULES = 1000;
/** Bytes of all payloads together: they stay in memory. */
const MAX_ALL_PAYLOADS_BYTES = 128 * 1024 * 1024;

/**
 * Jobs that come again: makes, changes and keeps schedules, as records in the store. `start` takes up
 * those that the store holds, once the server has loaded; `close` ends the timer.
 */
export class Schedules {
  readonly #parts: SchedulesParts;
  readonly #engine: ScheduleEngine;
  /** In the order in which they were made. */
  readonly #schedules = new Map<string, Schedule>();
  /** Of schedules that are kept or being stored. */
  #count = 0;
  #payloadBytes = 0;

  constructor(parts: SchedulesParts) {
    this.#parts = parts;
    this.#engine = new ScheduleEngine(parts, this.#schedules);
  }

  /** Takes up the schedules of the store and begins to run them. */
  start(): void {
    const { server } = this.#parts;
    const kept = keptSchedules(server.records, (level, text) => this.#parts.log(level, text));
    for (const schedule of kept) {
      this.#schedules.set(schedule.id, schedule);
      this.#claim(schedule.definition.payload.length);
    }
    this.#engine.start();
  }

  close(): void {
    this.#engine.close();
  }

  get size(): number {
    return this.#schedules.size;
  }

  /** In the order in which they were made. */
  all(): Iterable<Schedule> {
    return this.#schedules.values();
  }

  find(id: string): Schedule | undefined {
    return this.#schedules.get(id);
  }

  /**
   * Makes a schedule; settles when it is kept. Throws the problems `invalid-request` (its times),
   * `payload-too-large` and `store-unavailable`.
   */
  async create(draft: ScheduleDraft): Promise<Schedule> {
    const now = this.#now();
    const definition: ScheduleDefinition = {
      ...draft,
      cron: tidyCron(draft.cron),
      id: randomBytes(8).toString("hex"),
      createdAt: now,
      changedAt: now,
      countsFrom: now,
    };
    const schedule = checked(() => new Schedule(definition, { doneUntil: now, lastRun: null }));
    this.#requireTimes(schedule);
    this.#requireRoom(definition.payload.length, 1);
    this.#claim(definition.payload.length);
    try {
      await this.#keep(definition);
    } catch (error) {
      this.#release(definition.payload.length);
      throw error;
    }
    this.#schedules.set(schedule.id, schedule);
    this.#engine.changed();
    return schedule;
  }

  /** Changes a schedule; settles when that is kept. Undefined when there is none. Throws as `create`. */
  async change(id: string, changes: Partial<ScheduleDraft>): Promise<Schedule | undefined> {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined) return undefined;
    const before = schedule.definition;
    const definition = this.#changed(before, changes);
    this.#requireTimes(checked(() => new Schedule(definition, schedule.progress)));
    const growth = definition.payload.length - before.payload.length;
    this.#requireRoom(definition.payload.length, 0, growth);
    await this.#keep(definition);
    if (this.#schedules.get(id) !== schedule) return undefined;
    this.#payloadBytes += definition.payload.length - schedule.definition.payload.length;
    schedule.redefine(definition);
    this.#engine.changed();
    return schedule;
  }

  /** Settles when the store has forgotten it. Jobs of earlier runs go on. Answers false when there was none. */
  async remove(id: string): Promise<boolean> {
    const schedule = this.#schedules.get(id);
    if (schedule === undefined) return false;
    this.#schedules.delete(id);
    this.#engine.changed();
    const { records } = this.#parts.server;
    try {
      await Promise.all([
        records.put(DEFINITION_PREFIX + id, null),
        records.put(PROGRESS_PREFIX + id, null),
      ]);
    } catch (cause) {
      this.#schedules.set(id, schedule);
      this.#engine.changed();
      throw notKept(cause);
    }
    this.#release(schedule.definition.payload.length);
    return true;
  }

  /**
   * Runs a schedule now, paused or not and beside an earlier run; its times stay as they are. Settles
   * when the job is accepted. Throws the problems `queue-full` and `store-unavailable`.
   */
  run(schedule: Schedule): Promise<Job> {
    return this.#engine.runNow(schedule);
  }

  #now(): number {
    return this.#parts.server.clock.now();
  }

  #changed(before: ScheduleDefinition, changes: Partial<ScheduleDraft>): ScheduleDefinition {
    const now = this.#now();
    const cron = tidyCron(changes.cron ?? before.cron);
    const changed = { ...before, ...changes, cron, changedAt: now };
    return differInTimes(before, changed) ? { ...changed, countsFrom: now } : changed;
  }

  /** An expression may be valid and yet name no day that exists. */
  #requireTimes(schedule: Schedule): void {
    if (schedule.comesAfter(this.#now())) return;
    const detail = "cron names a time that never comes";
    throw new Problem("invalid-request", `The schedule's ${detail}`, {
      errors: [{ pointer: "cron", detail }],
    });
  }

  #requireRoom(payloadBytes: number, more: number, growth = payloadBytes): void {
    if (payloadBytes > MAX_PAYLOAD_BYTES) {
      throw new Problem(
        "payload-too-large",
        `A schedule's payload may have ${MAX_PAYLOAD_BYTES} bytes; let it name what is larger`,
        { members: { limit: MAX_PAYLOAD_BYTES } },
      );
    }
    if (growth > 0 && this.#payloadBytes + growth > MAX_ALL_PAYLOADS_BYTES) {
      throw new Problem(
        "payload-too-large",
        `All schedules' payloads together may have ${MAX_ALL_PAYLOADS_BYTES} bytes; delete some`,
        { members: { limit: MAX_ALL_PAYLOADS_BYTES } },
      );
    }
    if (this.#count + more > MAX_SCHEDULES) {
      throw new Problem(
        "invalid-request",
        `There are ${MAX_SCHEDULES} schedules, and no more are kept; delete some`,
      );
    }
  }

  #claim(payloadBytes: number): void {
    this.#count++;
    this.#payloadBytes += payloadBytes;
  }

  #release(payloadBytes: number): void {
    this.#count--;
    this.#payloadBytes -= payloadBytes;
  }

  async #keep(definition: ScheduleDefinition): Promise<void> {
    const { records } = this.#parts.server;
    try {
      await records.put(DEFINITION_PREFIX + definition.id, encodeDefinition(definition));
    } catch (cause) {
      throw notKept(cause);
    }
  }
}

/** A `CronError` as a problem of the request. */
function checked(make: () => Schedule): Schedule {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    const detail = `${error.field} ${error.message}`;
    throw new Problem("invalid-request", `The schedule's ${detail}`, {
      errors: [{ pointer: error.field, detail }],
    }, { cause: error });
  }
}

function notKept(cause: unknown): Problem {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Problem(
    "store-unavailable",
    `The schedule is as it was, the store did not take the change: ${reason}`,
    { retryAfter: 5 },
    { cause },
  );
}
