import type { ByteString } from "../protocol/mod.ts";
import type { Job } from "./job.ts";

/** Jobs that lie together; a job that stays alone keeps no more than a page. A power of two. */
const PAGE_JOBS = 128;
/** Digits that a number can have and still be exact. */
const MOST_DIGITS = 15;
const ZERO = 48;

interface Page {
  readonly jobs: (Job | undefined)[];
  count: number;
}

/**
 * Jobs by handle. Handles are minted in rising order, so that a job is found by its number in a page:
 * no hashing, and much less memory than an entry in a map. Handles of another form, which a server
 * with another prefix gave to jobs that this one took over, are looked up by their text.
 */
export class HandleTable {
  readonly #prefix: ByteString;
  readonly #pages = new Map<number, Page>();
  readonly #others = new Map<ByteString, Job>();
  #size = 0;

  constructor(prefix: ByteString) {
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a job whose handle is not in the table. */
  add(job: Job): void {
    this.#size++;
    const number = this.#numberOf(job.handle);
    if (number === undefined) {
      this.#others.set(job.handle, job);
      return;
    }
    const index = Math.floor(number / PAGE_JOBS);
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = { jobs: new Array<Job | undefined>(PAGE_JOBS).fill(undefined), count: 0 };
      this.#pages.set(index, page);
    }
    page.jobs[number % PAGE_JOBS] = job;
    page.count++;
  }

  get(handle: ByteString): Job | undefined {
    const number = this.#numberOf(handle);
    if (number === undefined) return this.#others.get(handle);
    return this.#pages.get(Math.floor(number / PAGE_JOBS))?.jobs[number % PAGE_JOBS];
  }

  /** Takes out a job that is in the table. */
  delete(job: Job): void {
    this.#size--;
    const number = this.#numberOf(job.handle);
    if (number === undefined) {
      this.#others.delete(job.handle);
      return;
    }
    const index = Math.floor(number / PAGE_JOBS);
    const page = this.#pages.get(index)!;
    page.jobs[number % PAGE_JOBS] = undefined;
    if (--page.count === 0) this.#pages.delete(index);
  }

  *values(): Generator<Job> {
    yield* this.#others.values();
    for (const page of this.#pages.values()) {
      for (const job of page.jobs) if (job !== undefined) yield job;
    }
  }

  /** The number of a handle that this server may have minted: no other text has the same number. */
  #numberOf(handle: ByteString): number | undefined {
    const start = this.#prefix.length;
    const digits = handle.length - start;
    if (digits < 1 || digits > MOST_DIGITS || !handle.startsWith(this.#prefix)) return undefined;
    if (handle.charCodeAt(start) === ZERO) return undefined;
    let number = 0;
    for (let at = start; at < handle.length; at++) {
      const digit = handle.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9) return undefined;
      number = number * 10 + digit;
    }
    return number;
  }
}
