import { Buffer } from "node:buffer";
import {
  type ByteString,
  byteStringFrom,
  HEADER_BYTES,
  MAGIC_REPLY,
  packetShape,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";

/** A packet from the server, cut up by this file (not by the decoder under test). */
export interface ReplyPacket {
  readonly name: PacketTypeName;
  readonly args: readonly ByteString[];
  /** The opaque rest; empty for types without one. Its bytes stay as they are. */
  readonly data: Uint8Array;
}

export interface ReplySink {
  packet(packet: ReplyPacket): void;
  /** A whole text reply with its terminator: one line, or a list up to its `.`. */
  text(text: ByteString): void;
}

/** What came is not what a server may send. */
export class StreamFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StreamFault";
  }
}

/** No test makes the server send a larger packet. */
const LARGEST_BODY = 512 * 1024 * 1024;
const NUL = 0;
const LF = 10;
const NOTHING = new Uint8Array(0);

/** Cuts the server's bytes into packets and text replies, and refuses what is neither. */
export class ReplyStream {
  readonly #sink: ReplySink;
  #held: Uint8Array[] = [];
  #heldLength = 0;
  /** How many bytes the unfinished reply needs at least; below that, looking at it is pointless. */
  #wanted = 0;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Bytes of a reply that is not complete. */
  get unfinished(): number {
    return this.#heldLength;
  }

  /** Takes the next bytes; the array must not be changed any more. Throws `StreamFault`. */
  push(chunk: Uint8Array): void {
    this.#held.push(chunk);
    this.#heldLength += chunk.length;
    if (this.#heldLength < this.#wanted) return;
    const bytes = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    let at = 0;
    this.#wanted = 0;
    while (at < bytes.length) {
      const next = bytes[at] === NUL ? this.#packet(bytes, at) : this.#text(bytes, at);
      if (next < 0) break;
      at = next;
    }
    const rest = at === 0 ? bytes : bytes.subarray(at);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldLength = rest.length;
  }

  /** Delivers the packet at `at`; answers where the next reply begins, -1 when it is incomplete. */
  #packet(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < HEADER_BYTES) return -1;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEADER_BYTES);
    const magic = view.getUint32(0);
    if (magic !== MAGIC_REPLY) throw new StreamFault(`magic ${magic.toString(16)} in a reply`);
    const shape = packetShape(view.getUint32(4));
    if (shape === undefined || shape.direction === "request" || shape.name === "UNUSED") {
      throw new StreamFault(`packet type ${view.getUint32(4)} in a reply`);
    }
    const size = view.getUint32(8);
    if (size > LARGEST_BODY) throw new StreamFault(`${shape.name} of ${size} bytes`);
    const start = at + HEADER_BYTES;
    const end = start + size;
    if (bytes.length < end) {
      this.#wanted = end - at;
      return -1;
    }
    const args: ByteString[] = [];
    const terminated = shape.data ? shape.args.length : shape.args.length - 1;
    let from = start;
    for (let i = 0; i < terminated; i++) {
      const nul = bytes.indexOf(NUL, from);
      if (nul < 0 || nul >= end) throw new StreamFault(`${shape.name} ends within its arguments`);
      args.push(byteStringFrom(bytes, from, nul));
      from = nul + 1;
    }
    if (!shape.data && shape.args.length > 0) args.push(byteStringFrom(bytes, from, end));
    if (shape.args.length === 0 && !shape.data && size > 0) {
      throw new StreamFault(`${shape.name} with a body of ${size} bytes`);
    }
    this.#sink.packet({
      name: shape.name,
      args,
      data: shape.data ? bytes.subarray(from, end) : NOTHING,
    });
    return end;
  }

  /** `OK…` and `ERR …` are single lines; everything else is a list that ends in a line `.`. */
  #text(bytes: Uint8Array, at: number): number {
    const start = byteStringFrom(bytes, at, Math.min(bytes.length, at + 4));
    if (start.length < 4 && start !== ".\n") return -1;
    const end = start.startsWith("OK") || start === "ERR "
      ? bytes.indexOf(LF, at) + 1
      : endOfList(bytes, at);
    if (end <= 0) return -1;
    this.#sink.text(byteStringFrom(bytes, at, end));
    return end;
  }
}

function endOfList(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2e && bytes[at + 1] === LF) return at + 2;
  const mark = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf("\n.\n", at);
  return mark < 0 ? -1 : mark + 3;
}
