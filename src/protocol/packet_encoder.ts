import { bytesOf, writeByteString } from "./byte_string.ts";
import type { ByteString } from "./byte_string.ts";
import { HEADER_BYTES, MAGIC_REPLY, MAGIC_REQUEST } from "./packet.ts";
import { type PacketShape, packetShape, type PacketType } from "./packet_type.ts";

/** Writes a packet's 12-byte header at `at`; answers the position behind it. */
export function writeHeader(
  target: Uint8Array,
  at: number,
  magic: number,
  type: PacketType,
  size: number,
): number {
  target[at] = magic >>> 24;
  target[at + 1] = magic >>> 16;
  target[at + 2] = magic >>> 8;
  target[at + 3] = magic;
  target[at + 4] = 0;
  target[at + 5] = 0;
  target[at + 6] = 0;
  target[at + 7] = type;
  target[at + 8] = size >>> 24;
  target[at + 9] = size >>> 16;
  target[at + 10] = size >>> 8;
  target[at + 11] = size;
  return at + HEADER_BYTES;
}

/** What stands in a packet's body, in the order of `PacketShape.args`. */
export interface PacketContent {
  readonly args?: readonly (ByteString | Uint8Array)[];
  /** Opaque data; only for types that carry it. */
  readonly data?: ByteString | Uint8Array;
}

/** A whole packet towards the server. @throws {RangeError} when the arguments do not fit the type. */
export function encodeRequest(type: PacketType, content: PacketContent = {}): Uint8Array {
  return encodePacket(MAGIC_REQUEST, type, content);
}

/** A whole packet from the server. @throws {RangeError} when the arguments do not fit the type. */
export function encodeReply(type: PacketType, content: PacketContent = {}): Uint8Array {
  return encodePacket(MAGIC_REPLY, type, content);
}

/** A whole packet. @throws {RangeError} when the arguments do not fit the type. */
export function encodePacket(magic: number, type: PacketType, content: PacketContent): Uint8Array {
  const shape = packetShape(type);
  if (shape === undefined) throw new RangeError(`Cannot encode packet: unknown type ${type}`);
  const parts = bodyParts(shape, content);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + size);
  let at = writeHeader(bytes, 0, magic, type, size);
  for (const part of parts) {
    if (typeof part === "string") {
      at = writeByteString(bytes, at, part);
    } else {
      bytes.set(part, at);
      at += part.length;
    }
  }
  return bytes;
}

function bodyParts(shape: PacketShape, content: PacketContent): (ByteString | Uint8Array)[] {
  const args = content.args ?? [];
  if (args.length !== shape.args.length || (content.data !== undefined && !shape.data)) {
    throw new RangeError(
      `Cannot encode ${shape.name}: it takes (${shape.args.join(", ")})${
        shape.data ? " and data" : ""
      }, got ${args.length} arguments${content.data === undefined ? "" : " and data"}`,
    );
  }
  const parts: (ByteString | Uint8Array)[] = [];
  args.forEach((arg, i) => {
    const last = i === args.length - 1 && !shape.data;
    if (!last && includesNul(arg)) {
      throw new RangeError(`Cannot encode ${shape.name}: NUL in argument '${shape.args[i]}'`);
    }
    parts.push(arg);
    if (!last) parts.push("\0");
  });
  if (content.data !== undefined) parts.push(content.data);
  return parts;
}

function includesNul(arg: ByteString | Uint8Array): boolean {
  return typeof arg === "string" ? arg.includes("\0") : arg.includes(0);
}

/** The bytes of one text line or text reply. */
export function encodeText(text: ByteString): Uint8Array {
  return bytesOf(text);
}
