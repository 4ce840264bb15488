import { Buffer } from "node:buffer";
import { bytesOf, MAGIC_REQUEST, PacketType } from "../../src/protocol/mod.ts";
import type { Random } from "../support/mod.ts";
import { junk } from "./payload.ts";

/** A header of a packet whose body, if any, follows. */
export function header(type: number, size: number, magic: number = MAGIC_REQUEST): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(magic >>> 0, 0);
  bytes.writeUInt32BE(type >>> 0, 4);
  bytes.writeUInt32BE(size >>> 0, 8);
  return bytes;
}

/** Input after which the server must close the connection (protocol section 3, admin section 1). */
export function fatalInput(random: Random): Uint8Array {
  switch (random.below(7)) {
    case 0:
      return header(PacketType.ECHO_REQ, 0, random.pick([0, 0x00524550, 0x00ffffff]));
    case 1:
      return header(random.pick([0, 43, 99, 0x7fffffff, 0x80000000, 0xffffffff]), 0);
    case 2:
      return header(PacketType.SUBMIT_JOB_BG, random.pick([0xffffffff, 0x80000000, 0x10000001]));
    case 3:
      return header(PacketType.CAN_DO, random.between(8193, 100_000));
    case 4: {
      // Arguments that do not end in the first 8192 bytes.
      const body = new Uint8Array(random.between(8300, 9000)).fill(0x61);
      return Buffer.concat([header(PacketType.SUBMIT_JOB, body.length), body]);
    }
    case 5:
      return new Uint8Array(random.between(8192, 9000)).fill(0x61);
    default:
      return Buffer.concat([
        bytesOf("one two three four five "),
        junk(random, 5).map((byte) => byte | 0x40),
        bytesOf("\n"),
      ]);
  }
}
