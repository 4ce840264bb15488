import type { Job, Limits } from "../core/mod.ts";
import type { NamedRecord, StoreBatch } from "../plugin_api/mod.ts";
import { storedForm, storedUpdate } from "./stored_form.ts";

/** A commit in the making, and the jobs whose `add` it settles. */
export interface Batch {
  readonly content: StoreBatch;
  /** Jobs added by it. */
  readonly added: readonly Job[];
  /** Jobs that ended before they were written. */
  readonly neverWritten: readonly Job[];
  readonly updated: readonly Job[];
}

/** What gathers for the next commit, in order and within bounds. */
export class WriteQueue {
  readonly #limits: Limits;
  readonly #namespace: string;
  #adds: Job[] = [];
  /** Keys of rows to be removed, in order. */
  readonly #removes = new Set<number>();
  /** Jobs that a commit may hold though it failed: its outcome is not known. */
  readonly #doubtful = new Set<Job>();
  /** Keys of jobs that were given up and then promised after all: an old removal must not hit them. */
  readonly #promisedAgain = new Set<number>();
  readonly #updates = new Set<Job>();
  #waiting = 0;
  #waitingBytes = 0;
  /** Jobs at the front that are written one at a time, because together they failed. */
  #singly = 0;

  constructor(limits: Limits, namespace: string) {
    this.#limits = limits;
    this.#namespace = namespace;
  }

  /** Jobs that wait to be stored, those in the running commit included. */
  get waiting(): number {
    return this.#waiting;
  }

  get isEmpty(): boolean {
    return this.#adds.length === 0 && this.#removes.size === 0 && this.#updates.size === 0;
  }

  /** Answers false when too much waits already. */
  add(job: Job): boolean {
    const size = job.workload.length;
    const { maxStoreWaiting, maxStoreWaitingBytes } = this.#limits;
    if (this.#waiting >= maxStoreWaiting) return false;
    if (this.#waitingBytes + size > maxStoreWaitingBytes) return false;
    this.#waiting++;
    this.#waitingBytes += size;
    if (job.row === "removed") {
      this.#promisedAgain.add(job.key);
      this.#removes.delete(job.key);
    }
    job.row = "gathering";
    this.#adds.push(job);
    return true;
  }

  /** Changes of a job that is still to be added go with its row. */
  update(job: Job): void {
    if (job.row === "stored" || job.row === "writing") this.#updates.add(job);
  }

  /** A job that ends before it was written is never written. */
  remove(job: Job): void {
    if (job.row === "stored" || job.row === "writing" || this.#doubtful.has(job)) {
      this.#removes.add(job.key);
    }
    if (this.#promisedAgain.size > 0) this.#promisedAgain.delete(job.key);
    this.#updates.delete(job);
    job.row = "removed";
  }

  /**
   * The next commit, with the records `put`. What it holds is no longer in the queue. `removalsFirst`: jobs
   * to be added stay back if there is anything else.
   */
  take(put: readonly NamedRecord[], removalsFirst = false): Batch {
    const others = this.#removes.size > 0 || this.#updates.size > 0;
    const taken = removalsFirst && others ? [] : this.#takeAdds();
    const added = taken.filter((job) => job.row !== "removed");
    for (const job of added) job.row = "writing";
    const updated = [...this.#updates].filter((job) => job.row === "stored");
    this.#updates.clear();
    const remove = this.#takeRemoves();
    return {
      content: {
        add: added.map((job) => storedForm(job, this.#namespace)),
        update: updated.map(storedUpdate),
        remove,
        put,
      },
      added,
      neverWritten: added.length === taken.length
        ? []
        : taken.filter((job) => job.row === "removed"),
      updated,
    };
  }

  /** The first removals in line, as many as one commit may hold. */
  #takeRemoves(): number[] {
    const keys: number[] = [];
    for (const key of this.#removes) {
      if (keys.length === this.#limits.maxCommitJobs) break;
      keys.push(key);
    }
    if (keys.length === this.#removes.size) this.#removes.clear();
    else for (const key of keys) this.#removes.delete(key);
    return keys;
  }

  /** The first jobs in line, as many as one commit may hold. */
  #takeAdds(): Job[] {
    const { maxCommitJobs, maxCommitBytes } = this.#limits;
    const most = this.#singly > 0 ? 1 : maxCommitJobs;
    let bytes = 0;
    let count = 0;
    for (const job of this.#adds) {
      bytes += job.workload.length;
      if (count === most || (count > 0 && bytes > maxCommitBytes)) break;
      count++;
    }
    if (this.#singly > 0) this.#singly--;
    if (count < this.#adds.length) return this.#adds.splice(0, count);
    const all = this.#adds;
    this.#adds = [];
    return all;
  }

  /** A batch held: its jobs wait no longer. */
  settle(batch: Batch): void {
    for (const job of batch.added) {
      if (job.row === "writing") job.row = "stored";
      this.#doubtful.delete(job);
      this.#leave(job);
    }
    for (const job of batch.neverWritten) {
      this.#doubtful.delete(job);
      this.#leave(job);
    }
  }

  /** A commit failed, but may have kept the batch: rows of jobs that are given up are removed later. */
  doubt(batch: Batch): void {
    for (const job of batch.added) this.#doubtful.add(job);
  }

  /** A batch failed and is to be tried again; `singly`: its jobs one at a time. */
  putBack(batch: Batch, singly: boolean): void {
    this.putBackRemovals(batch);
    const adds = [...batch.added, ...batch.neverWritten];
    for (const job of batch.added) if (job.row === "writing") job.row = "gathering";
    this.#adds = adds.concat(this.#adds);
    if (singly) this.#singly = adds.length;
  }

  /** Of a failed batch, what is never given up: removals and updates. */
  putBackRemovals(batch: Batch): void {
    for (const key of batch.content.remove) {
      if (!this.#promisedAgain.has(key)) this.#removes.add(key);
    }
    for (const job of batch.updated) this.update(job);
  }

  /** Takes out the jobs that are not to be stored any more: those that match. */
  giveUp(matches: (job: Job) => boolean): Job[] {
    const given = this.#adds.filter(matches);
    if (given.length === 0) return given;
    this.#adds = this.#adds.filter((job) => !matches(job));
    for (const job of given) this.drop(job);
    return given;
  }

  /** A job is not stored after all. */
  drop(job: Job): void {
    job.row = "removed";
    this.#promisedAgain.delete(job.key);
    if (this.#doubtful.delete(job)) this.#removes.add(job.key);
    this.#leave(job);
  }

  #leave(job: Job): void {
    this.#waiting--;
    this.#waitingBytes -= job.workload.length;
  }
}
