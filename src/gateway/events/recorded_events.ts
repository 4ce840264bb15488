import type {
  Job,
  JobEnd,
  JobWitness,
  RefusalReason,
  ReturnCause,
  Submission,
} from "../../core/mod.ts";
import { type ByteString, type Packet, PacketType } from "../../protocol/mod.ts";
import type { Clock } from "../../server/mod.ts";
import { EndWaits } from "./end_waits.ts";
import { type EventBounds, EventList, JOB_EVENT_BOUNDS } from "./event_list.ts";
import {
  finalName,
  type JobEvent,
  type JobEventName,
  type JobEvents,
  type JobFollower,
} from "./job_events.ts";
import { SharedBeat } from "./shared_timers.ts";

/** What is kept of the events of all jobs. */
export interface AllEventsBounds {
  readonly perJob: EventBounds;
  /** About what all lists may take, bytes. 64 MiB: some hundred thousand jobs without data. */
  readonly bytes: number;
  /** Events of a followed job stay so long after its end for a stream that broke off, milliseconds. */
  readonly followedMs: number;
}

export const EVENT_BOUNDS: AllEventsBounds = {
  perJob: JOB_EVENT_BOUNDS,
  bytes: 64 * 1024 * 1024,
  followedMs: 60_000,
};

/** Between two comments that keep a stream alive, milliseconds: as http-api section 3.4 has it. */
const BEAT_MS = 15_000;

const REPORT_NAMES: Readonly<Partial<Record<PacketType, JobEventName>>> = {
  [PacketType.WORK_DATA]: "data",
  [PacketType.WORK_WARNING]: "warning",
  [PacketType.WORK_STATUS]: "status",
};

/**
 * Notes what happens to jobs whose outcomes are kept, from the moment a worker gets them, and to jobs
 * that are followed. A job that only waits costs nothing here, so that there may be millions. When all
 * lists together are too large, the events of jobs that are over go first, then those of jobs that
 * nobody follows.
 */
export class RecordedEvents implements JobEvents, JobWitness {
  readonly #clock: Clock;
  readonly #bounds: AllEventsBounds;
  /** Since when this looks on, milliseconds since 1970. */
  readonly #since: number;
  readonly #live = new Map<Job, EventList>();
  /** Of jobs that are over, in the order of their ends. */
  readonly #over = new Map<ByteString, EventList>();
  readonly #waits: EndWaits;
  readonly #beat: SharedBeat;
  #bytes = 0;
  /** Events of jobs that are not over have been forgotten at some time. */
  #hasForgotten = false;

