/**
 * Byte strings: names, unique IDs and handles are strings with one character per byte
 * (U+0000 to U+00FF), so that any bytes survive and compare as they did on the wire.
 * This file is the only place that converts them. `TextDecoder("latin1")` is windows-1252
 * and would change bytes 0x80 to 0x9F.
 */

import { Buffer } from "node:buffer";

/** A string whose characters are all U+0000 to U+00FF: one per byte. */
export type ByteString = string;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Up to this length the runtime's own conversion costs more than it saves. */
const SHORT = 8;

/** The runtimes' own conversion, which takes any `Uint8Array`; the types know it only as a detail. */
const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

/** The bytes `start` to `end` (exclusive) as a byte string. */
export function byteStringFrom(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  if (end - start > SHORT) return latin1Slice.call(bytes, start, end);
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    text += String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** Whether the bytes `start` to `end` (exclusive) are those of a byte string. */
export function sameBytes(
  text: ByteString,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start !== text.length) return false;
  // From the end: numbers differ there first.
  for (let at = text.length - 1; at >= 0; at--) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

/** Writes a byte string at `at`; answers the position behind it. */
export function writeByteString(target: Uint8Array, at: number, text: ByteString): number {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** A byte string as bytes of its own. */
export function bytesOf(text: ByteString): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeByteString(bytes, 0, text);
  return bytes;
}

/** Ordinary text (from a command line or JSON) as the byte string of its UTF-8 form. */
export function byteStringFromText(text: string): ByteString {
  return byteStringFrom(encoder.encode(text));
}

/** A byte string as readable text: UTF-8 where it is valid, else one character per byte. */
export function textOf(text: ByteString): string {
  try {
    return decoder.decode(bytesOf(text));
  } catch {
    return text;
  }
}
