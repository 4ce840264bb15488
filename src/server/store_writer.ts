import type { DurableLog, Job, JobServer, Limits } from "../core/mod.ts";
import {
  backOffMs,
  type JobStore,
  type NamedRecord,
  StoreError,
  type StoreErrorCode,
} from "../plugin_api/mod.ts";
import { NumberReserve } from "./number_reserve.ts";
import { type Batch, WriteQueue } from "./write_queue.ts";

export interface StoreWriterParts {
  readonly store: JobStore;
  readonly limits: Limits;
  readonly namespace: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, at the end of this turn. */
  afterTurn(callback: () => void): void;
  /** Calls back once after a time in milliseconds; answers how to cancel. */
  later(ms: number, callback: () => void): () => void;
  log(level: "ERROR" | "WARNING" | "NOTICE", text: string): void;
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
export class StoreWriter implements DurableLog {
  readonly durable = true;
  readonly #parts: StoreWriterParts;
  readonly #queue: WriteQueue;
  #jobServer: JobServer | null = null;
  #numbers: NumberReserve | null = null;
  #committing = false;
  #scheduled = false;
  #closing = false;
  /** Failed commits in a row. */
  #failures = 0;
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
    this.#numbers = new NumberReserve(jobServer);
    await this.#commitNumbers(this.#numbers.nextBlock());
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
      await this.#commitNumbers(this.#numbers.exactly()).catch((error) => this.#logFailure(error));
    }
    this.#refuse(this.#queue.giveUp(() => true));
  }

  async #commitNumbers(put: NamedRecord[]): Promise<void> {
    await this.#parts.store.commit({ add: [], update: [], remove: [], put });
    this.#numbers?.reserved(put);
  }

  /** One commit at a time, begun at the end of the turn, so that it holds all that the turn brought. */
  #schedule(): void {
    if (this.#scheduled || this.#committing || this.#cancelRetry !== null || this.#closing) return;
    this.#scheduled = true;
    this.#parts.afterTurn(() => {
      this.#scheduled = false;
      if (!this.#committing && !this.#closing) void this.#commit();
    });
  }

  async #commit(): Promise<void> {
    const put = this.#numbers?.runsOut ? this.#numbers.nextBlock() : [];
    if (this.#queue.isEmpty && put.length === 0) return;
    const batch = this.#queue.take(put, this.#removalsFirst);
    this.#committing = true;
    this.#watchExpiry();
    try {
      await this.#parts.store.commit(batch.content);
      this.#committing = false;
      this.#held(batch, put);
    } catch (error) {
      this.#committing = false;
      this.#failed(batch, error);
    }
    this.#onSettled?.();
    if (this.#cancelRetry === null && (!this.#queue.isEmpty || this.#numbers?.runsOut)) {
      this.#schedule();
    }
  }

  #held(batch: Batch, put: readonly NamedRecord[]): void {
    if (this.#failures > 0) {
      this.#parts.log(
        "NOTICE",
        `The store takes jobs again after ${this.#failures} failed commits`,
      );
    }
    this.#failures = 0;
    this.#removalsFirst = false;
    this.#numbers?.reserved(put);
    this.#queue.settle(batch);
    const now = this.#parts.now();
    for (const job of batch.added) this.#jobServer?.jobStored(job, now);
    for (const job of batch.neverWritten) this.#jobServer?.jobStored(job, now);
  }

  #failed(batch: Batch, error: unknown): void {
    const code = error instanceof StoreError ? error.code : "FAILED";
    this.#logFailure(error);
    this.#failures++;
    if (code === "UNKNOWN_OUTCOME") this.#queue.doubt(batch);
    this.#removalsFirst = TAKES_NOTHING.has(code);
    if (PASSING.has(code)) {
      this.#queue.putBack(batch, false);
      this.#expire();
    } else if (batch.added.length > 1 && !TAKES_NOTHING.has(code)) {
      this.#queue.putBack(batch, true);
    } else {
      this.#queue.putBackRemovals(batch);
      for (const job of [...batch.added, ...batch.neverWritten]) this.#queue.drop(job);
      this.#refuse([...batch.added, ...batch.neverWritten]);
      // Those that stayed back would have had the same answer.
      if (TAKES_NOTHING.has(code)) this.#refuse(this.#queue.giveUp(() => true));
    }
    if (!this.#closing) this.#retryLater();
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
