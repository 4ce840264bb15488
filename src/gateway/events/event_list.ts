import type { ReturnCause } from "../../core/mod.ts";
import type { JobEvent, JobEventName, JobFollower } from "./job_events.ts";

/** What is kept of one job's events. */
export interface EventBounds {
  /** 64: more than any job has that does not send data. */
  readonly events: number;
  /** 64 KiB: what a reader misses in a moment's break; whole results are kept as outcomes. */
  readonly bytes: number;
}

export const JOB_EVENT_BOUNDS: EventBounds = { events: 64, bytes: 64 * 1024 };

/** About what an event takes in memory beside its bytes. */
const EVENT_BYTES = 160;
/** About what an empty list takes. */
const LIST_BYTES = 320;

/** The last events of one job, within bounds, and who follows them. */
export class EventList {
  /** Null until somebody follows. */
  followers: Set<JobFollower> | null = null;
  /** Why the job came back, until it is queued again. */
  returnedFor: ReturnCause | null = null;
  /** Until when it is kept, once the job is over, milliseconds since 1970. */
  keepUntil = 0;
  readonly #bounds: EventBounds;
  #events: JobEvent[] = [];
  #lastId: number;
  #held = 0;

  /** `lastId`: ids begin behind it. */
  constructor(lastId: number, bounds: EventBounds) {
    this.#lastId = lastId;
    this.#bounds = bounds;
  }

  /** About what the list takes in memory. */
  get bytes(): number {
    return LIST_BYTES + EVENT_BYTES * this.#events.length + this.#held;
  }

  /** Whether the bytes of an event would be kept. */
  takes(bytes: number): boolean {
    return bytes <= this.#bounds.bytes;
  }

  /** Puts an event behind the others and tells the followers; the oldest go when there are too many. */
  add(name: JobEventName, at: number, content: Omit<JobEvent, "id" | "name" | "at"> = {}): void {
    const event: JobEvent = { id: ++this.#lastId, name, at, ...content };
    this.#keep(event);
    if (this.followers !== null) { for (const follower of this.followers) follower(event); }
  }

  #keep(event: JobEvent): void {
    const { bytes, ...rest } = event;
    if (bytes !== undefined && !this.takes(bytes.length)) {
      this.#events.push({ ...rest, droppedBytes: bytes.length });
    } else {
      this.#events.push(event);
      this.#held += bytes?.length ?? 0;
    }
    let excess = 0;
    while (this.#events.length - excess > this.#bounds.events || this.#held > this.#bounds.bytes) {
      this.#held -= this.#events[excess]!.bytes?.length ?? 0;
      excess++;
    }
    if (excess > 0) this.#events.splice(0, excess);
  }

  after(id: number): readonly JobEvent[] {
    const first = this.#events.findIndex((event) => event.id > id);
    return first < 0 ? [] : this.#events.slice(first);
  }

  /** Ids to come are higher than this one. */
  goBeyond(id: number): void {
    if (id > this.#lastId) this.#lastId = id;
  }

  /** Forgets the events, not who follows. */
  clear(): void {
    this.#events = [];
    this.#held = 0;
  }
}
