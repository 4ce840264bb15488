import {
  type ExportOutcome,
  type ExportPlan,
  type JobStore,
  type ReplayPage,
  type StoreBatch,
  type StoredJob,
  StoreError,
  type StoreFigures,
  type StoreHost,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";
import { packBatch } from "./batch_format.ts";
import { exportJobs } from "./gearmand_export.ts";
import { jobBytes } from "./job_format.ts";
import { closeQueue, maxBulkBytes, type OpenQueue, writeEntries } from "./open_queue.ts";
import { openQueue } from "./opening.ts";
import { ReplayReader } from "./replay_reader.ts";
import type { RedisSettings } from "./settings.ts";

/** A queue in Redis or Valkey. */
export class RedisStore implements JobStore {
  readonly traits: StoreTraits;
  readonly lost: Promise<Error>;
  readonly #queue: OpenQueue;
  /** Highest key that there was when the store was opened, in digits. */
  readonly #end: string;
  #closing: Promise<void> | null = null;

  private constructor(queue: OpenQueue, traits: StoreTraits, end: string) {
    this.#queue = queue;
    this.traits = traits;
    this.lost = queue.session.lost;
    this.#end = end;
  }

  get figures(): StoreFigures {
    return { reconnects: this.#queue.session.reconnects };
  }

  /** Connects, takes the lease, adopts C gearmand's keys. Rejects with a `StoreError`. */
  static async open(settings: RedisSettings, host: StoreHost, adopts = true): Promise<RedisStore> {
    const { queue, traits, end } = await openQueue(settings, host, adopts);
    return new RedisStore(queue, traits, end);
  }

  /** One script, one attempt: the server decides when to repeat it. */
  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    for (const job of batch.add) this.#requireFitting(job);
    const entries = packBatch(batch);
    if (entries.length === 0) return;
    const commits = await writeEntries(this.#queue, "write to", entries);
    this.#queue.history.settled(batch, commits);
  }

  async *replay(): AsyncGenerator<ReplayPage> {
    this.#requireOpen();
    const { session, keys } = this.#queue;
    const reader = new ReplayReader(session, keys, this.traits.description, this.#end);
    for await (const page of reader.pages()) {
      this.#requireOpen();
      yield page;
    }
    this.#requireOpen();
  }

  async exportToGearmand(plan: ExportPlan): Promise<ExportOutcome> {
    this.#requireOpen();
    return await exportJobs(this.#queue, this.#end, plan);
  }

  close(): Promise<void> {
    this.#closing ??= closeQueue(this.#queue);
    return this.#closing;
  }

  #requireFitting(job: StoredJob): void {
    const { maxWorkloadBytes, description } = this.traits;
    if (job.workload.length <= maxWorkloadBytes && jobBytes(job) <= maxBulkBytes(this.#queue)) {
      return;
    }
    throw new StoreError(
      "TOO_LARGE",
      `Cannot store job ${job.handle}: its workload has ${job.workload.length} bytes, ${description} ` +
        `takes ${maxWorkloadBytes} (its proto-max-bulk-len, less the job's names)`,
    );
  }

  #requireOpen(): void {
    if (this.#closing === null) return;
    throw new StoreError("CLOSED", `Cannot use ${this.traits.description}: it is closed`);
  }
}
