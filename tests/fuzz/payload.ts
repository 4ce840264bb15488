import { Buffer } from "node:buffer";
import { bytesOf, type ByteString, byteStringFrom } from "../../src/protocol/mod.ts";
import { Random } from "../support/mod.ts";

/** Payloads of sound peers begin with this; nothing that other peers send or receive holds it. */
export const SOUND_MARK: ByteString = "<<S";
/** Likewise for wild peers. */
export const WILD_MARK: ByteString = "<<W";

export const MOST_PAYLOAD = 512 * 1024;
const LONGEST_TAG = 24;
const NOISE = noise(2 * MOST_PAYLOAD);

/** Random bytes, all of them harmless. */
function noise(length: number): Uint8Array {
  const bytes = new Random(7).bytes(length);
  for (let at = 0; at < length; at++) bytes[at] = harmless(bytes[at]!);
  return bytes;
}

/**
 * Replaces bytes that would spoil the books. Names with LF or `.` make lists ambiguous for anybody
 * who reads them, those with a space cannot be dropped by a text command, and `<` begins the marks.
 */
export function harmless(byte: number): number {
  return byte === 0x0a || byte === 0x20 || byte === 0x2e || byte === 0x3c ? byte + 1 : byte;
}

/** `<<S12.345>>`: who sent it, and its number there. */
export function tagOf(mark: ByteString, peer: number, number: number): ByteString {
  return `${mark}${peer}.${number}>>`;
}

/** A payload of `length` bytes (at least the tag's) that says where it comes from. */
export function payloadFor(tag: ByteString, length: number): Uint8Array {
  const from = (length * 31 + tag.length * 7919 + tag.charCodeAt(tag.length - 3) * 104729) %
    MOST_PAYLOAD;
  const bytes = Buffer.allocUnsafe(Math.max(length, tag.length));
  bytes.set(bytesOf(tag));
  bytes.set(NOISE.subarray(from, from + bytes.length - tag.length), tag.length);
  return bytes;
}

/** The tag at the beginning of a payload; undefined when there is none. */
export function tagIn(payload: Uint8Array): ByteString | undefined {
  const start = byteStringFrom(payload, 0, Math.min(payload.length, LONGEST_TAG));
  return /^<<[SW]\d+\.\d+>>/.exec(start)?.[0];
}

/** Some random bytes, all of them harmless. */
export function junk(random: Random, length: number): Uint8Array {
  const from = random.below(MOST_PAYLOAD);
  return NOISE.slice(from, from + length);
}

/** A name of random bytes, without NUL and what `harmless` replaces. */
export function junkName(random: Random, length: number): ByteString {
  return byteStringFrom(junk(random, length)).replaceAll("\0", "0");
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
