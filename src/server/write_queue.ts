import type { Job, Limits } from "../core/mod.ts";
import type { NamedRecord, StoreBatch } from "../plugin_api/mod.ts";
import { jobRecordName } from "./job_record.ts";
import { RecordQueue, type WaitingRecord } from "./record_queue.ts";
import type { KeptOutcome } from "./running_server.ts";
import {
  endRecord,
  extrasRecord,
  storedEnd,
  storedForm,
  storedUpdate,
  type WaitingEnd,
  withoutResult,
} from "./stored_form.ts";

/** A commit in the making, and what it settles. */
export interface Batch {
  readonly content: StoreBatch;
  /** Jobs added by it. */
  readonly added: readonly Job[];
  /** Jobs that ended before they were written. */
  readonly neverWritten: readonly Job[];
  readonly updated: readonly Job[];
  /** Jobs whose rows get their outcome. */
  readonly ended: readonly WaitingEnd[];
  /** Rows that go, and the records that go with them. */
  readonly removed: ReadonlyMap<number, readonly NamedRecord[]>;
  readonly records: readonly WaitingRecord[];
}

/** A job of the binary port has no record. */
const NO_RECORDS: readonly NamedRecord[] = [];

/** What gathers for the next commit, in order and within bounds. */
export class WriteQueue {
  /** Records that are put by themselves. */
  readonly records: RecordQueue;
  readonly #limits: Limits;
  readonly #namespace: string;
  #adds: Job[] = [];
  /** Keys of rows to be removed, in order, with the records that are put in the same commit. */
  readonly #removes = new Map<number, readonly NamedRecord[]>();
  /** Jobs that a commit may hold though it failed: its outcome is not known. */
  readonly #doubtful = new Set<Job>();
  /** Keys of jobs that were given up and then promised after all: an old removal must not hit them. */
  readonly #promisedAgain = new Set<number>();
  readonly #updates = new Set<Job>();
  /** Jobs that have ended and whose rows do not say so yet, by key. */
  readonly #ends = new Map<number, WaitingEnd>();
  #waiting = 0;
  #waitingBytes = 0;
  /** Jobs at the front that are written one at a time, because together they failed. */
  #singly = 0;
  #heldRows = 0;

  constructor(limits: Limits, namespace: string) {
    this.#limits = limits;
    this.#namespace = namespace;
    this.records = new RecordQueue(limits);
  }

  /** Jobs that wait to be stored, those in the running commit included. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Jobs that are not over and whose rows the store has. */
  get heldRows(): number {
    return this.#heldRows;
  }

  get isEmpty(): boolean {
    return this.#adds.length === 0 && this.#removes.size === 0 && this.#updates.size === 0 &&
      this.#ends.size === 0 && this.records.isEmpty;
  }

  /** Whether nothing of a job waits to be written, or is being written for the first time. */
  isWritten(job: Job): boolean {
    return job.row !== "gathering" && job.row !== "writing" && !this.#updates.has(job) &&
      !this.#ends.has(job.key);
  }

  /** The store had a row of a job that is to run. */
  tookUp(): void {
    this.#heldRows++;
  }

