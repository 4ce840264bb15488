import type { Job } from "./job.ts";

/** Jobs that lie together; a job that stays alone keeps no more than a page. A power of two. */
const PAGE_JOBS = 128;

interface Page {
  readonly jobs: (Job | undefined)[];
  count: number;
}

/**
 * Jobs by a number of their own that rises with their keys: their place in a page is the number
 * itself, so that there is no hashing, much less memory than an entry in a map, and any place in the
 * order can be found again without walking there.
 */
export class JobPages {
  readonly #pages = new Map<number, Page>();

  add(number: number, job: Job): void {
    const index = Math.floor(number / PAGE_JOBS);
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = { jobs: new Array<Job | undefined>(PAGE_JOBS).fill(undefined), count: 0 };
      this.#pages.set(index, page);
    }
    page.jobs[number % PAGE_JOBS] = job;
    page.count++;
  }

  get(number: number): Job | undefined {
    return this.#pages.get(Math.floor(number / PAGE_JOBS))?.jobs[number % PAGE_JOBS];
  }

  /** Takes out the job that has a number. */
  delete(number: number): void {
    const index = Math.floor(number / PAGE_JOBS);
    const page = this.#pages.get(index)!;
    page.jobs[number % PAGE_JOBS] = undefined;
    if (--page.count === 0) this.#pages.delete(index);
  }

  *values(): Generator<Job> {
    for (const page of this.#pages.values()) {
      for (const job of page.jobs) if (job !== undefined) yield job;
    }
  }

  /** Jobs with a greater key, the least first. The pages must not change meanwhile. */
  *after(key: number): Generator<Job> {
    const indexes = this.#indexes();
    const first = firstWhere(indexes, (index) => lastKey(this.#pages.get(index)!) > key);
    for (let at = first; at < indexes.length; at++) {
      const { jobs } = this.#pages.get(indexes[at]!)!;
      for (const job of jobs) if (job !== undefined && job.key > key) yield job;
    }
  }

  /** Jobs with a lesser key, the greatest first. The pages must not change meanwhile. */
  *before(key: number): Generator<Job> {
    const indexes = this.#indexes();
    const beyond = firstWhere(indexes, (index) => firstKey(this.#pages.get(index)!) >= key);
    for (let at = beyond - 1; at >= 0; at--) {
      const { jobs } = this.#pages.get(indexes[at]!)!;
      for (let slot = PAGE_JOBS - 1; slot >= 0; slot--) {
        const job = jobs[slot];
        if (job !== undefined && job.key < key) yield job;
      }
    }
  }

  /** Of the pages, rising: some thousands for a million jobs. Nearly always they come in order. */
  #indexes(): number[] {
    const indexes = [...this.#pages.keys()];
    const isRising = indexes.every((index, at) => at === 0 || index > indexes[at - 1]!);
    return isRising ? indexes : indexes.sort((a, b) => a - b);
  }
}

function firstKey(page: Page): number {
  return page.jobs.find((job) => job !== undefined)!.key;
}

function lastKey(page: Page): number {
  return page.jobs.findLast((job) => job !== undefined)!.key;
}

/** Position of the first index that passes, where all behind it pass too; the length when none does. */
function firstWhere(indexes: readonly number[], passes: (index: number) => boolean): number {
  let low = 0;
  let high = indexes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(indexes[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
