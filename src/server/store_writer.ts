import type { DurableLog, Job, JobServer, Limits } from "../core/mod.ts";
import {
  asStoreError,
  backOffMs,
  type JobStore,
  type NamedRecord,
  StoreError,
  type StoreErrorCode,
} from "../plugin_api/mod.ts";
import { JobWaits } from "./job_waits.ts";
import { NumberReserve } from "./number_reserve.ts";
import type { OutcomeLog } from "./outcome_keeper.ts";
import { refuse } from "./record_queue.ts";
import type { KeptOutcome, SettledCommit } from "./running_server.ts";
import { withoutResult } from "./stored_form.ts";
import { type Batch, WriteQueue } from "./write_queue.ts";

export interface StoreWriterParts {
  readonly store: JobStore;
  readonly limits: Limits;
  readonly namespace: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, at the end of this turn. */
  afterTurn(callback: () => void): void;
  /** Calls back once, when what the store's driver was given in this turn is on its way. */
  afterSending(callback: () => void): void;
  /** Calls back once after a time in milliseconds; answers how to cancel. */
  later(ms: number, callback: () => void): () => void;
  log(level: "ERROR" | "WARNING" | "NOTICE", text: string): void;
  /** Told of each record that the store has now, before its `put` settles. */
  recordStored(name: string, value: Uint8Array | null): void;
  /** A commit has settled: jobs may have become runnable, or been refused. */
  settled(commit: SettledCommit): void;
  /** Another server has the store. */
  lost(error: StoreError): void;
}

/** How the commits go. */
export interface CommitFigures {
  readonly commits: number;
  readonly failedCommits: number;
  /** What the last commit failed with; undefined while they hold. */
  readonly problem: string | undefined;
  /** Jobs that wait to be stored. */
  readonly waiting: number;
}

/** The store cannot be had just now: submissions wait for it. */
const PASSING: ReadonlySet<StoreErrorCode> = new Set(["AWAY", "LOCKED", "UNKNOWN_OUTCOME"]);
/** It takes nothing, whatever the jobs: submissions are refused at once. */
const TAKES_NOTHING: ReadonlySet<StoreErrorCode> = new Set(["FULL", "READ_ONLY", "TAKEN_OVER"]);
/** How often submissions are looked at that have waited too long, while a commit runs. */
const EXPIRY_CHECK_MS = 500;

/**
 * Group commit: while one commit runs, the next batch gathers. A job is acknowledged when its commit
 * has settled, never before. While the store is away, submissions wait up to `Limits.storeWaitMs`
 * and are then refused; what was acknowledged is never given up, and removals are repeated until
 * they hold. All pauses between attempts are made here, for every store: a store makes one attempt
 * per commit and reports what came of it.
 */
export class StoreWriter implements DurableLog, OutcomeLog {
  readonly durable = true;
  readonly #parts: StoreWriterParts;
  readonly #queue: WriteQueue;
  readonly #jobWaits = new JobWaits();
  #jobServer: JobServer | null = null;
  #numbers: NumberReserve | null = null;
  #committing = false;
  #scheduled = false;
  #closing = false;
  /** Commits that hold and of which nobody was told yet, the oldest first. */
  #untold: HeldCommit[] = [];
  /** Failed commits in a row. */
  #failures = 0;
  #commits = 0;
  #failedCommits = 0;
  #problem: string | undefined;
  /** The store had no room: what makes some goes before new jobs, which would be refused with it. */
  #removalsFirst = false;
  #cancelRetry: (() => void) | null = null;
  #cancelExpiry: (() => void) | null = null;
  #onSettled: (() => void) | null = null;

  constructor(parts: StoreWriterParts) {
    this.#parts = parts;
    this.#queue = new WriteQueue(parts.limits, parts.namespace);
  }

