import { type ByteString, byteStringFrom, writeByteString } from "../protocol/mod.ts";

/** Digits of the highest number that is exact. */
const MOST_DIGITS = 16;
const ZERO = 48;

/**
 * Makes handles: the prefix and a number. Joining two strings would leave the runtimes with a tree
 * of strings behind every handle; this makes each of one piece.
 */
export class HandleMint {
  readonly #bytes: Uint8Array;
  readonly #prefixLength: number;

  constructor(prefix: ByteString) {
    this.#bytes = new Uint8Array(prefix.length + MOST_DIGITS);
    this.#prefixLength = writeByteString(this.#bytes, 0, prefix);
  }

  /** The handle of a number from 1 to 2^53. */
  handle(number: number): ByteString {
    const bytes = this.#bytes;
    let end = this.#prefixLength;
    for (let rest = number; rest >= 1; rest = Math.floor(rest / 10)) end++;
    let rest = number;
    for (let at = end - 1; at >= this.#prefixLength; at--) {
      const tenth = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    return byteStringFrom(bytes, 0, end);
  }
}
