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
import type { PostgresConnection } from "./connection.ts";
import { MAX_WORKLOAD_BYTES } from "./limits.ts";
import { OpenQueue } from "./open_queue.ts";
import type { PostgresSettings } from "./settings.ts";

/** A store in a PostgreSQL database. One session, one statement per commit. */
export class PostgresStore implements JobStore {
  readonly traits: StoreTraits;
  readonly lost: Promise<Error>;
  readonly #queue: OpenQueue;
  /** Name of C gearmand's table as it stands in SQL. */
  readonly #gearmandTable: string;
  #closing: Promise<void> | null = null;

  private constructor(queue: OpenQueue, gearmandTable: string) {
    this.#queue = queue;
    this.#gearmandTable = gearmandTable;
    this.lost = queue.lost;
    const { durability, promise } = queue.driver;
    this.traits = {
      durability,
      ...(promise === undefined ? {} : { promise }),
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      description: queue.driver.place,
    };
  }

  get figures(): StoreFigures {
    return this.#queue.figures;
  }

  /** Rejects with a `StoreError`. */
  static async open(
    settings: PostgresSettings,
    host: StoreHost,
    adopts = true,
  ): Promise<PostgresStore> {
    const queue = await OpenQueue.open(settings, host, adopts);
    return new PostgresStore(queue, settings.gearmandTable);
  }

  /** One statement, one attempt: the server decides when to repeat it. */
  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    for (const job of batch.add) this.#requireFitting(job);
    await this.#queue.write(batch);
  }

  /** While the server takes in a page, the next one is read. */
  async *replay(): AsyncGenerator<ReplayPage> {
    const pages = this.#pages();
    let next = pages.next();
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      next = pages.next();
      // Whoever reads on learns of a failure; whoever does not need not know.
      next.catch(() => {});
      yield value;
    }
  }

  async *#pages(): AsyncGenerator<ReplayPage, void> {
    const { reader, end } = this.#queue;
    for (let after = "";;) {
      const records = await this.#read((connection) => reader.records(connection, after));
      const last = records.at(-1);
      if (last === undefined) break;
      after = last.name;
      yield { records, jobs: [] };
    }
    for (let after = 0;;) {
      const jobs = await this.#read((connection) => reader.jobs(connection, after, end));
      const last = jobs.at(-1);
      if (last === undefined) return;
      after = last.key;
      yield { records: [], jobs };
    }
  }

  #read<T>(work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    this.#requireOpen();
    return this.#queue.read(work);
  }

  async exportToGearmand(plan: ExportPlan): Promise<ExportOutcome> {
    this.#requireOpen();
    return await this.#queue.export(this.#gearmandTable, plan);
  }

  close(): Promise<void> {
    this.#closing ??= this.#queue.close();
    return this.#closing;
  }

  #requireFitting(job: StoredJob): void {
    if (job.workload.length <= MAX_WORKLOAD_BYTES) return;
    throw new StoreError(
      "TOO_LARGE",
      `Cannot store job ${job.handle}: its workload has ${job.workload.length} bytes, this store ` +
        `takes ${MAX_WORKLOAD_BYTES}`,
    );
  }

  #requireOpen(): void {
    if (this.#closing === null) return;
    throw new StoreError("CLOSED", `Cannot use ${this.traits.description}: it is closed`);
  }
}
