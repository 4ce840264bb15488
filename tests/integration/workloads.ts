import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  encodeRequest,
  HEADER_BYTES,
  type PacketContent,
  PacketType,
} from "../../src/protocol/mod.ts";
import type { PacketTypeName } from "../../src/protocol/mod.ts";
import type { WireClient } from "../support/mod.ts";

const LARGEST = (1 << 26) + 1;
/** Chunks in which sockets are usually read. */
const CHUNK = 65_536;

/** 2^n - 1, 2^n and 2^n + 1 for every n of a range, without repetition. */
export function sizesAround(fromPower: number, toPower: number): number[] {
  const sizes = new Set<number>();
  for (let power = fromPower; power <= toPower; power++) {
    for (const offset of [-1, 0, 1]) sizes.add(2 ** power + offset);
  }
  return [...sizes].sort((one, other) => one - other);
}

/** The bytes of a workload of this size: no two sizes share their beginning, and NULs are frequent. */
export function workload(size: number): Uint8Array {
  assert.ok(size <= LARGEST);
  pool ??= makePool();
  const from = (size * 31) % (pool.length - size);
  return pool.subarray(from, from + size);
}

let pool: Uint8Array | undefined;

function makePool(): Uint8Array {
  const words = new Uint32Array(LARGEST / 4 + 4096);
  let state = 0x9e3779b9;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = at % 16 === 0 ? 0 : state;
  }
  return new Uint8Array(words.buffer);
}

/** Says where two byte strings differ; comparing tens of megabytes in a report would take minutes. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.fail(`${what}: ${actual.length} bytes, expected ${expected.length}; differs at ${at}`);
}

/**
 * Sends a packet in pieces: cut inside the header, beside each NUL of the arguments, beside the edges
 * of the first and the last chunks of 64 KiB. Small ones go byte by byte. Each piece has left before the
 * next one follows.
 */
export async function sendInPieces(
  client: WireClient,
  name: PacketTypeName,
  content: PacketContent,
): Promise<void> {
  const packet = encodeRequest(PacketType[name], content);
  let from = 0;
  for (const to of [...cuts(packet), packet.length]) {
    client.sendBytes(packet.subarray(from, to));
    await client.flushed();
    from = to;
  }
}

/** Packets up to this size go byte by byte. */
const SMALL = 96;

function cuts(packet: Uint8Array): number[] {
  const length = packet.length;
  if (length <= SMALL) return Array.from({ length: length - 1 }, (_, at) => at + 1);
  const at = new Set([1, 4, 7, 8, 11, HEADER_BYTES, HEADER_BYTES + 1]);
  const lastArgument = HEADER_BYTES + 80;
  for (let index = HEADER_BYTES; index < lastArgument; index++) {
    if (packet[index] === 0) { for (const cut of [index, index + 1]) at.add(cut); }
  }
  const chunks = Math.floor(length / CHUNK);
  for (const chunk of [1, 2, chunks - 1, chunks]) {
    for (const offset of [-1, 0, 1]) at.add(chunk * CHUNK + offset);
  }
  at.add(length - 1);
  return [...at].filter((cut) => cut > 0 && cut < length).sort((one, other) => one - other);
}
