/**
 * Jobs, updates and records as bytes in one buffer, which goes from thread to thread without being
 * copied. The bytes of one job stand together and in two parts, because each part has a checksum in
 * the database: what is fixed when the job is added, and its life (what updates change).
 *
 *     fixed: key f64, accepted-at f64, priority u32, 6 lengths u32, then handle, function, unique,
 *            reducer, namespace, workload
 *     life:  attempts f64, not-before f64, finished-at f64, expires-at f64, state u32, length u32,
 *            then the result; without outcome its fields are 0
 *
 * Numbers are little-endian. Changing the layout changes the checksums, so it needs a new version of
 * the schema.
 */

import type {
  NamedRecord,
  StoreBatch,
  StoredJob,
  StoredOutcome,
  StoredState,
} from "../../src/plugin_api/mod.ts";

export const FIXED_HEAD_BYTES = 44;
export const LIFE_HEAD_BYTES = 40;
const RECORD_HEAD_BYTES = 12;

/** States as the database numbers them, by position. */
export const STATES: readonly StoredState[] = ["queued", "done", "failed", "dead"];

/** The part of a job that an update carries. */
export interface Life {
  readonly attempts: number;
  readonly notBefore: number;
  readonly state: StoredState;
  readonly outcome: StoredOutcome | null;
}

/** The fixed part of a job but for its names and workload. */
export interface FixedNumbers {
  readonly key: number;
  readonly acceptedAt: number;
  readonly priority: number;
}

/** Lengths of handle, function, unique, reducer and namespace. */
export type NameLengths = readonly [number, number, number, number, number];

/** A batch as one buffer; an `Unpacker` reads it in the same order. */
export function packBatch(batch: StoreBatch): ArrayBuffer {
  let size = 16 + 8 * batch.remove.length;
  for (const job of batch.add) size += packedJobBytes(job);
  for (const update of batch.update) size += 8 + packedLifeBytes(update);
  for (const record of batch.put) size += packedRecordBytes(record);
  const packer = new Packer(size);
  packer.count(batch.add.length);
  for (const job of batch.add) packer.job(job);
  packer.count(batch.update.length);
  for (const update of batch.update) {
    packer.number(update.key);
    packer.life(update);
  }
  packer.count(batch.remove.length);
  for (const key of batch.remove) packer.number(key);
  packer.count(batch.put.length);
  for (const record of batch.put) packer.record(record);
  return packer.buffer;
}

export function packedJobBytes(job: StoredJob): number {
  return FIXED_HEAD_BYTES + job.handle.length + job.functionName.length + job.unique.length +
    job.reducer.length + job.namespace.length + job.workload.length + packedLifeBytes(job);
}

export function packedLifeBytes(life: Life): number {
  return LIFE_HEAD_BYTES + (life.outcome?.result.length ?? 0);
}

export function packedRecordBytes(record: NamedRecord): number {
  return RECORD_HEAD_BYTES + record.name.length + (record.value?.length ?? 0);
}

/** Writes into a buffer of exactly the size that was asked for. */
export class Packer {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(this.buffer);
    this.#view = new DataView(this.buffer);
  }

  /** How many bytes are written. */
  get position(): number {
    return this.#at;
  }

  count(count: number): void {
    this.#view.setUint32(this.#at, count, true);
    this.#at += 4;
  }

  number(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  job(job: StoredJob): void {
    this.fixed(job);
    this.life(job);
  }

  fixed(job: StoredJob): void {
    this.#fixedHead(
      job,
      job.handle.length,
      job.functionName.length,
      job.unique.length,
      job.reducer.length,
      job.namespace.length,
      job.workload.length,
    );
    this.#name(job.handle);
    this.#name(job.functionName);
    this.#name(job.unique);
    this.#name(job.reducer);
    this.#name(job.namespace);
    this.#raw(job.workload);
  }

  /** A fixed part whose names and workload stand in one array already, in their order. */
  fixedBody(numbers: FixedNumbers, nameLengths: NameLengths, body: Uint8Array): void {
    const [handle, functionName, unique, reducer, namespace] = nameLengths;
    const workload = body.length - handle - functionName - unique - reducer - namespace;
    this.#fixedHead(numbers, handle, functionName, unique, reducer, namespace, workload);
    this.#raw(body);
  }

  life(life: Life): void {
    const { outcome } = life;
    this.number(life.attempts);
    this.number(life.notBefore);
    this.number(outcome?.finishedAt ?? 0);
    this.number(outcome?.expiresAt ?? 0);
    this.count(STATES.indexOf(life.state));
    this.count(outcome?.result.length ?? 0);
    if (outcome !== null) this.#raw(outcome.result);
  }

  /** A record: 1 if it has a value, else 0; two lengths; name and value. */
  record(record: NamedRecord): void {
    this.count(record.value === null ? 0 : 1);
    this.count(record.name.length);
    this.count(record.value?.length ?? 0);
    this.#name(record.name);
    if (record.value !== null) this.#raw(record.value);
  }

  #fixedHead(
    { key, acceptedAt, priority }: FixedNumbers,
    handle: number,
    functionName: number,
    unique: number,
    reducer: number,
    namespace: number,
    workload: number,
  ): void {
    this.number(key);
    this.number(acceptedAt);
    this.count(priority);
    this.count(handle);
    this.count(functionName);
    this.count(unique);
    this.count(reducer);
    this.count(namespace);
    this.count(workload);
  }

  #name(name: string): void {
    const { bytes } = this;
    const at = this.#at;
    for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i);
    this.#at = at + name.length;
  }

  #raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}
