import { Buffer } from "node:buffer";
import {
  bytesOf,
  type ByteString,
  encodeRequest,
  type PacketContent,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";
import type { Random } from "../support/mod.ts";
import { header } from "./fatal_input.ts";
import { harmless, junk, junkName } from "./payload.ts";

/** What a wild peer's requests are made of. */
export interface WildWorld {
  readonly functions: readonly ByteString[];
  readonly uniques: readonly ByteString[];
}

const SUBMITS = [
  "SUBMIT_JOB",
  "SUBMIT_JOB_HIGH",
  "SUBMIT_JOB_LOW",
  "SUBMIT_JOB_BG",
  "SUBMIT_JOB_HIGH_BG",
  "SUBMIT_JOB_LOW_BG",
] as const;
const BARE = [
  "GRAB_JOB",
  "GRAB_JOB_UNIQ",
  "GRAB_JOB_ALL",
  "PRE_SLEEP",
  "RESET_ABILITIES",
  "ALL_YOURS",
] as const;
const REPORTS = ["WORK_COMPLETE", "WORK_EXCEPTION", "WORK_DATA", "WORK_WARNING"] as const;
const LINES = ["status", "workers", "version", "show jobs", "prioritystatus", "maxqueue wild_1 9"];

/** A request as the protocol wants it; `payload` says whose it is, `handle` is one that it holds. */
export function validRequest(
  random: Random,
  { functions, uniques }: WildWorld,
  payload: Uint8Array,
  handle: ByteString,
): Uint8Array {
  const name = random.pick(functions);
  const unique = random.pick(["", "", "-", ...uniques]);
  const packet = (type: PacketTypeName, content: PacketContent) =>
    encodeRequest(PacketType[type], content);
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
      return packet(random.pick(SUBMITS), { args: [name, unique], data: payload });
    case 3:
      return packet("SUBMIT_JOB_EPOCH", { args: [name, unique, "now"], data: payload });
    case 4:
      return packet("SUBMIT_REDUCE_JOB", { args: [name, unique, name, ""], data: payload });
    case 5:
      return packet("CAN_DO", { args: [name] });
    case 6:
      return packet("CAN_DO_TIMEOUT", { args: [name, random.pick(["1000", "x", "-1", ""])] });
    case 7:
    case 8:
      return packet(random.pick(BARE), {});
    case 9:
      return packet(random.pick(REPORTS), { args: [handle], data: payload });
    case 10:
      return packet("WORK_STATUS", { args: [handle, "1", "2"] });
    case 11:
      return packet("GET_STATUS", { args: [handle] });
    case 12:
      return packet("ECHO_REQ", { data: payload });
    default:
      return bytesOf(`${random.pick(LINES)}\n`);
  }
}

type Mutation = (packet: Uint8Array, random: Random) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  // Bytes anywhere, header included.
  (packet, random) => {
    const changed = packet.slice();
    for (let i = random.between(1, 4); i > 0; i--) {
      changed[random.below(changed.length)] = harmless(random.below(256));
    }
    return changed;
  },
  // A body size that is not the body's.
  (packet, random) => withUint32(packet, 8, sizeNear(packet.length, random)),
  // Another type, known or not.
  (packet, random) =>
    withUint32(packet, 4, random.pick([random.below(48), 0, 43, 0x80000000, 0xffffffff])),
  // Another magic, the server's own included.
  (packet, random) => withUint32(packet, 0, random.pick([0x00524553, 0x00524500, 0, 0x52455100])),
  // The end is missing.
  (packet, random) => packet.slice(0, random.below(packet.length)),
  // No NUL behind the arguments.
  (packet) => packet.map((byte, at) => at >= 12 && byte === 0 ? 0x78 : byte),
  // More NULs than there should be.
  (packet, random) => packet.map((byte, at) => at >= 12 && random.chance(0.2) ? 0 : byte),
  // A part twice.
  (packet, random) => {
    const from = random.below(packet.length);
    const to = random.between(from, packet.length);
    return Buffer.concat([packet.subarray(0, to), packet.subarray(from)]);
  },
  // Only the header, with a body to come that never comes.
  (packet, random) => header(packet[7]!, random.below(1000)),
  // Garbage before it.
  (packet, random) => Buffer.concat([junk(random, random.between(1, 40)), packet]),
  // Text in the middle of it.
  (packet, random) => {
    const at = random.below(packet.length);
    const text = bytesOf(`${junkName(random, random.below(20))}\r\n`);
    return Buffer.concat([packet.subarray(0, at), text, packet.subarray(at)]);
  },
  // Text lines of any words.
  (_, random) => {
    const words = Array.from({ length: random.between(1, 5) }, () => junkName(random, 4));
    return bytesOf(`${words.join(" ")}${random.pick(["\n", "\r\n", " \n", "\r"])}`);
  },
  // A long line, or the beginning of one.
  (_, random) => bytesOf(junkName(random, random.between(100, 8500)) + random.pick(["\n", ""])),
  // Long arguments.
  (packet, random) => {
    const argument = bytesOf(`w${junkName(random, random.between(60, 8300))}\0`);
    const body = Buffer.concat([argument, packet.subarray(Math.min(12, packet.length))]);
    return Buffer.concat([header(packet[7] ?? 1, body.length), body]);
  },
];

/** A request that is wrong in some way. */
export function mutated(packet: Uint8Array, random: Random): Uint8Array {
  return random.pick(MUTATIONS)(packet, random);
}

function withUint32(packet: Uint8Array, at: number, value: number): Uint8Array {
  if (packet.length < at + 4) return packet;
  const changed = packet.slice();
  new DataView(changed.buffer, changed.byteOffset).setUint32(at, value);
  return changed;
}

function sizeNear(length: number, random: Random): number {
  const right = Math.max(0, length - 12);
  return random.pick([
    0,
    Math.max(0, right - 1),
    right + 1,
    right + random.below(5000),
    8193,
    0x0fffffff,
    0x10000001,
    0x7fffffff,
    0xffffffff,
    random.uint32(),
  ]);
}
