import { RefusedRequest } from "./http_problems.ts";
import { latin1From } from "./latin1.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DELETE = 0x7f;

/** A head that came in pieces is gathered in a buffer that starts at this size. */
const FIRST_BYTES = 1024;

/**
 * Gathers the head of one request after the other: everything up to the empty line. Each byte is
 * looked at once. Lines end with CR LF and nothing else (RFC 9112 section 2.2 lets a server take a
 * bare LF, but where a proxy in front of it does not, the two see different requests), and hold no
 * control characters.
 */
export class HeadReader {
  readonly #maxBytes: number;
  /** What earlier pieces brought; the first `#size` bytes count. */
  #gathered: Uint8Array | null = null;
  #size = 0;
  /** Bytes of the current line, without its end. */
  #lineLength = 0;
  #afterCR = false;
  #inRequestLine = true;
  /** The request line alone is longer than all may be. */
  #lineIsTooLong = false;
  #skippedLine = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True between two requests. */
  get isEmpty(): boolean {
    return this.#size === 0;
  }

  /**
   * Looks for the end of the head, from `at` on. Answers the position behind it, or -1 when it is not
   * there: then the bytes were taken. Throws a `RefusedRequest`.
   */
  read(bytes: Uint8Array, at: number): number {
    const end = this.#endOfHead(bytes, at);
    this.#checkSize(this.#size + (end < 0 ? bytes.length : end) - at);
    if (end < 0) this.#gather(bytes, at, bytes.length);
    return end;
  }

  /** The head whose last part is `bytes` from `at` to `end`, without the empty line. Then the next. */
  take(bytes: Uint8Array, at: number, end: number): string {
    let text: string;
    if (this.#gathered === null) {
      text = latin1From(bytes, at, end - 4);
    } else {
      this.#gather(bytes, at, end);
      text = latin1From(this.#gathered, 0, this.#size - 4);
      this.#gathered = null;
    }
    if (this.#skippedLine) text = text.slice(2);
    this.#size = 0;
    this.#inRequestLine = true;
    this.#lineIsTooLong = false;
    this.#skippedLine = false;
    return text;
  }

  #endOfHead(bytes: Uint8Array, at: number): number {
    let lineLength = this.#lineLength;
    let afterCR = this.#afterCR;
    for (let i = at; i < bytes.length; i++) {
      const byte = bytes[i]!;
      if (afterCR) {
        if (byte !== LF) throw refused("a line has a CR without an LF");
        afterCR = false;
        if (lineLength > 0) {
          if (this.#inRequestLine) this.#lineIsTooLong = lineLength > this.#maxBytes;
          lineLength = 0;
          this.#inRequestLine = false;
        } else if (!this.#inRequestLine) {
          this.#lineLength = 0;
          this.#afterCR = false;
          return i + 1;
        } else if (this.#skippedLine) {
          throw refused("it begins with empty lines");
        } else {
          // Some clients send one more line after a body (RFC 9112 section 2.2).
          this.#skippedLine = true;
        }
      } else if (byte === CR) {
        afterCR = true;
      } else if ((byte >= SPACE && byte !== DELETE) || byte === TAB) {
        lineLength++;
      } else {
        throw refused(byte === LF ? "a line ends without a CR" : "it has a control character");
      }
    }
    this.#lineLength = lineLength;
    this.#afterCR = afterCR;
    return -1;
  }

  #checkSize(size: number): void {
    if (size <= this.#maxBytes) return;
    throw this.#inRequestLine || this.#lineIsTooLong
      ? new RefusedRequest("uri-too-long", `The request line has more than ${this.#maxBytes} bytes`)
      : new RefusedRequest(
        "headers-too-large",
        `Request line and headers have more than ${this.#maxBytes} bytes`,
      );
  }

  #gather(bytes: Uint8Array, at: number, end: number): void {
    const size = this.#size + end - at;
    const before = this.#gathered;
    if (before === null || before.length < size) {
      this.#gathered = new Uint8Array(Math.max(FIRST_BYTES, size, 2 * (before?.length ?? 0)));
      if (before !== null) this.#gathered.set(before.subarray(0, this.#size));
    }
    this.#gathered!.set(bytes.subarray(at, end), this.#size);
    this.#size = size;
  }
}

function refused(why: string): RefusedRequest {
  return new RefusedRequest("invalid-request", `The request's head is not HTTP/1.1: ${why}`);
}
