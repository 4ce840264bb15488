import {
  type ExportOutcome,
  type ExportPlan,
  type JobStore,
  type NamedRecord,
  type ReplayPage,
  type StoreBatch,
  type StoredJob,
  StoreError,
  type StoreFigures,
  type StoreHost,
  type StoreTraits,
} from "../../src/plugin_api/mod.ts";
import { MAX_WORKLOAD_BYTES } from "./limits.ts";
import { packBatch } from "./packer.ts";
import type { SqliteSettings } from "./settings.ts";
import { StoreThread } from "./store_thread.ts";
import { Unpacker } from "./unpacker.ts";

/** A store in one SQLite file. The file itself is handled by a thread of its own. */
export class SqliteStore implements JobStore {
  readonly traits: StoreTraits;
  figures: StoreFigures = { reconnects: 0 };
  readonly #thread: StoreThread;
  #closing: Promise<void> | null = null;

  private constructor(thread: StoreThread, path: string) {
    this.#thread = thread;
    this.traits = {
      durability: "power-loss",
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      description: `sqlite ${path}`,
    };
  }

  static async open(settings: SqliteSettings, host: StoreHost): Promise<SqliteStore> {
    const thread = new StoreThread(host);
    try {
      const { namespace, handlePrefix } = host;
      await thread.ask({ kind: "open", settings, namespace, handlePrefix });
      return new SqliteStore(thread, settings.path);
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    for (const job of batch.add) requireFitting(job);
    const reply = await this.#thread.ask({ kind: "commit", batch: packBatch(batch) });
    if (reply.kind === "committed") this.figures = reply.figures;
  }

  /** While the server takes in a page, the thread reads the next one. */
  async *replay(): AsyncGenerator<ReplayPage> {
    let next = this.#nextPage();
    for (;;) {
      const page = await next;
      if (page === null) return;
      next = this.#nextPage();
      // Whoever reads on learns of a failure; whoever does not need not know.
      next.catch(() => {});
      yield unpackPage(page);
    }
  }

  async #nextPage(): Promise<ArrayBuffer | null> {
    this.#requireOpen();
    const reply = await this.#thread.ask({ kind: "page" });
    return reply.kind === "page" ? reply.page : null;
  }

  async exportToGearmand(plan: ExportPlan): Promise<ExportOutcome> {
    this.#requireOpen();
    const { progress, ...rest } = plan;
    this.#thread.onProgress = progress;
    const reply = await this.#thread.ask({ kind: "export", plan: rest });
    if (reply.kind !== "exported") throw new Error(`Cannot export: the answer is ${reply.kind}`);
    return reply.outcome;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#thread.ask({ kind: "close" });
    } finally {
      await this.#thread.end();
    }
  }

  #requireOpen(): void {
    if (this.#closing === null) return;
    throw new StoreError("CLOSED", `Cannot use ${this.traits.description}: it is closed`);
  }
}

function requireFitting(job: StoredJob): void {
  if (job.workload.length <= MAX_WORKLOAD_BYTES) return;
  throw new StoreError(
    "TOO_LARGE",
    `Cannot store job ${job.handle}: its workload has ${job.workload.length} bytes, SQLite takes ` +
      `${MAX_WORKLOAD_BYTES}`,
  );
}

function unpackPage(page: ArrayBuffer): ReplayPage {
  const unpacker = new Unpacker(page);
  const records: NamedRecord[] = [];
  for (let left = unpacker.count(); left > 0; left--) records.push(unpacker.record());
  const jobs: StoredJob[] = [];
  for (let left = unpacker.count(); left > 0; left--) jobs.push(unpacker.job());
  return { records, jobs };
}
