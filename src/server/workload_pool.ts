import type { Packet } from "../protocol/mod.ts";

/** Workloads share memory in pieces of this size: a job that stays alone keeps no more than that. */
const PIECE_BYTES = 4 * 1024;
/** Larger workloads get memory of their own. */
const LARGEST_SHARED = 1024;
/** Below this, a loop is faster than setting up a subarray to copy from. */
const LOOP_BYTES = 48;

/**
 * Memory for the workloads of waiting jobs. An array with memory of its own costs the runtimes some
 * 300 bytes beside its content, much more than a typical workload; small ones therefore share.
 */
export class WorkloadPool {
  #piece = new Uint8Array(PIECE_BYTES);
  #used = 0;

  /** A packet's data, to be kept beyond the packet. */
  take(packet: Packet): Uint8Array {
    const size = packet.dataLength;
    if (size > LARGEST_SHARED) return packet.takeData();
    if (this.#used + size > PIECE_BYTES) {
      this.#piece = new Uint8Array(PIECE_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += size;
    const { buffer, dataStart, bodyEnd } = packet;
    if (size > LOOP_BYTES) {
      this.#piece.set(buffer.subarray(dataStart, bodyEnd), start);
    } else {
      for (let i = 0; i < size; i++) this.#piece[start + i] = buffer[dataStart + i]!;
    }
    return this.#piece.subarray(start, start + size);
  }
}
