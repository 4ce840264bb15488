/**
 * Frames for the load generator: written once, repeated often. It does not use the product's own
 * encoder, so that a change there changes the server's figures only.
 */
import { Buffer } from "node:buffer";

export const HEADER_BYTES = 12;

/** Numbers of the packets that the generator and the responder speak. */
export const Type = {
  CAN_DO: 1,
  PRE_SLEEP: 4,
  NOOP: 6,
  SUBMIT_JOB: 7,
  JOB_CREATED: 8,
  GRAB_JOB: 9,
  NO_JOB: 10,
  JOB_ASSIGN: 11,
  WORK_COMPLETE: 13,
  ECHO_REQ: 16,
  ECHO_RES: 17,
  SUBMIT_JOB_BG: 18,
  ERROR: 19,
  JOB_ASSIGN_UNIQ: 31,
  GRAB_JOB_ALL: 39,
  JOB_ASSIGN_ALL: 40,
} as const;

const REQUEST = Buffer.from("\0REQ", "latin1");
const REPLY = Buffer.from("\0RES", "latin1");

export function requestFrame(type: number, body = ""): Buffer {
  return frame(REQUEST, type, body);
}

export function replyFrame(type: number, body = ""): Buffer {
  return frame(REPLY, type, body);
}

function frame(magic: Buffer, type: number, body: string): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + body.length);
  bytes.set(magic);
  bytes.writeUInt32BE(type, 4);
  bytes.writeUInt32BE(body.length, 8);
  bytes.write(body, HEADER_BYTES, "latin1");
  return bytes;
}

/** Walks over whole frames in a stream that arrives in pieces; keeps only a cut-off end. */
export class FrameWalker {
  #rest: Buffer | undefined;
  readonly #onFrame: (type: number, bytes: Buffer, bodyStart: number, end: number) => void;

  constructor(onFrame: (type: number, bytes: Buffer, bodyStart: number, end: number) => void) {
    this.#onFrame = onFrame;
  }

  feed(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    while (bytes.length - start >= HEADER_BYTES) {
      const end = start + HEADER_BYTES + bytes.readUInt32BE(start + 8);
      if (end > bytes.length) break;
      this.#onFrame(bytes[start + 7]!, bytes, start + HEADER_BYTES, end);
      start = end;
    }
    // A copy: the runtime may use the chunk's memory again.
    this.#rest = start === bytes.length ? undefined : Buffer.from(bytes.subarray(start));
  }
}
