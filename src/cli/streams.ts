import type { Buffer } from "node:buffer";
import { writeSync } from "node:fs";
import process from "node:process";

/** Where a tool reads and writes. */
export interface ToolStreams {
  /** Writes all of it, waiting as long as the reader of the pipe needs. Throws `OutputClosedError`. */
  out(bytes: Uint8Array | string): void;
  error(bytes: Uint8Array | string): void;
  input(): AsyncIterable<Uint8Array>;
}

/** Nobody reads standard output any more, as behind `| head`: there is nothing left to do. */
export class OutputClosedError extends Error {
  constructor(cause: unknown) {
    super("Standard output is closed", { cause });
    this.name = "OutputClosedError";
  }
}

const STDOUT = 1;
const STDERR = 2;
/** Pause before a pipe that was full is tried again. Only where somebody made it non-blocking. */
const RETRY_MS = 5;

/**
 * The process's own streams. Writes are synchronous: what is written first stands first, also between the two
 * outputs, and a slow reader slows the tool down instead of filling its memory.
 */
export const PROCESS_STREAMS: ToolStreams = {
  out: (bytes) => {
    try {
      writeAll(STDOUT, bytes);
    } catch (cause) {
      throw new OutputClosedError(cause);
    }
  },
  error: (bytes) => {
    try {
      writeAll(STDERR, bytes);
    } catch {
      // There is no place left to say so.
    }
  },
  input: async function* () {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) yield chunk;
  },
};

/** For a tool in the background. */
export const NO_STREAMS: ToolStreams = {
  out: () => {},
  error: () => {},
  input: async function* () {},
};

function writeAll(descriptor: number, bytes: Uint8Array | string): void {
  let rest = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
