import { AdminError } from "./admin_error.ts";

/** How a reply ends: `line` with its first line, `list` with a line that is a dot (admin section 2). */
export type ReplyForm = "line" | "list";

/** A hundred million functions would fit. */
const LONGEST_REPLY = 4 * 1024 * 1024 * 1024;
const LF = 10;
const CR = 13;
const DOT = 46;

/**
 * Gathers one reply. An error (`ERR …`, ended by CR LF) ends a list at once. Bytes are kept as they came.
 */
export class ReplyReader {
  readonly #form: ReplyForm;
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  /** The last three bytes. */
  #tail: number[] = [];

  constructor(form: ReplyForm) {
    this.#form = form;
  }

  /** Takes what came in; answers the reply once it is whole. Throws `AdminError` `TOO_LONG`. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    this.#pieces.push(bytes.slice());
    this.#length += bytes.length;
    if (this.#length > LONGEST_REPLY) {
      throw new AdminError("TOO_LONG", `The reply is longer than ${LONGEST_REPLY} bytes`);
    }
    this.#tail = [...this.#tail, ...bytes.slice(-3)].slice(-3);
    return this.#isWhole() ? this.#joined() : undefined;
  }

  #isWhole(): boolean {
    const [third, second, last] = [this.#tail.at(-3), this.#tail.at(-2), this.#tail.at(-1)];
    if (last !== LF) return false;
    if (this.#form === "line") return true;
    // A unique ID may be a dot: only a dot with nothing behind it ends the list.
    if (second === DOT && (third === LF || third === undefined)) return true;
    return second === CR && this.#length < LONGEST_ERROR && isError(this.#joined());
  }

  #joined(): Uint8Array {
    if (this.#pieces.length > 1) {
      const all = new Uint8Array(this.#length);
      let at = 0;
      for (const piece of this.#pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      this.#pieces.splice(0, this.#pieces.length, all);
    }
    return this.#pieces[0] ?? new Uint8Array(0);
  }
}

/** More than the text of an error has. */
const LONGEST_ERROR = 16_384;

function isError(reply: Uint8Array): boolean {
  return String.fromCharCode(...reply.subarray(0, 4)) === "ERR " &&
    reply.indexOf(LF) === reply.length - 1;
}
