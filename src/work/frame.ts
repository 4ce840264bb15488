/**
 * What a program of a pool and `cogd work` say to each other (docs/work.md): a line of JSON, and behind it
 * as many bytes as its field `bytes` says.
 */
import type { Job } from "./runner.ts";

/** What a program of a pool says. */
export type Reply =
  | { readonly type: "ready" }
  | { readonly type: "status"; readonly numerator: number; readonly denominator: number }
  | {
    readonly type: "data" | "warning" | "complete" | "fail" | "exception";
    readonly data: Uint8Array;
  };

/** It said something else. */
export class FrameError extends Error {
  readonly code = "BAD_FRAME";
  constructor(message: string) {
    super(message);
    this.name = "FrameError";
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Longest line of a program. */
const MAX_LINE_BYTES = 8192;
const LINE_FEED = 10;
const WITH_BYTES = ["data", "warning", "complete", "fail", "exception"] as const;

/** A job as it is sent to a program of a pool. */
export function jobFrame(
  { handle, functionName, unique, workload }: Pick<
    Job,
    "handle" | "functionName" | "unique" | "workload"
  >,
): Uint8Array {
  const line = encoder.encode(
    `${JSON.stringify({ handle, function: functionName, unique, bytes: workload.length })}\n`,
  );
  const frame = new Uint8Array(line.length + workload.length);
  frame.set(line);
  frame.set(workload, line.length);
  return frame;
}

/** Cuts what a program writes into replies, however it comes. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #reply: (reply: Reply) => void;
  #line = new Uint8Array(0);
  /** The reply whose bytes are coming. */
  #open: { type: (typeof WITH_BYTES)[number]; data: Uint8Array; filled: number } | undefined;

  /** `maxBytes` bounds the bytes of one reply. */
  constructor(maxBytes: number, reply: (reply: Reply) => void) {
    this.#maxBytes = maxBytes;
    this.#reply = reply;
  }

  /** Throws `FrameError`; nothing can be read after that. */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      rest = this.#open === undefined ? this.#header(rest) : this.#body(rest);
    }
  }

  #body(bytes: Uint8Array): Uint8Array {
    const open = this.#open!;
    const piece = bytes.subarray(0, open.data.length - open.filled);
    open.data.set(piece, open.filled);
    open.filled += piece.length;
    this.#finish();
    return bytes.subarray(piece.length);
  }

  #header(bytes: Uint8Array): Uint8Array {
    const end = bytes.indexOf(LINE_FEED);
    const piece = end < 0 ? bytes : bytes.subarray(0, end);
    if (this.#line.length + piece.length > MAX_LINE_BYTES) {
      throw new FrameError(`a line longer than ${MAX_LINE_BYTES} bytes`);
    }
    const line = new Uint8Array(this.#line.length + piece.length);
    line.set(this.#line);
    line.set(piece, this.#line.length);
    this.#line = line;
    if (end < 0) return new Uint8Array(0);
    this.#line = new Uint8Array(0);
    this.#read(decoder.decode(line));
    return bytes.subarray(end + 1);
  }

  #read(line: string): void {
    const { type, bytes = 0, numerator, denominator } = fieldsOf(line);
    if (type === "ready") return this.#reply({ type });
    if (type === "status") {
      if (isCount(numerator) && isCount(denominator)) {
        return this.#reply({ type, numerator, denominator });
      }
      throw new FrameError(`a status without numbers: ${line}`);
    }
    const withBytes = WITH_BYTES.find((each) => each === type);
    if (withBytes === undefined) throw new FrameError(`no reply: ${line}`);
    if (!isCount(bytes) || bytes > this.#maxBytes) {
      throw new FrameError(`more than ${this.#maxBytes} bytes, or no number of them: ${line}`);
    }
    this.#open = { type: withBytes, data: new Uint8Array(bytes), filled: 0 };
    this.#finish();
  }

  #finish(): void {
    const open = this.#open;
    if (open === undefined || open.filled < open.data.length) return;
    this.#open = undefined;
    this.#reply({ type: open.type, data: open.data });
  }
}

function fieldsOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new FrameError(`a line that is no JSON object: ${line.slice(0, 200)}`);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 &&
    value <= 0xffffffff;
}
