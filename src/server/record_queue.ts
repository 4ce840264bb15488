import type { Limits } from "../core/mod.ts";
import { type NamedRecord, StoreError } from "../plugin_api/mod.ts";

/** A record on its way to the store, and who waits for it. */
export interface WaitingRecord extends NamedRecord {
  /** When the first put was made that waits for it, milliseconds since 1970. */
  readonly since: number;
  readonly waiters: readonly RecordWaiter[];
}

export interface RecordWaiter {
  stored(): void;
  refused(error: Error): void;
}

/** Records that wait for the next commit: of each name the last one, in bounds. */
export class RecordQueue {
  readonly #limits: Limits;
  readonly #waiting = new Map<string, WaitingRecord>();
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Who waits for an earlier record of that name waits for this one. `waiter` null: nobody waits. */
  put({ name, value }: NamedRecord, waiter: RecordWaiter | null, now: number): void {
    const earlier = this.#waiting.get(name);
    if (earlier === undefined && this.#isFull) {
      waiter?.refused(
        new StoreError("AWAY", `Cannot store the setting ${name}: too much waits for the store`),
      );
      return;
    }
    const waiters = earlier?.waiters ?? [];
    this.#set({
      name,
      value,
      since: waiters.length > 0 ? earlier!.since : now,
      waiters: waiter === null ? waiters : [...waiters, waiter],
    });
  }

  get #isFull(): boolean {
    const { maxStoreWaiting, maxStoreWaitingBytes } = this.#limits;
    return this.#waiting.size >= maxStoreWaiting || this.#bytes >= maxStoreWaitingBytes;
  }

  /** The first in line, as many as one commit may hold beside others. */
  take(): WaitingRecord[] {
    const taken: WaitingRecord[] = [];
    let bytes = 0;
    for (const record of this.#waiting.values()) {
      bytes += sizeOf(record);
      const { maxCommitJobs, maxCommitBytes } = this.#limits;
      if (taken.length === maxCommitJobs || (taken.length > 0 && bytes > maxCommitBytes)) break;
      taken.push(record);
    }
    for (const { name } of taken) this.#delete(name);
    return taken;
  }

  /** Records of a failed commit are to be tried again; a later value of the same name stays. */
  putBack(records: readonly WaitingRecord[]): void {
    for (const record of records) {
      const later = this.#waiting.get(record.name);
      const waiters = [...record.waiters, ...later?.waiters ?? []];
      this.#set({ ...record, value: (later ?? record).value, waiters });
    }
  }

  /** Refuses the records for which somebody has waited since `oldest`. */
  expire(oldest: number, error: Error): void {
    for (const record of [...this.#waiting.values()]) {
      if (record.waiters.length === 0 || record.since > oldest) continue;
      this.#delete(record.name);
      refuse(record, error);
    }
  }

  #set(record: WaitingRecord): void {
    this.#delete(record.name);
    this.#waiting.set(record.name, record);
    this.#bytes += sizeOf(record);
  }

  #delete(name: string): void {
    const record = this.#waiting.get(name);
    if (record === undefined) return;
    this.#waiting.delete(name);
    this.#bytes -= sizeOf(record);
  }
}

export function refuse({ waiters }: WaitingRecord, error: Error): void {
  for (const waiter of waiters) waiter.refused(error);
}

function sizeOf({ value }: NamedRecord): number {
  return value?.length ?? 0;
}