  constructor(clock: Clock, bounds: AllEventsBounds = EVENT_BOUNDS) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#since = clock.now();
    this.#waits = new EndWaits(clock);
    this.#beat = new SharedBeat(clock, BEAT_MS);
  }

  /** About what is kept takes in memory, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  follow(job: Job, afterId: number, follower: JobFollower): () => void {
    if (job.end !== null) {
      for (const event of this.past(job.handle, afterId)) follower(event);
      return () => {};
    }
    const list = this.#live.get(job) ?? this.#begin(job, this.#stateSoFar(job));
    for (const event of list.after(afterId)) follower(event);
    list.goBeyond(afterId);
    list.followers ??= new Set();
    list.followers.add(follower);
    return () => list.followers?.delete(follower);
  }

  past(handle: ByteString, afterId: number): readonly JobEvent[] {
    const list = this.#over.get(handle);
    return list === undefined || list.keepUntil <= this.#clock.now() ? [] : list.after(afterId);
  }

  untilEnded(job: Job, ms: number, signal: AbortSignal): Promise<boolean> {
    return this.#waits.until(job, ms, signal);
  }

  onBeat(beat: () => void): () => void {
    return this.#beat.add(beat);
  }

  // As a witness

  submitted(_job: Job, _submission: Submission, _joined: boolean): void {}

  refused(_submission: Submission, _reason: RefusalReason): void {}

  queued(job: Job): void {
    const list = this.#live.get(job);
    if (list === undefined) return;
    const cause = list.returnedFor;
    list.returnedFor = null;
    if (cause === null) this.#add(list, "queued");
    else this.#add(list, "retry", { cause });
  }

  assigned(job: Job): void {
    const list = this.#live.get(job) ?? (isKept(job) ? this.#begin(job, ["queued"]) : undefined);
    if (list !== undefined) this.#add(list, "assigned");
  }

  returned(job: Job, cause: ReturnCause): void {
    const list = this.#live.get(job);
    if (list !== undefined) list.returnedFor = cause;
  }

  reported(job: Job, packet: Packet): void {
    const list = this.#listOf(job);
    const name = REPORT_NAMES[packet.shape.type];
    if (list === undefined || name === undefined) return;
    const { numerator, denominator } = job;
    this.#add(list, name, name === "status" ? { numerator, denominator } : dataOf(packet, list));
  }

  ended(job: Job, end: JobEnd, packet: Packet | null): void {
    const list = this.#listOf(job);
    if (list !== undefined) {
      const name = finalName(end);
      const hasData = name === "complete" || name === "exception";
      const content = hasData && packet !== null ? dataOf(packet, list) : { cause: end };
      this.#add(list, name, content);
      this.#putAway(job, list);
    }
    this.#waits.ended(job);
  }

  // Lists

  #listOf(job: Job): EventList | undefined {
    return this.#live.get(job) ??
      (isKept(job) ? this.#begin(job, this.#stateSoFar(job)) : undefined);
  }

  /** The events that a job must have had, without its list. */
  #stateSoFar({ state, notBefore }: Job): readonly JobEventName[] {
    if (state === "storing" || notBefore * 1000 > this.#clock.now()) return [];
    return state === "running" ? ["queued", "assigned"] : ["queued"];
  }

  #begin(job: Job, sofar: readonly JobEventName[]): EventList {
    const now = this.#clock.now();
    const isFirst = job.acceptedAt >= this.#since && !this.#hasForgotten;
    const list = new EventList(isFirst ? 0 : idOfAge(job, now), this.#bounds.perJob);
    this.#live.set(job, list);
    this.#bytes += list.bytes;
    const due = Math.min(now, Math.max(job.acceptedAt, job.notBefore * 1000));
    for (const name of sofar) this.#add(list, name, {}, name === "queued" ? due : job.assignedAt!);
    return list;
  }

  #add(
    list: EventList,
    name: JobEventName,
    content: Omit<JobEvent, "id" | "name" | "at"> = {},
    at = this.#clock.now(),
  ): void {
    const before = list.bytes;
    list.add(name, at, content);
    this.#bytes += list.bytes - before;
    if (this.#bytes > this.#bounds.bytes) this.#forgetSome(list);
  }

  /** The job is over: its list stays as long as its outcome, or a moment for those that followed. */
  #putAway(job: Job, list: EventList): void {
    const now = this.#clock.now();
    const followedMs = list.followers === null ? 0 : this.#bounds.followedMs;
    list.keepUntil = now + Math.max(job.extras?.retainMs ?? 0, followedMs);
    list.followers = null;
    this.#live.delete(job);
    this.#over.set(job.handle, list);
    for (const [handle, old] of this.#over) {
      if (old.keepUntil > now) break;
      this.#over.delete(handle);
      this.#bytes -= old.bytes;
    }
  }

  #forgetSome(spared: EventList): void {
    for (const [handle, list] of this.#over) {
      if (this.#bytes <= this.#bounds.bytes) return;
      this.#over.delete(handle);
      this.#bytes -= list.bytes;
    }
    let rest = this.#live.size;
    for (const [job, list] of this.#live) {
      if (this.#bytes <= this.#bounds.bytes || rest-- === 0) return;
      if (list === spared) continue;
      this.#hasForgotten = true;
      this.#bytes -= list.bytes;
      this.#live.delete(job);
      if (list.followers === null || list.followers.size === 0) continue;
      list.clear();
      this.#live.set(job, list);
      this.#bytes += list.bytes;
    }
  }
}

/** Jobs whose events are noted although nobody follows. */
function isKept(job: Job): boolean {
  return job.extras !== null && job.extras.retainMs > 0;
}

/** Higher than any id that a job of this age can have had. */
export function idOfAge({ acceptedAt }: { readonly acceptedAt: number }, now: number): number {
  return Math.max(0, now - acceptedAt) * 1000;
}

/** Bytes that nobody would see are not copied. */
function dataOf(packet: Packet, list: EventList): Pick<JobEvent, "bytes" | "droppedBytes"> {
  const isSeen = (list.followers?.size ?? 0) > 0 || list.takes(packet.dataLength);
  return isSeen ? { bytes: packet.takeData() } : { droppedBytes: packet.dataLength };
}
