import type { ByteString } from "../protocol/mod.ts";
import type { Job } from "./job.ts";
import { JobPages } from "./job_pages.ts";

/** Digits that a number can have and still be exact. */
const MOST_DIGITS = 15;
const ZERO = 48;

/**
 * Jobs by handle. Handles are minted in rising order, as keys are, so that a job is found by its
 * number in a page. Handles of another form, which a server with another prefix gave to jobs that
 * this one took over, are looked up by their text.
 */
export class HandleTable {
  readonly #prefix: ByteString;
  readonly #own = new JobPages();
  readonly #others = new Map<ByteString, Job>();
  /** The others by their keys. */
  readonly #othersByKey = new JobPages();
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
      this.#othersByKey.add(job.key, job);
    } else {
      this.#own.add(number, job);
    }
  }

  get(handle: ByteString): Job | undefined {
    const number = this.#numberOf(handle);
    return number === undefined ? this.#others.get(handle) : this.#own.get(number);
  }

  /** Takes out a job that is in the table. */
  delete(job: Job): void {
    this.#size--;
    const number = this.#numberOf(job.handle);
    if (number === undefined) {
      this.#others.delete(job.handle);
      this.#othersByKey.delete(job.key);
    } else {
      this.#own.delete(number);
    }
  }

  *values(): Generator<Job> {
    yield* this.#others.values();
    yield* this.#own.values();
  }

  /** Jobs with a greater key, the least first. The table must not change meanwhile. */
  after(key: number): Iterable<Job> {
    const own = this.#own.after(key);
    if (this.#others.size === 0) return own;
    return merged(own, this.#othersByKey.after(key), (a, b) => a.key < b.key);
  }

  /** Jobs with a lesser key, the greatest first. The table must not change meanwhile. */
  before(key: number): Iterable<Job> {
    const own = this.#own.before(key);
    if (this.#others.size === 0) return own;
    return merged(own, this.#othersByKey.before(key), (a, b) => a.key > b.key);
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

/** Two sequences of jobs as one, in the order that `isEarlier` tells and each of them has. */
function* merged(
  one: Iterator<Job>,
  other: Iterator<Job>,
  isEarlier: (a: Job, b: Job) => boolean,
): Generator<Job> {
  let a = one.next();
  let b = other.next();
  while (a.done !== true || b.done !== true) {
    if (b.done === true || (a.done !== true && isEarlier(a.value, b.value))) {
      yield a.value as Job;
      a = one.next();
    } else {
      yield b.value;
      b = other.next();
    }
  }
}