  /**
   * Connects the writer with the server whose jobs it writes, and reserves the first numbers.
   * Rejects with a `StoreError` when the store does not take them.
   */
  async serve(jobServer: JobServer): Promise<void> {
    this.#jobServer = jobServer;
    const numbers = new NumberReserve(jobServer);
    await this.#commitNumbers(numbers, numbers.nextBlock());
    this.#numbers = numbers;
    if (!this.#queue.isEmpty) this.#schedule();
  }

  get figures(): CommitFigures {
    return {
      commits: this.#commits,
      failedCommits: this.#failedCommits,
      problem: this.#problem,
      waiting: this.#queue.waiting,
    };
  }

  /** Jobs that are not over and whose rows the store has. */
  get heldRows(): number {
    return this.#queue.heldRows;
  }

  /** The store had a row of a job that is to run. */
  tookUp(): void {
    this.#queue.tookUp();
  }

  add(job: Job): boolean {
    if (this.#closing || job.workload.length > this.#parts.store.traits.maxWorkloadBytes) {
      return false;
    }
    if (!this.#queue.add(job)) return false;
    this.#schedule();
    return true;
  }

  update(job: Job): void {
    this.#queue.update(job);
    this.#schedule();
  }

  remove(job: Job): void {
    this.#queue.remove(job);
    this.#schedule();
  }

  ended(job: Job, outcome: KeptOutcome): void {
    const most = this.#parts.store.traits.maxWorkloadBytes;
    // A row that is added with its outcome has to fit as a whole.
    const room = job.row === "stored" ? most : most - job.workload.length;
    this.#queue.end(job, outcome.result.length > room ? withoutResult(outcome) : outcome);
    this.#schedule();
  }

  forget(key: number, put: readonly NamedRecord[]): void {
    this.#queue.forget(key, put);
    this.#schedule();
  }

  putQuietly(record: NamedRecord): void {
    this.#queue.records.put(record, null, this.#parts.now());
    this.#schedule();
  }

  /** Settles when the store has the record, or one that was put later under its name. */
  put(name: string, value: Uint8Array | null): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing) return reject(CLOSED);
      this.#queue.records.put(
        { name, value },
        { stored: resolve, refused: reject },
        this.#parts.now(),
      );
      this.#schedule();
    });
  }

  /** Settles when the store has all that is known of the job now. */
  written(job: Job): Promise<void> {
    // A commit that runs may hold it, or may have begun without it.
    if (!this.#committing && this.#queue.isWritten(job)) return Promise.resolve();
    if (this.#closing) return Promise.reject(CLOSED);
    return this.#jobWaits.until(job, this.#parts.now());
  }

  /** Reserves further numbers when they are running out. Called once a turn. */
  reserveNumbers(): void {
    if (this.#numbers?.runsOut) this.#schedule();
  }

  /**
   * Takes no more jobs, writes what waits and the exact next numbers. Gives up when a commit fails:
   * jobs that were not acknowledged are refused, removals are lost (their jobs run again).
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelRetry?.();
    this.#cancelExpiry?.();
    while (this.#committing || (!this.#queue.isEmpty && this.#failures === 0)) {
      const settled = new Promise<void>((resolve) => this.#onSettled = resolve);
      if (!this.#committing) void this.#commit();
      await settled;
    }
    if (this.#failures === 0 && this.#numbers !== null) {
      await this.#commitNumbers(this.#numbers, this.#numbers.exactly())
        .catch((error) => this.#logFailure(error));
    }
    this.#tell();
    this.#refuse(this.#queue.giveUp(() => true));
    this.#expireWaits(Infinity, CLOSED);
  }

  async #commitNumbers(numbers: NumberReserve, put: NamedRecord[]): Promise<void> {
    await this.#parts.store.commit({ add: [], update: [], remove: [], put });
    numbers.reserved(put);
  }

  /**
   * One commit at a time, begun at the end of the turn, so that it holds all that the turn brought. Answers
   * whether that turn's end will come to it.
   */
  #schedule(): boolean {
    if (this.#scheduled) return true;
    if (this.#committing || this.#cancelRetry !== null || this.#closing) return false;
    // What the replay finds to be removed waits until all is read.
    if (this.#numbers === null) return false;
    this.#scheduled = true;
    this.#parts.afterTurn(() => {
      this.#scheduled = false;
      // A commit that fails may bring something to write before its repetition is set.
      const free = !this.#committing && !this.#closing && this.#cancelRetry === null;
      if (free) void this.#commit();
      if (this.#untold.length > 0) this.#parts.afterSending(() => this.#tell());
    });
    return true;
  }

  async #commit(): Promise<void> {
    const put = this.#numbers?.runsOut ? this.#numbers.nextBlock() : [];
    if (this.#queue.isEmpty && put.length === 0) return;
    const batch = this.#queue.take(put, this.#removalsFirst);
    const { store } = this.#parts;
    this.#committing = true;
    this.#jobWaits.setUnderWay(true);
    this.#watchExpiry();
    const began = performance.now();
    try {
      await store.commit(batch.content);
    } catch (error) {
      this.#committing = false;
      const commit = settledCommit(batch, false, performance.now() - began);
      this.#tell();
      this.#failed(batch, error);
      this.#onSettled?.();
      this.#parts.settled(commit);
      this.#goOn();
      return;
    }
    this.#committing = false;
    const commit = settledCommit(batch, true, performance.now() - began, store.figures?.syncMs);
    this.#held(batch, put);
    this.#untold.push({ batch, commit });
    // The next commit goes first: so the store is at work while the answers to this one are written.
    if (!this.#goOn()) this.#tell();
    this.#onSettled?.();
  }

  /** Schedules the next commit where there is something to write. Answers as `#schedule` does. */
  #goOn(): boolean {
    const isIdle = this.#queue.isEmpty && this.#numbers?.runsOut !== true;
    return !isIdle && this.#schedule();
  }

  #held(batch: Batch, put: readonly NamedRecord[]): void {
    if (this.#failures > 0) {
      // As loud as the line that said what was wrong: who has read the one waits for the other.
      this.#parts.log("ERROR", `The store takes jobs again after ${this.#failures} failed commits`);
    }
    this.#commits++;
    this.#failures = 0;
    this.#problem = undefined;
    this.#removalsFirst = false;
    this.#numbers?.reserved(put);
    this.#queue.settle(batch);
    this.#jobWaits.tellWritten((job) => this.#queue.isWritten(job));
  }

  /** Tells everybody who waits for commits that hold. */
  #tell(): void {
    const commits = this.#untold;
    if (commits.length === 0) return;
    this.#untold = [];
    const now = this.#parts.now();
    for (const { batch, commit } of commits) {
      for (const { name, value, waiters } of batch.records) {
        this.#parts.recordStored(name, value);
        for (const waiter of waiters) waiter.stored();
      }
      for (const job of batch.added) this.#jobServer?.jobStored(job, now);
      for (const job of batch.neverWritten) this.#jobServer?.jobStored(job, now);
      this.#parts.settled(commit);
    }
    // What that brought (a job that was cancelled meanwhile) is written too.
    this.#goOn();
  }

  #failed(batch: Batch, error: unknown): void {
    const fault = asStoreError(error);
    const { code } = fault;
    this.#logFailure(error);
    this.#jobWaits.setUnderWay(false);
    this.#failures++;
    this.#failedCommits++;
    this.#problem = fault.message;
    if (code === "UNKNOWN_OUTCOME") this.#queue.doubt(batch);
    this.#removalsFirst = TAKES_NOTHING.has(code);
    if (PASSING.has(code)) {
      this.#queue.putBack(batch, false);
      this.#expire();
    } else if (isMixed(batch) && !TAKES_NOTHING.has(code)) {
      this.#queue.putBack(batch, true);
    } else {
      this.#giveUp(batch, fault);
    }
    if (code === "TAKEN_OVER") this.#parts.lost(fault);
    if (!this.#closing) this.#retryLater();
  }

  /** The store does not take a batch: who waits for it is told, and removals are kept. */
  #giveUp(batch: Batch, fault: StoreError): void {
    this.#queue.putBackRemovals(batch);
    if (fault.code !== "READ_ONLY" && batch.removed.size === 0) this.#queue.reduceEnds(batch);
    for (const job of [...batch.added, ...batch.neverWritten]) this.#queue.drop(job);
    this.#refuse([...batch.added, ...batch.neverWritten]);
    for (const record of batch.records) refuse(record, fault);
    if (!TAKES_NOTHING.has(fault.code)) return;
    // Those that stayed back would have had the same answer; records for which nobody waits can wait.
    this.#refuse(this.#queue.giveUp(() => true));
    this.#queue.records.putBack(batch.records.filter(({ waiters }) => waiters.length === 0));
    this.#expireWaits(Infinity, fault);
  }

  #retryLater(): void {
    this.#cancelRetry = this.#parts.later(backOffMs(this.#failures), () => {
      this.#cancelRetry = null;
      this.#expire();
      void this.#commit();
    });
  }

  /** While a commit runs or is being repeated, others may wait too long behind it. */
  #watchExpiry(): void {
    if (this.#cancelExpiry !== null || this.#closing) return;
    this.#cancelExpiry = this.#parts.later(EXPIRY_CHECK_MS, () => {
      this.#cancelExpiry = null;
      this.#expire();
      if (this.#committing || this.#queue.waiting > 0) this.#watchExpiry();
    });
  }

  #expire(): void {
    const oldest = this.#parts.now() - this.#parts.limits.storeWaitMs;
    this.#refuse(this.#queue.giveUp((job) => job.acceptedAt <= oldest));
    const problem = this.#problem ?? "it has not answered in time";
    this.#expireWaits(oldest, new StoreError("AWAY", `Cannot store a setting: ${problem}`));
  }

  #expireWaits(oldest: number, error: Error): void {
    this.#queue.records.expire(oldest, error);
    this.#jobWaits.expire(oldest, error);
  }

  #refuse(jobs: readonly Job[]): void {
    const now = this.#parts.now();
    for (const job of jobs) this.#jobServer?.jobRefused(job, now);
  }

  /** The first failure of a row is logged; the rest says nothing new. */
  #logFailure(error: unknown): void {
    if (this.#failures > 0) return;
    const text = error instanceof Error ? error.message : String(error);
    this.#parts.log("ERROR", `Cannot commit jobs: ${text}`);
  }
}

const CLOSED = new StoreError("CLOSED", "Cannot store a setting: the server stops");

interface HeldCommit {
  readonly batch: Batch;
  readonly commit: SettledCommit;
}

function settledCommit(
  { content: { add, update, remove } }: Batch,
  held: boolean,
  ms: number,
  syncMs?: number,
): SettledCommit {
  return { held, jobs: add.length + update.length + remove.length, ms, syncMs };
}

/** More than one thing may be what the store did not like. */
function isMixed({ added, updated, ended, records }: Batch): boolean {
  if (added.length === 0) return false;
  return added.length > 1 || updated.length + ended.length + records.length > 0;
}
