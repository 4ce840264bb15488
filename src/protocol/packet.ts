import { byteStringFrom, sameBytes } from "./byte_string.ts";
import type { ByteString } from "./byte_string.ts";
import { MAX_ARGUMENTS, type PacketShape } from "./packet_type.ts";

/** Bytes of a packet's header: magic, type, body size; 4 each, big-endian. */
export const HEADER_BYTES = 12;

/** `\0REQ`, towards the server. */
export const MAGIC_REQUEST = 0x00524551;
/** `\0RES`, from the server. */
export const MAGIC_REPLY = 0x00524553;

/**
 * One received packet, as a view into the receive buffer. The decoder uses a single `Packet` for all
 * packets of a connection: it is valid only while `PacketSink.packet` runs. What is kept beyond that
 * is taken by `argument` (a new string) or `takeData` (bytes of its own).
 */
export class Packet {
  magic = 0;
  /** Shape of the packet's type: arguments, direction, whether it carries data. */
  shape: PacketShape;
  /** The buffer that holds the packet; the body is `bodyStart` to `bodyEnd` (exclusive). */
  buffer: Uint8Array;
  bodyStart = 0;
  bodyEnd = 0;
  /** Where the opaque data begins: behind the last NUL-terminated argument. */
  dataStart = 0;
  /** True when nobody but this packet uses `buffer`, so that data may be handed out without a copy. */
  ownsBuffer = false;
  /** Ends of the arguments; each begins behind the NUL of the one before. */
  readonly #ends: number[] = new Array<number>(MAX_ARGUMENTS).fill(0);

  constructor(shape: PacketShape, buffer: Uint8Array) {
    this.shape = shape;
    this.buffer = buffer;
  }

  /**
   * Finds the arguments in the body. Answers false when the body is shorter than its NUL-terminated
   * arguments need, or these take more than `maxArgumentBytes`.
   */
  locateArguments(maxArgumentBytes: number): boolean {
    const { args, data } = this.shape;
    const terminated = data ? args.length : args.length - 1;
    const stop = Math.min(this.bodyEnd, this.bodyStart + maxArgumentBytes);
    let at = this.bodyStart;
    for (let i = 0; i < terminated; i++) {
      while (at < stop && this.buffer[at] !== 0) at++;
      if (at >= stop) return false;
      this.#ends[i] = at++;
    }
    this.dataStart = at;
    if (terminated >= 0 && !data) this.#ends[terminated] = this.bodyEnd;
    return true;
  }

  /**
   * Ends the only argument of a packet with data when its NUL, and so the data, is missing. Perl's
   * Gearman::Worker sends results like that when they are empty or `0`. Answers false, and changes
   * nothing, when the packet's type has no or more such arguments.
   */
  endLoneArgument(): boolean {
    if (!this.shape.data || this.shape.args.length !== 1) return false;
    const body = new Uint8Array(this.bodyLength + 1);
    body.set(this.buffer.subarray(this.bodyStart, this.bodyEnd));
    this.buffer = body;
    this.bodyStart = 0;
    this.bodyEnd = body.length;
    this.ownsBuffer = true;
    this.#ends[0] = body.length - 1;
    this.dataStart = body.length;
    return true;
  }

  argumentStart(index: number): number {
    return index === 0 ? this.bodyStart : this.#ends[index - 1]! + 1;
  }

  argumentEnd(index: number): number {
    return this.#ends[index]!;
  }

  /** Bytes of an argument, without its NUL. */
  argumentLength(index: number): number {
    return this.argumentEnd(index) - this.argumentStart(index);
  }

  argument(index: number): ByteString {
    return byteStringFrom(this.buffer, this.argumentStart(index), this.argumentEnd(index));
  }

  /** The argument; `known` itself when it says the same. Peers repeat names, and a string costs more than a look. */
  argumentLike(index: number, known: ByteString): ByteString {
    const start = this.argumentStart(index);
    const end = this.argumentEnd(index);
    return sameBytes(known, this.buffer, start, end)
      ? known
      : byteStringFrom(this.buffer, start, end);
  }

  get bodyLength(): number {
    return this.bodyEnd - this.bodyStart;
  }

  get dataLength(): number {
    return this.bodyEnd - this.dataStart;
  }

  /** The opaque rest of the body as bytes that the caller may keep. */
  takeData(): Uint8Array {
    return this.ownsBuffer
      ? this.buffer.subarray(this.dataStart, this.bodyEnd)
      : copyOf(this.buffer, this.dataStart, this.bodyEnd);
  }

  /** The whole body as bytes that the caller may keep. */
  takeBody(): Uint8Array {
    return this.ownsBuffer
      ? this.buffer.subarray(this.bodyStart, this.bodyEnd)
      : copyOf(this.buffer, this.bodyStart, this.bodyEnd);
  }
}

/** Sockets may hand over a `Buffer`, whose own `slice` shares memory instead of copying. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}
