import {
  type JobStore,
  type NamedRecord,
  REPLAY_PAGE_LIMITS,
  type ReplayPage,
  type StoreBatch,
  type StoredJob,
  type StoredJobUpdate,
  StoreError,
  type StoreTraits,
} from "../../../src/plugin_api/mod.ts";
import type { StorePlace } from "./store_case.ts";

/** What a model store "writes to the disk": it outlives the store object. */
export interface ModelDisk {
  jobs: Map<number, StoredJob>;
  records: Map<string, Uint8Array>;
}

/** Largest workload of the model; small, so that going beyond it costs little. */
export const MODEL_WORKLOAD_BYTES = 32 * 1024 * 1024;

export function emptyDisk(): ModelDisk {
  return { jobs: new Map(), records: new Map() };
}

/**
 * The simplest store that keeps the contract. The broken stores differ from it in one point each, so
 * every step that a store can get wrong is a method of its own.
 */
export class ModelStore implements JobStore {
  readonly traits: StoreTraits = {
    durability: "restart",
    maxWorkloadBytes: MODEL_WORKLOAD_BYTES,
    description: "model",
  };
  protected readonly disk: ModelDisk;
  protected closed = false;
  protected readonly lastKey: number;
  #underWay: Promise<void> = Promise.resolve();

  constructor(disk: ModelDisk) {
    this.disk = disk;
    this.lastKey = Math.max(0, ...disk.jobs.keys());
  }

  commit(batch: StoreBatch): Promise<void> {
    this.#underWay = this.perform(batch);
    return this.#underWay;
  }

  async *replay(): AsyncIterable<ReplayPage> {
    this.requireOpen();
    yield { records: [...this.disk.records].map(([name, value]) => ({ name, value })), jobs: [] };
    const keys = this.keysToReplay();
    for (let at = 0; at < keys.length;) {
      const jobs: StoredJob[] = [];
      let bytes = 0;
      for (; at < keys.length && jobs.length < this.pageJobs(); at++) {
        const job = this.disk.jobs.get(keys[at]!);
        if (job === undefined) continue;
        bytes += job.workload.length + (job.outcome?.result.length ?? 0);
        if (bytes > this.pageBytes() && jobs.length > 0) break;
        jobs.push(this.read(job));
      }
      yield { records: [], jobs };
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#underWay.catch(() => {});
  }

  protected async perform(batch: StoreBatch): Promise<void> {
    this.requireOpen();
    for (const job of batch.add) this.requireFitting(job);
    // The caller goes on while the disk is busy.
    await Promise.resolve();
    this.apply(batch);
  }

  protected apply(batch: StoreBatch): void {
    for (const job of batch.add) this.add(job);
    for (const update of batch.update) this.update(update);
    for (const key of batch.remove) this.remove(key);
    for (const record of batch.put) this.put(record);
  }

  protected add(job: StoredJob): void {
    if (!this.disk.jobs.has(job.key)) this.disk.jobs.set(job.key, this.written(job));
  }

  protected update(update: StoredJobUpdate): void {
    const job = this.disk.jobs.get(update.key);
    if (job === undefined) return;
    const { attempts, notBefore, state, outcome } = update;
    this.disk.jobs.set(job.key, this.written({ ...job, attempts, notBefore, state, outcome }));
  }

  protected remove(key: number): void {
    this.disk.jobs.delete(key);
  }

  protected put({ name, value }: NamedRecord): void {
    if (value === null) this.disk.records.delete(name);
    else this.disk.records.set(name, value.slice());
  }

  /** A job as it lies on the disk. */
  protected written(job: StoredJob): StoredJob {
    const { workload, outcome } = job;
    return {
      ...job,
      workload: workload.slice(),
      outcome: outcome === null ? null : { ...outcome, result: outcome.result.slice() },
    };
  }

  /** A job as a replay yields it. */
  protected read(job: StoredJob): StoredJob {
    return job;
  }

  protected keysToReplay(): number[] {
    return [...this.disk.jobs.keys()].filter((key) => key <= this.lastKey).sort((a, b) => a - b);
  }

  protected pageJobs(): number {
    return REPLAY_PAGE_LIMITS.jobs;
  }

  protected pageBytes(): number {
    return REPLAY_PAGE_LIMITS.bytes;
  }

  protected requireFitting(job: StoredJob): void {
    if (job.workload.length <= MODEL_WORKLOAD_BYTES) return;
    throw new StoreError("TOO_LARGE", `Cannot store job ${job.key}: its workload is too large`);
  }

  protected requireOpen(): void {
    if (this.closed) throw new StoreError("CLOSED", "Cannot use the model store: it is closed");
  }
}

/** A place for a model store or one that derives from it. */
export function modelPlace(
  make: (disk: ModelDisk) => JobStore = (disk) => new ModelStore(disk),
): Promise<StorePlace> {
  const disk = emptyDisk();
  return Promise.resolve({
    open: () => Promise.resolve(make(disk)),
    remove: () => Promise.resolve(),
  });
}