  /** Answers false when too much waits already. */
  add(job: Job): boolean {
    const size = bytesOf(job);
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
    if (job.extras !== null && this.#ends.has(job.key)) return;
    if (job.row === "stored" || job.row === "writing" || this.#doubtful.has(job)) {
      this.#removes.set(job.key, recordsGone(job));
    }
    if (job.row === "stored") this.#heldRows--;
    if (this.#promisedAgain.size > 0) this.#promisedAgain.delete(job.key);
    this.#updates.delete(job);
    job.row = "removed";
  }

  /**
   * A job with extras ends, and its row is to hold its outcome instead of going; to be called before
   * `remove`. A job that is still to be added is added with it.
   */
  end(job: Job, outcome: KeptOutcome): void {
    const { extras, row, notBefore } = job;
    if (extras === null || row === "none" || row === "removed") return;
    this.#updates.delete(job);
    const isStored = row === "stored";
    this.#ends.set(job.key, { outcome, extras, notBefore, job: isStored ? null : job });
    if (!isStored) return;
    this.#heldRows--;
    // From now on the row is the outcome's.
    job.row = "removed";
  }

  /** A row with an outcome goes; `put` comes with that. */
  forget(key: number, put: readonly NamedRecord[]): void {
    const end = this.#ends.get(key);
    this.#ends.delete(key);
    if (end !== undefined && end.job !== null) this.remove(end.job);
    else this.#removes.set(key, NO_RECORDS);
    if (this.#removes.has(key)) this.#removes.set(key, [recordGone(key), ...put]);
    else for (const record of put) this.records.put(record, null, 0);
  }

  /**
   * The next commit, with the records `put`. What it holds is no longer in the queue. `removalsFirst`: all
   * that needs room stays back if there is anything that makes some.
   */
  take(put: readonly NamedRecord[], removalsFirst = false): Batch {
    if (this.#adds.length === 0) this.#singly = 0;
    const alone = this.#singly > 0 && !removalsFirst;
    const makesRoom = removalsFirst && this.#removes.size > 0;
    const taken = makesRoom || (removalsFirst && this.#updates.size > 0) ? [] : this.#takeAdds();
    const added = taken.filter((job) => job.row !== "removed");
    for (const job of added) job.row = "writing";
    const updated = alone ? [] : [...this.#updates].filter((job) => job.row === "stored");
    if (!alone) this.#updates.clear();
    const ends = alone || makesRoom ? [] : this.#firstEnds();
    const removed = alone ? new Map<number, readonly NamedRecord[]>() : this.#takeRemoves();
    const records = alone || makesRoom ? [] : this.records.take();
    return {
      content: {
        add: added.map((job) => storedForm(job, this.#namespace, this.#endOf(job))),
        update: [...updated.map(storedUpdate), ...ends.map(storedEnd)],
        remove: [...removed.keys()],
        put: [
          ...put,
          ...oneOfEachName([
            ...this.#recordsOf(added),
            ...this.#recordsOf(updated),
            ...ends.map(endRecord),
            ...allOf(removed.values()),
            ...records,
          ]),
        ],
      },
      added,
      neverWritten: added.length === taken.length
        ? []
        : taken.filter((job) => job.row === "removed"),
      updated,
      ended: ends,
      removed,
      records,
    };
  }

  /** What is kept beside the rows of jobs that have extras. */
  #recordsOf(jobs: readonly Job[]): NamedRecord[] {
    const records: NamedRecord[] = [];
    for (const job of jobs) {
      if (job.extras === null) continue;
      const end = this.#endOf(job);
      records.push(end === undefined ? extrasRecord(job.key, job.extras) : endRecord(end));
    }
    return records;
  }

  #endOf(job: Job): WaitingEnd | undefined {
    return job.extras === null ? undefined : this.#ends.get(job.key);
  }

  /** The first outcomes in line whose rows are there, as many as one commit may hold. */
  #firstEnds(): WaitingEnd[] {
    const ends: WaitingEnd[] = [];
    let bytes = 0;
    for (const end of this.#ends.values()) {
      if (end.job !== null) continue;
      bytes += end.outcome.result.length;
      const { maxCommitJobs, maxCommitBytes } = this.#limits;
      if (ends.length === maxCommitJobs || (ends.length > 0 && bytes > maxCommitBytes)) break;
      ends.push(end);
    }
    return ends;
  }

  /** The first removals in line, as many as one commit may hold. */
  #takeRemoves(): Map<number, readonly NamedRecord[]> {
    const removed = new Map<number, readonly NamedRecord[]>();
    for (const [key, records] of this.#removes) {
      if (removed.size === this.#limits.maxCommitJobs) break;
      removed.set(key, records);
    }
    if (removed.size === this.#removes.size) this.#removes.clear();
    else for (const key of removed.keys()) this.#removes.delete(key);
    return removed;
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
    batch.added.forEach((job, i) => {
      if (job.row === "writing") this.#rowWritten(job, batch.content.add[i]!.state !== "queued");
      this.#doubtful.delete(job);
      this.#leave(job);
    });
    for (const job of batch.neverWritten) {
      this.#doubtful.delete(job);
      this.#leave(job);
    }
    for (const end of batch.ended) {
      if (this.#ends.get(end.outcome.key) === end) this.#ends.delete(end.outcome.key);
    }
  }

  #rowWritten(job: Job, withItsEnd: boolean): void {
    job.row = "stored";
    const end = this.#endOf(job);
    if (end === undefined) this.#heldRows++;
    else if (withItsEnd) this.#ends.delete(job.key);
    else end.job = null;
  }

  /** A commit failed, but may have kept the batch: rows of jobs that are given up are removed later. */
  doubt(batch: Batch): void {
    for (const job of batch.added) this.#doubtful.add(job);
  }

  /** A batch failed and is to be tried again; `singly`: its jobs one at a time, and all else behind them. */
  putBack(batch: Batch, singly: boolean): void {
    this.putBackRemovals(batch);
    this.records.putBack(batch.records);
    const adds = [...batch.added, ...batch.neverWritten];
    for (const job of batch.added) if (job.row === "writing") job.row = "gathering";
    this.#adds = adds.concat(this.#adds);
    if (singly) this.#singly = adds.length;
  }

  /** Of a failed batch, what is never given up: removals and updates. */
  putBackRemovals(batch: Batch): void {
    for (const [key, records] of batch.removed) {
      if (!this.#promisedAgain.has(key)) this.#removes.set(key, records);
    }
    for (const job of batch.updated) this.update(job);
  }

  /** The store does not take the outcomes of a batch: first without their results, then not at all. */
  reduceEnds(batch: Batch): void {
    for (const end of batch.ended) {
      const { outcome } = end;
      if (this.#ends.get(outcome.key) !== end) continue;
      if (outcome.result.length === 0) this.forget(outcome.key, []);
      else this.#ends.set(outcome.key, { ...end, outcome: withoutResult(outcome) });
    }
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
    if (this.#doubtful.delete(job)) this.#removes.set(job.key, recordsGone(job));
    if (job.extras !== null) this.#ends.delete(job.key);
    this.#leave(job);
  }

  #leave(job: Job): void {
    this.#waiting--;
    this.#waitingBytes -= bytesOf(job);
  }
}

/**
 * What a waiting submission takes beside its workload: names, the job itself, the reply that waits. Measured
 * with unique IDs (docs/stores.md), without what the runtimes collect late.
 */
const BESIDE_WORKLOAD_BYTES = 800;

function bytesOf({ workload }: Job): number {
  return BESIDE_WORKLOAD_BYTES + workload.length;
}

/** What goes with a job's row. */
function recordsGone({ key, extras }: Job): readonly NamedRecord[] {
  return extras === null ? NO_RECORDS : [recordGone(key)];
}

function recordGone(key: number): NamedRecord {
  return { name: jobRecordName(key), value: null };
}

function allOf(lists: Iterable<readonly NamedRecord[]>): NamedRecord[] {
  const all: NamedRecord[] = [];
  for (const list of lists) if (list.length > 0) all.push(...list);
  return all;
}

/** A batch has each name once: the last one counts. */
function oneOfEachName(records: readonly NamedRecord[]): readonly NamedRecord[] {
  if (records.length < 2) return records;
  const byName = new Map(records.map((record) => [record.name, record]));
  return byName.size === records.length ? records : [...byName.values()];
}
