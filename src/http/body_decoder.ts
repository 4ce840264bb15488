import { RefusedRequest } from "./http_problems.ts";

/** Finds a body in the bytes of a connection. Pieces given to `sink` are only valid in the call. */
export interface BodyDecoder {
  /** The whole body, and what ends it, was read. */
  readonly isDone: boolean;
  /** Reads from `at` on; answers the position behind what was taken. Throws a `RefusedRequest`. */
  read(bytes: Uint8Array, at: number, sink: (piece: Uint8Array) => void): number;
}

/** A body whose length is known. */
export class SizedDecoder implements BodyDecoder {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  read(bytes: Uint8Array, at: number, sink: (piece: Uint8Array) => void): number {
    const end = Math.min(bytes.length, at + this.#left);
    if (end > at) sink(bytes.subarray(at, end));
    this.#left -= end - at;
    return end;
  }
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SEMICOLON = 0x3b;
const DELETE = 0x7f;

/** Sixteen times what any body may have; integers stay exact. */
const MOST_SIZE_DIGITS = 12;

type Place =
  | "size"
  | "extension"
  | "LF of size"
  | "data"
  | "CR of data"
  | "LF of data"
  | "trailer"
  | "LF of trailer"
  | "done";

/** A body in chunks (RFC 9112 section 7.1). Extensions and trailers are read and forgotten. */
export class ChunkedDecoder implements BodyDecoder {
  #place: Place = "size";
  #digits = 0;
  /** While in "size" what was read of it, then bytes of the chunk still to come. */
  #left = 0;
  /** Bytes of the current trailer line. */
  #lineLength = 0;
  /** Bytes of extensions and trailers that the peer may still send. */
  #spare: number;

  constructor(maxSpareBytes: number) {
    this.#spare = maxSpareBytes;
  }

  get isDone(): boolean {
    return this.#place === "done";
  }

  read(bytes: Uint8Array, at: number, sink: (piece: Uint8Array) => void): number {
    while (at < bytes.length && this.#place !== "done") {
      if (this.#place === "data") {
        const end = Math.min(bytes.length, at + this.#left);
        sink(bytes.subarray(at, end));
        this.#left -= end - at;
        if (this.#left === 0) this.#place = "CR of data";
        at = end;
      } else {
        this.#step(bytes[at++]!);
      }
    }
    return at;
  }

  #step(byte: number): void {
    switch (this.#place) {
      case "size":
        return this.#sizeByte(byte);
      case "extension":
        if (byte === CR) this.#place = "LF of size";
        else this.#spareByte(byte);
        return;
      case "LF of size":
        expect(byte, LF);
        this.#place = this.#left === 0 ? "trailer" : "data";
        return;
      case "CR of data":
        expect(byte, CR);
        this.#place = "LF of data";
        return;
      case "LF of data":
        expect(byte, LF);
        this.#place = "size";
        this.#digits = 0;
        return;
      case "trailer":
        if (byte === CR) return void (this.#place = "LF of trailer");
        this.#spareByte(byte);
        this.#lineLength++;
        return;
      case "LF of trailer":
        expect(byte, LF);
        this.#place = this.#lineLength === 0 ? "done" : "trailer";
        this.#lineLength = 0;
        return;
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MOST_SIZE_DIGITS) throw refused("the size of a chunk is too long");
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw refused("a chunk has no size");
    if (byte === CR) this.#place = "LF of size";
    else if (byte === SEMICOLON) this.#place = "extension";
    else throw refused("the size of a chunk is not hexadecimal");
  }

  #spareByte(byte: number): void {
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) {
      throw refused("a control character is outside of the chunks");
    }
    if (--this.#spare >= 0) return;
    throw new RefusedRequest("headers-too-large", "Trailers and chunk extensions are too large");
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function expect(byte: number, expected: number): void {
  if (byte !== expected) throw refused("a chunk does not end where its size says");
}

function refused(why: string): RefusedRequest {
  return new RefusedRequest(
    "invalid-request",
    `The body is not in chunks as HTTP/1.1 wants: ${why}`,
  );
}
