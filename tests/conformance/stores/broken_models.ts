/** Model stores with one defect each; `broken_stores.ts` says what it is. */

import type {
  NamedRecord,
  StoreBatch,
  StoredJob,
  StoredJobUpdate,
} from "../../../src/plugin_api/mod.ts";
import { ModelStore } from "./model_store.ts";

export class KeyedByUnique extends ModelStore {
  /** C gearmand's tables have one row per function and unique ID. */
  protected override add(job: StoredJob): void {
    const same = (other: StoredJob) =>
      other.unique === job.unique && other.functionName === job.functionName;
    for (const other of this.disk.jobs.values()) {
      if (same(other)) this.disk.jobs.delete(other.key);
    }
    super.add(job);
  }
}

export class Replacing extends ModelStore {
  protected override add(job: StoredJob): void {
    this.disk.jobs.set(job.key, this.written(job));
  }
}

export class Doubling extends ModelStore {
  /** Like a table whose own row number is the key. */
  protected override add(job: StoredJob): void {
    const key = this.disk.jobs.has(job.key) ? Math.max(...this.disk.jobs.keys()) + 1 : job.key;
    this.disk.jobs.set(key, this.written({ ...job, key }));
  }
}

export class InWriteOrder extends ModelStore {
  protected override keysToReplay(): number[] {
    return [...this.disk.jobs.keys()];
  }
}

export class AsText extends ModelStore {
  protected override keysToReplay(): number[] {
    return super.keysToReplay().sort();
  }
}

export class HalfBatches extends ModelStore {
  protected override async perform(batch: StoreBatch): Promise<void> {
    this.requireOpen();
    for (const job of batch.add) {
      this.requireFitting(job);
      this.add(job);
    }
    await Promise.resolve();
    this.apply(batch);
  }
}

export class AcceptingTooMuch extends ModelStore {
  protected override requireFitting(): void {}
}

export class ForgettingUpdates extends ModelStore {
  protected override update(): void {}
}

export class KeepingOutcomes extends ModelStore {
  protected override update(update: StoredJobUpdate): void {
    const outcome = update.outcome ?? this.disk.jobs.get(update.key)?.outcome ?? null;
    super.update({ ...update, outcome });
  }
}

export class AddingByUpdate extends ModelStore {
  protected override update(update: StoredJobUpdate): void {
    const any = this.disk.jobs.values().next().value;
    if (any !== undefined && !this.disk.jobs.has(update.key)) {
      this.disk.jobs.set(update.key, { ...any, ...update });
    } else super.update(update);
  }
}

export class RefusingUnknown extends ModelStore {
  protected override remove(key: number): void {
    if (!this.disk.jobs.delete(key)) throw new Error(`no job ${key}`);
  }
}

export class ForgettingRemovals extends ModelStore {
  protected override remove(): void {}
}

export class RemovingOne extends ModelStore {
  protected override apply(batch: StoreBatch): void {
    super.apply({ ...batch, remove: batch.remove.slice(0, 1) });
  }
}

export class KeepingOldRecords extends ModelStore {
  protected override put(record: NamedRecord): void {
    if (record.value === null || !this.disk.records.has(record.name)) super.put(record);
  }
}

export class KeepingRemovedRecords extends ModelStore {
  protected override put(record: NamedRecord): void {
    if (record.value !== null) super.put(record);
  }
}

export class TrimmingRecordNames extends ModelStore {
  protected override put({ name, value }: NamedRecord): void {
    super.put({ name: name.trimEnd(), value });
  }
}

export class FoldingRecordNames extends ModelStore {
  protected override put({ name, value }: NamedRecord): void {
    super.put({ name: name.toLowerCase(), value });
  }
}

export class MemoryOnlyRecords extends ModelStore {
  protected override put(): void {}
}

export class SettingMarksBack extends ModelStore {
  /** Marks as 32-bit numbers. */
  protected override put({ name, value }: NamedRecord): void {
    const text = value === null ? "" : new TextDecoder().decode(value);
    const wrapped = /^[0-9]{9,}$/.test(text)
      ? new TextEncoder().encode(`${Number(text) >>> 0}`)
      : value;
    super.put({ name, value: wrapped });
  }
}

export class Aliasing extends ModelStore {
  protected override written(job: StoredJob): StoredJob {
    return job;
  }
}

export class OnePage extends ModelStore {
  protected override pageJobs(): number {
    return Infinity;
  }
}

export class LargePages extends ModelStore {
  protected override pageBytes(): number {
    return Infinity;
  }
}

export class LivePages extends ModelStore {
  protected override keysToReplay(): number[] {
    return [...this.disk.jobs.keys()].sort((a, b) => a - b);
  }
}

export class CountingPages extends ModelStore {
  /** Pages by LIMIT and OFFSET: what is removed meanwhile shifts the rest out of sight. */
  override async *replay(): ReturnType<ModelStore["replay"]> {
    this.requireOpen();
    yield { records: [...this.disk.records].map(([name, value]) => ({ name, value })), jobs: [] };
    for (let offset = 0;; offset += 1000) {
      const jobs = this.keysToReplay().slice(offset, offset + 1000)
        .map((key) => this.disk.jobs.get(key)!);
      if (jobs.length === 0) return;
      yield { records: [], jobs };
    }
  }
}

export class WorkingWhenClosed extends ModelStore {
  protected override requireOpen(): void {}
}

export class AbandoningOnClose extends ModelStore {
  protected override apply(batch: StoreBatch): void {
    if (!this.closed) super.apply(batch);
  }
}

export class ClosingOnce extends ModelStore {
  override close(): Promise<void> {
    if (this.closed) return Promise.reject(new Error("already closed"));
    return super.close();
  }
}
