/**
 * Names, unique IDs and handles are byte strings: one character (U+0000 to U+00FF) per byte.
 * Stores keep them as bytes and convert them here; the protocol's own copy of this rule is not for
 * plugins, which depend on nothing but this folder. `TextDecoder("latin1")` is windows-1252 and would
 * change bytes 0x80 to 0x9F.
 */

import { Buffer } from "node:buffer";

/** The bytes of a byte string. A `Buffer`, because some database drivers take nothing else. */
export function bytesOfName(name: string): Buffer {
  return Buffer.from(name, "latin1");
}

/** The bytes from `start` to `end` (exclusive) as a byte string. */
export function nameOfBytes(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
