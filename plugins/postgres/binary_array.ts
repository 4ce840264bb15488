import { Buffer } from "node:buffer";

/**
 * Arrays in PostgreSQL's binary format, as parameters of a statement. The driver sends a `Buffer` as it
 * is and would write any other array as text: twice the bytes, and three times the work.
 * Layout (src/backend/utils/adt/arrayfuncs.c, array_recv): dimensions, whether there are NULLs, type of
 * the elements, length, first index; then each element with its length in front, -1 for NULL.
 */
const HEAD_BYTES = 20;
const NULL_LENGTH = -1;
/** Object numbers of types (pg_type.dat); they never change. */
const BYTEA = 17;
const INT8 = 20;
const TEXT = 25;

/** Safe integers as `int8[]`. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  const buffer = Buffer.allocUnsafe(HEAD_BYTES + 12 * values.length);
  writeHead(buffer, INT8, values.length);
  let at = HEAD_BYTES;
  for (const value of values) {
    if (value === null) {
      at = buffer.writeInt32BE(NULL_LENGTH, at);
      continue;
    }
    at = buffer.writeInt32BE(8, at);
    const high = Math.floor(value / 2 ** 32);
    at = buffer.writeInt32BE(high, at);
    at = buffer.writeUInt32BE(value - high * 2 ** 32, at);
  }
  return buffer.subarray(0, at);
}

/** Bytes as `bytea[]`. */
export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  let size = HEAD_BYTES;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const buffer = Buffer.allocUnsafe(size);
  writeHead(buffer, BYTEA, values.length);
  let at = HEAD_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value?.length ?? NULL_LENGTH, at);
    if (value === null) continue;
    buffer.set(value, at);
    at += value.length;
  }
  return buffer;
}

/** Byte strings as `bytea[]`. */
export function namesArray(values: readonly (string | null)[]): Buffer {
  return textOf(BYTEA, values);
}

/** ASCII texts as `text[]`. */
export function textArray(values: readonly string[]): Buffer {
  return textOf(TEXT, values);
}

/** One byte per character. */
function textOf(type: number, values: readonly (string | null)[]): Buffer {
  let size = HEAD_BYTES;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const buffer = Buffer.allocUnsafe(size);
  writeHead(buffer, type, values.length);
  let at = HEAD_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value?.length ?? NULL_LENGTH, at);
    if (value !== null) at += buffer.write(value, at, "latin1");
  }
  return buffer;
}

function writeHead(buffer: Buffer, type: number, length: number): void {
  buffer.writeInt32BE(1, 0);
  // Whether there are NULLs is only read as 0 or 1, and 1 without any does no harm.
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
}
