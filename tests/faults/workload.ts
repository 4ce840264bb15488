import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { ByteString } from "../../src/protocol/mod.ts";
import { Random } from "../support/mod.ts";

/** Number of the attempt, bytes that follow, their CRC-32; 4 bytes each. */
const HEAD_BYTES = 12;

/** The shortest workload that says which attempt it belongs to, bytes. */
export const LEAST_WORKLOAD = HEAD_BYTES;

/** Random bytes to cut workloads from: all values, no two places alike. */
const NOISE = new Random(1).bytes(2 * 1024 * 1024);
export const MOST_WORKLOAD = 1024 * 1024;

/** A workload of `length` bytes (at least `LEAST_WORKLOAD`) that says which attempt it belongs to. */
export function workloadFor(attempt: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  const from = (attempt * 7919) % (NOISE.length - MOST_WORKLOAD);
  bytes.set(NOISE.subarray(from, from + length - HEAD_BYTES), HEAD_BYTES);
  bytes.writeUInt32BE(attempt, 0);
  bytes.writeUInt32BE(length - HEAD_BYTES, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(HEAD_BYTES)), 8);
  return bytes;
}

/** The attempt that a workload belongs to; undefined when it is not exactly as it was made. */
export function attemptIn(workload: Uint8Array): number | undefined {
  if (workload.length < HEAD_BYTES) return undefined;
  const bytes = Buffer.from(workload.buffer, workload.byteOffset, workload.length);
  if (bytes.readUInt32BE(4) !== bytes.length - HEAD_BYTES) return undefined;
  if (bytes.readUInt32BE(8) !== crc32(bytes.subarray(HEAD_BYTES))) return undefined;
  return bytes.readUInt32BE(0);
}

/** The unique ID by which a job without workload is known again. */
export function uniqueOfEmpty(attempt: number): ByteString {
  return `empty ${attempt}`;
}

/** The attempt that a job without workload belongs to; undefined when its unique ID does not say. */
export function attemptOfEmpty(unique: ByteString): number | undefined {
  const match = /^empty (\d+)$/.exec(unique);
  return match === null ? undefined : Number(match[1]);
}
