import { Buffer } from "node:buffer";
import type { Random } from "../support/mod.ts";

/** Up to this many bytes are sent one to three at a time, when that is chosen. */
const TINY_PIECES_BYTES = 200;

/** Sends requests one behind the other, cut in pieces that have nothing to do with packets. */
export async function sendSplit(
  send: (bytes: Uint8Array) => void,
  requests: readonly Uint8Array[],
  random: Random,
): Promise<void> {
  const bytes = Buffer.concat(requests);
  const draw = random.below(10);
  let at = 0;
  while (at < bytes.length) {
    const length = draw < 6
      ? bytes.length
      : draw < 9
      ? random.between(1, Math.max(1, bytes.length >> 1))
      : at < TINY_PIECES_BYTES
      ? random.between(1, 3)
      : bytes.length;
    send(bytes.subarray(at, at + length));
    at += length;
    // Lets what was written go out as a piece of its own.
    if (at < bytes.length) await turn();
  }
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
