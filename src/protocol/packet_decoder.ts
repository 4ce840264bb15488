import { byteStringFrom } from "./byte_string.ts";
import type { ByteString } from "./byte_string.ts";
import { HEADER_BYTES, MAGIC_REPLY, MAGIC_REQUEST, Packet } from "./packet.ts";
import { PACKET_SHAPES, type PacketShape } from "./packet_type.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Receives what the decoder finds, in stream order. */
export interface PacketSink {
  /** A packet of a known type whose arguments are all there. Valid only during the call. */
  packet(packet: Packet): void;
  /** A packet of a known type whose body ends before its arguments do. Its arguments can't be read. */
  malformed(packet: Packet): void;
  /** A text line without its LF or CR LF (admin section 1). */
  line(line: ByteString): void;
}

export interface DecoderLimits {
  /** Largest body of one packet, bytes. */
  readonly maxPacketBytes: number;
  /** Longest run of arguments in one packet, bytes; the last one counts also without a NUL. */
  readonly maxArgumentBytes: number;
  /** Longest text line including its LF, bytes. */
  readonly maxLineBytes: number;
}

/** First size of the buffer for an unfinished message; it grows with the bytes that really came. */
const FIRST_BUFFER = 1024;
/** A buffer larger than this is given up after its message, so that idle connections stay small. */
const KEPT_BUFFER = 4 * 1024;
const LF = 10;
const CR = 13;
const NONE = new Uint8Array(0);

/**
 * Cuts a byte stream into packets and text lines, whatever way the stream was split into chunks.
 * A message that lies whole in one chunk is delivered from there; only what must wait is copied.
 * Lengths are checked before memory is taken, and memory grows with the bytes received, not with
 * the size that a header claims. After a `ProtocolError` or `stop` nothing more is delivered.
 */
export class PacketDecoder {
  readonly #sink: PacketSink;
  readonly #limits: DecoderLimits;
  readonly #packet: Packet;
  #held = NONE;
  #heldLength = 0;
  #stopped = false;
  #paused = false;

  constructor(sink: PacketSink, limits: DecoderLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#packet = new Packet(PACKET_SHAPES[1]!, NONE);
  }

  /** Bytes held of a message that is not complete yet, and while it is paused of all that came since. */
  get heldBytes(): number {
    return this.#heldLength;
  }

  /** Delivers nothing more, not even what the current chunk still holds. */
  stop(): void {
    this.#stopped = true;
    this.#held = NONE;
    this.#heldLength = 0;
  }

