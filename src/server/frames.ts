import {
  type ByteString,
  type ErrorReplyContent,
  HEADER_BYTES,
  joinBytes,
  MAGIC_REPLY,
  type Packet,
  PacketType,
  writeByteString,
  writeHeader,
} from "../protocol/mod.ts";
import { Slab } from "./slab.ts";
import type { Traffic } from "./traffic.ts";

/**
 * Bytes on their way to one connection, in order: pieces of the shared slab and larger pieces of
 * their own. Each method adds one frame, written straight into place.
 */
export class Frames {
  readonly #slab: Slab;
  /** Frames are counted here by type. */
  readonly #sent: Traffic["sent"];
  #pieces: Uint8Array[] = [];
  /** The piece that still grows: a range of the slab. */
  #open: Uint8Array | null = null;
  #start = 0;
  #end = 0;
  #length = 0;
  /** Pieces at the front that `leaveSlab` need not look at again. */
  #outside = 0;

  constructor(slab: Slab, sent: Traffic["sent"]) {
    this.#slab = slab;
    this.#sent = sent;
  }

  /** Bytes not taken yet. */
  get length(): number {
    return this.#length;
  }

  /** NOOP, NO_JOB: a frame without a body. */
  empty(type: PacketType): void {
    this.#sent[type]!++;
    writeHeader(this.#target(HEADER_BYTES), this.#at, MAGIC_REPLY, type, 0);
  }

  /** A frame whose body is one byte string: JOB_CREATED, WORK_FAIL. */
  text(type: PacketType, body: ByteString): void {
    this.#sent[type]!++;
    const target = this.#target(HEADER_BYTES + body.length);
    writeByteString(target, writeHeader(target, this.#at, MAGIC_REPLY, type, body.length), body);
  }

  error(content: ErrorReplyContent): void {
    this.text(PacketType.ERROR, `${content.code}\0${content.text}`);
  }

  /** A frame of arguments, each of which gets its NUL, and data: JOB_ASSIGN and its kin. */
  assignment(type: PacketType, args: readonly ByteString[], data: Uint8Array): void {
    this.#sent[type]!++;
    let argsLength = args.length;
    for (const arg of args) argsLength += arg.length;
    const size = argsLength + data.length;
    const own = HEADER_BYTES + size > Slab.LARGEST;
    const target = this.#target(HEADER_BYTES + (own ? argsLength : size));
    let at = writeHeader(target, this.#at, MAGIC_REPLY, type, size);
    for (const arg of args) {
      at = writeByteString(target, at, arg);
      target[at++] = 0;
    }
    if (own) this.raw(data);
    else target.set(data, at);
  }

  /** A received packet's body, byte for byte, under another type (or the same). */
  forward(type: PacketType, packet: Packet): void {
    this.#sent[type]!++;
    const size = packet.bodyLength;
    const own = HEADER_BYTES + size > Slab.LARGEST;
    const target = this.#target(HEADER_BYTES + (own ? 0 : size));
    const at = writeHeader(target, this.#at, MAGIC_REPLY, type, size);
    if (own) this.raw(packet.takeBody());
    else copy(packet.buffer, packet.bodyStart, packet.bodyEnd, target, at);
  }

  /** Bytes as they are. The array must not be changed any more. */
  raw(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#close();
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Adds what other frames hold; those are empty then. */
  append(frames: Frames): void {
    for (const piece of frames.take()) this.raw(piece);
  }

  /** All pieces in order; nothing is left behind. */
  take(): Uint8Array[] {
    this.#close();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#outside = 0;
    this.#length = 0;
    return pieces;
  }

  /** All bytes, in one piece where that is cheap; undefined when there are none. */
  takeForWriting(): Uint8Array[] {
    const length = this.#length;
    const pieces = this.take();
    return pieces.length > 1 && length <= MERGED_BYTES ? [joinBytes(pieces, length)] : pieces;
  }

  /** Moves what lies in the slab to memory of its own, so that a slow reader does not hold slabs. */
  leaveSlab(): void {
    this.#close();
    const later = this.#pieces.splice(this.#outside);
    let small: Uint8Array[] = [];
    for (const piece of later) {
      if (piece.length > Slab.LARGEST) {
        this.#keepJoined(small);
        this.#pieces.push(piece);
        small = [];
      } else {
        small.push(piece);
      }
    }
    this.#outside = this.#pieces.length;
    // Comes again the next time, until it is large enough to be left alone.
    this.#keepJoined(small);
  }

  #keepJoined(small: readonly Uint8Array[]): void {
    if (small.length > 0) this.#pieces.push(joinBytes(small));
  }

  /** Where the room starts that `#target` reserved. */
  #at = 0;

  #target(size: number): Uint8Array {
    this.#at = this.#slab.reserve(size);
    const { bytes } = this.#slab;
    if (this.#open === bytes && this.#end === this.#at) {
      this.#end += size;
    } else {
      this.#close();
      this.#open = bytes;
      this.#start = this.#at;
      this.#end = this.#at + size;
    }
    this.#length += size;
    return bytes;
  }

  #close(): void {
    if (this.#open === null) return;
    this.#pieces.push(this.#open.subarray(this.#start, this.#end));
    this.#open = null;
  }
}

/** Up to this size, several pieces are copied together: one system call is dearer than the copy. */
const MERGED_BYTES = 64 * 1024;
/** Below this, a loop is faster than setting up a subarray to copy from. */
const LOOP_BYTES = 48;

function copy(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_BYTES) {
    target.set(source.subarray(start, end), at);
  } else {
    for (let from = start; from < end; from++) target[at++] = source[from]!;
  }
}
