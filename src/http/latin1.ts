/** Heads are bytes: here they are text with one character per byte (U+0000 to U+00FF). */

import { Buffer } from "node:buffer";

/** The runtimes' own conversion, which takes any `Uint8Array`; the types know it only as a detail. */
const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

export function latin1From(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/** Writes the text at `at`; answers the position behind it. For a head the loop is the quickest way. */
export function writeLatin1(target: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) target[at + i] = text.charCodeAt(i);
  return at + text.length;
}

export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeLatin1(bytes, 0, text);
  return bytes;
}