  /** Delivers nothing, not even what the current chunk still holds, until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /**
   * Delivers what was held meanwhile, up to the next `pause`.
   * @throws {ProtocolError} when the stream can't be followed any further.
   */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const waiting = this.#held.subarray(0, this.#heldLength);
    this.#held = NONE;
    this.#heldLength = 0;
    this.push(waiting);
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Takes the next bytes of the stream and delivers each message that they complete.
   * @throws {ProtocolError} when the stream can't be followed any further.
   */
  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    try {
      let at = 0;
      while (this.#heldLength > 0 && at < chunk.length && !this.#paused) at = this.#fill(chunk, at);
      if (at < chunk.length) this.#hold(chunk, this.#deliver(chunk, at, chunk.length, false));
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Adds to the held message what it still lacks, delivers it if it is complete. */
  #fill(chunk: Uint8Array, at: number): number {
    const wanted = this.#held[0] === 0 ? this.#missingBinary() : missingText(chunk, at);
    const end = Math.min(chunk.length, at + wanted);
    this.#append(chunk, at, end);
    const held = this.#held;
    const length = this.#heldLength;
    const owned = length > KEPT_BUFFER;
    const delivered = this.#deliver(held, 0, length, owned);
    if (delivered === length) {
      this.#heldLength = 0;
      if (owned) this.#held = NONE;
    }
    return end;
  }

  /** How many bytes bring the held packet to its header, or with a header to its end. */
  #missingBinary(): number {
    if (this.#heldLength < HEADER_BYTES) return HEADER_BYTES - this.#heldLength;
    return HEADER_BYTES + readUint32(this.#held, 8) - this.#heldLength;
  }

  #append(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#heldLength + end - start;
    if (length > this.#held.length) {
      let capacity = Math.max(FIRST_BUFFER, this.#held.length * 2, length);
      if (this.#held[0] === 0 && this.#heldLength >= HEADER_BYTES) {
        const whole = HEADER_BYTES + readUint32(this.#held, 8);
        if (capacity > whole) capacity = Math.max(whole, length);
      }
      const grown = new Uint8Array(capacity);
      grown.set(this.#held.subarray(0, this.#heldLength));
      this.#held = grown;
    }
    this.#held.set(chunk.subarray(start, end), this.#heldLength);
    this.#heldLength = length;
  }

  /** Keeps what is left of a chunk for the next one. */
  #hold(chunk: Uint8Array, from: number): void {
    if (from < chunk.length && !this.#stopped) this.#append(chunk, from, chunk.length);
  }

  /** Delivers the complete messages from `at` on; answers where the first incomplete one begins. */
  #deliver(bytes: Uint8Array, at: number, end: number, owned: boolean): number {
    while (at < end && !this.#stopped && !this.#paused) {
      const next = bytes[at] === 0
        ? this.#deliverPacket(bytes, at, end, owned)
        : this.#deliverLine(bytes, at, end);
      if (next < 0) return at;
      at = next;
    }
    return at;
  }

  #deliverPacket(bytes: Uint8Array, at: number, end: number, owned: boolean): number {
    if (end - at < HEADER_BYTES) return -1;
    const magic = readUint32(bytes, at);
    if (magic !== MAGIC_REQUEST && magic !== MAGIC_REPLY) {
      throw new ProtocolError("BAD_MAGIC", "message starts with NUL but not with \\0REQ or \\0RES");
    }
    const shape = this.#shapeOf(readUint32(bytes, at + 4));
    const size = readUint32(bytes, at + 8);
    if (size > this.#limits.maxPacketBytes) {
      throw new ProtocolError(
        "PACKET_TOO_LARGE",
        `${shape.name} of ${size} bytes, limit ${this.#limits.maxPacketBytes}`,
      );
    }
    if (size > this.#limits.maxArgumentBytes && !shape.data && shape.args.length > 0) {
      throw new ProtocolError("ARGUMENTS_TOO_LARGE", `arguments of ${shape.name} are too long`);
    }
    const bodyStart = at + HEADER_BYTES;
    if (end - bodyStart < size) return -1;
    const packet = this.#packet;
    packet.magic = magic;
    packet.shape = shape;
    packet.buffer = bytes;
    packet.bodyStart = bodyStart;
    packet.bodyEnd = bodyStart + size;
    packet.ownsBuffer = owned;
    if (packet.locateArguments(this.#limits.maxArgumentBytes)) {
      this.#sink.packet(packet);
    } else if (size > this.#limits.maxArgumentBytes) {
      throw new ProtocolError("ARGUMENTS_TOO_LARGE", `arguments of ${shape.name} are too long`);
    } else if (packet.endLoneArgument()) {
      this.#sink.packet(packet);
    } else {
      this.#sink.malformed(packet);
    }
    return bodyStart + size;
  }

  #shapeOf(type: number): PacketShape {
    const shape = PACKET_SHAPES[type];
    if (shape === undefined) throw new ProtocolError("UNKNOWN_TYPE", `packet type ${type}`);
    return shape;
  }

  #deliverLine(bytes: Uint8Array, at: number, end: number): number {
    const limit = Math.min(end, at + this.#limits.maxLineBytes);
    let lf = at;
    while (lf < limit && bytes[lf] !== LF) lf++;
    if (lf === limit) {
      if (end - at < this.#limits.maxLineBytes) return -1;
      throw new ProtocolError("LINE_TOO_LONG", `text line without LF in ${end - at} bytes`);
    }
    const stop = lf > at && bytes[lf - 1] === CR ? lf - 1 : lf;
    this.#sink.line(byteStringFrom(bytes, at, stop));
    return lf + 1;
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Bytes of the chunk up to and including the first LF, or all of them. */
function missingText(chunk: Uint8Array, at: number): number {
  const lf = chunk.indexOf(LF, at);
  return lf < 0 ? chunk.length - at : lf + 1 - at;
}
