/**
 * How jobs lie in Redis: each as one value, and what has changed in it since it was added (its life) as
 * another. Redis itself has checksums for its snapshots but none for its append-only file, so each
 * value begins with one.
 *
 *     job:    CRC-32 u32 of all that follows, version u8, priority u8, lengths of handle u16, unique u16,
 *             function u32, reducer u32, namespace u32, accepted-at f64; then these names, then the
 *             workload
 *     life:   CRC-32 u32 of all that follows, version u8, state u8, attempts f64, not-before f64,
 *             finished-at f64, expires-at f64; then the result
 *     record: CRC-32 u32 of what follows; then the value
 *
 * Numbers are little-endian. A job without a life is queued, at once, never tried.
 */

import type { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import {
  nameOfBytes,
  type StoredJob,
  type StoredJobUpdate,
  type StoredPriority,
  type StoredState,
} from "../../src/plugin_api/mod.ts";

const JOB_HEAD_BYTES = 30;
const LIFE_HEAD_BYTES = 38;
const SUM_BYTES = 4;
const FORMAT_VERSION = 1;

/** States as they are numbered here, by position. */
const STATES: readonly StoredState[] = ["queued", "done", "failed", "dead"];

/** The part of a job that updates change. */
export type Life = Omit<StoredJobUpdate, "key">;

const FRESH: Life = { attempts: 0, notBefore: 0, state: "queued", outcome: null };

/** Whether a job with this life needs none to be stored. */
export function isFresh({ attempts, notBefore, state }: Life): boolean {
  return attempts === 0 && notBefore === 0 && state === "queued";
}

export function jobBytes(job: StoredJob): number {
  return JOB_HEAD_BYTES + job.handle.length + job.unique.length + job.functionName.length +
    job.reducer.length + job.namespace.length + job.workload.length;
}

export function lifeBytes({ outcome }: Life): number {
  return LIFE_HEAD_BYTES + (outcome?.result.length ?? 0);
}

export function recordBytes(value: Uint8Array): number {
  return SUM_BYTES + value.length;
}

/** Writes `jobBytes(job)` bytes from `start` on. */
export function writeJob(into: Buffer, start: number, job: StoredJob): void {
  let at = start + SUM_BYTES;
  at = into.writeUInt8(FORMAT_VERSION, at);
  at = into.writeUInt8(job.priority, at);
  at = into.writeUInt16LE(job.handle.length, at);
  at = into.writeUInt16LE(job.unique.length, at);
  at = into.writeUInt32LE(job.functionName.length, at);
  at = into.writeUInt32LE(job.reducer.length, at);
  at = into.writeUInt32LE(job.namespace.length, at);
  at = into.writeDoubleLE(job.acceptedAt, at);
  for (const name of [job.handle, job.unique, job.functionName, job.reducer, job.namespace]) {
    if (name !== "") at += into.write(name, at, "latin1");
  }
  into.set(job.workload, at);
  writeSum(into, start, at + job.workload.length);
}

/** Writes `lifeBytes(life)` bytes from `start` on. */
export function writeLife(into: Buffer, start: number, life: Life): void {
  const { outcome } = life;
  let at = start + SUM_BYTES;
  at = into.writeUInt8(FORMAT_VERSION, at);
  at = into.writeUInt8(STATES.indexOf(life.state), at);
  at = into.writeDoubleLE(life.attempts, at);
  at = into.writeDoubleLE(life.notBefore, at);
  at = into.writeDoubleLE(outcome?.finishedAt ?? 0, at);
  at = into.writeDoubleLE(outcome?.expiresAt ?? 0, at);
  if (outcome !== null) into.set(outcome.result, at);
  writeSum(into, start, at + (outcome?.result.length ?? 0));
}

/** Writes `recordBytes(value)` bytes from `start` on. */
export function writeRecord(into: Buffer, start: number, value: Uint8Array): void {
  into.set(value, start + SUM_BYTES);
  writeSum(into, start, start + SUM_BYTES + value.length);
}

/** A stored job; `life` null if it has none. Byte arrays are views. Null when the bytes are damaged. */
export function readJob(key: number, bytes: Buffer, life: Buffer | null): StoredJob | null {
  const lived = life === null ? FRESH : readLife(life);
  if (lived === null || !isSound(bytes, JOB_HEAD_BYTES)) return null;
  let at = SUM_BYTES + 1;
  const priority = bytes.readUInt8(at) as StoredPriority;
  const lengths = [
    bytes.readUInt16LE(at + 1),
    bytes.readUInt16LE(at + 3),
    bytes.readUInt32LE(at + 5),
    bytes.readUInt32LE(at + 9),
    bytes.readUInt32LE(at + 13),
  ];
  const acceptedAt = bytes.readDoubleLE(at + 17);
  at = JOB_HEAD_BYTES;
  const [handle, unique, functionName, reducer, namespace] = lengths.map((length) =>
    nameOfBytes(bytes, at, at += length)
  ) as [string, string, string, string, string];
  const workload = viewOf(bytes, at);
  return {
    key,
    handle,
    functionName,
    unique,
    workload,
    priority,
    reducer,
    acceptedAt,
    namespace,
    ...lived,
  };
}

/** A record's value as a view; null when the bytes are damaged. */
export function readRecord(bytes: Buffer): Uint8Array | null {
  return hasSum(bytes) ? viewOf(bytes, SUM_BYTES) : null;
}

function readLife(bytes: Buffer): Life | null {
  if (!isSound(bytes, LIFE_HEAD_BYTES)) return null;
  const at = SUM_BYTES + 1;
  const state = STATES[bytes.readUInt8(at)];
  if (state === undefined) return null;
  return {
    attempts: bytes.readDoubleLE(at + 1),
    notBefore: bytes.readDoubleLE(at + 9),
    state,
    outcome: state === "queued" ? null : {
      finishedAt: bytes.readDoubleLE(at + 17),
      expiresAt: bytes.readDoubleLE(at + 25),
      result: viewOf(bytes, LIFE_HEAD_BYTES),
    },
  };
}

function viewOf(bytes: Buffer, start: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
}

function writeSum(into: Buffer, start: number, end: number): void {
  into.writeUInt32LE(crc32(into.subarray(start + SUM_BYTES, end)), start);
}

/** What has the right checksum was written here, so its lengths are right too. */
function isSound(bytes: Buffer, headBytes: number): boolean {
  return bytes.length >= headBytes && hasSum(bytes) && bytes[SUM_BYTES] === FORMAT_VERSION;
}

function hasSum(bytes: Buffer): boolean {
  return bytes.length >= SUM_BYTES && crc32(bytes.subarray(SUM_BYTES)) === bytes.readUInt32LE(0);
}
