import type { Job, Limits } from "../core/mod.ts";
import { joinBytes, type Packet } from "../protocol/mod.ts";

interface Pieces {
  readonly list: Uint8Array[];
  bytes: number;
  readonly dropped: boolean;
}

/** A result as it is kept. */
export interface CollectedResult {
  readonly result: Uint8Array;
  /** It was longer than what is kept: `result` is empty then. */
  readonly resultDropped: boolean;
}

const NOTHING = new Uint8Array(0);

/**
 * Joins what a worker sends of a result, WORK_DATA and the final data, within the bounds for one
 * result and for all that are being collected. A job that comes back begins anew.
 */
export class ResultCollector {
  readonly #limits: Limits;
  readonly #pieces = new Map<Job, Pieces>();
  #bytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** A WORK_DATA of the job. */
  add(job: Job, packet: Packet): void {
    let pieces = this.#pieces.get(job);
    if (pieces === undefined) {
      this.#pieces.set(job, pieces = { list: [], bytes: 0, dropped: false });
    }
    if (pieces.dropped) return;
    const size = packet.dataLength;
    const { maxResultBytes, maxOutcomeBytes } = this.#limits;
    if (pieces.bytes + size > maxResultBytes || this.#bytes + size > maxOutcomeBytes) {
      this.#bytes -= pieces.bytes;
      this.#pieces.set(job, { list: [], bytes: 0, dropped: true });
      return;
    }
    pieces.list.push(packet.takeData());
    pieces.bytes += size;
    this.#bytes += size;
  }

  /** Forgets what came of a job. */
  forget(job: Job): void {
    const pieces = this.#pieces.get(job);
    if (pieces === undefined) return;
    this.#bytes -= pieces.bytes;
    this.#pieces.delete(job);
  }

  /** The whole result: what was collected and the packet's data. The job is forgotten. */
  finish(job: Job, packet: Packet): CollectedResult {
    const pieces = this.#pieces.get(job);
    this.forget(job);
    if (pieces?.dropped === true) return { result: NOTHING, resultDropped: true };
    const before = pieces?.bytes ?? 0;
    if (before + packet.dataLength > this.#limits.maxResultBytes) {
      return { result: NOTHING, resultDropped: true };
    }
    const last = packet.takeData();
    if (pieces === undefined) return { result: last, resultDropped: false };
    const result = joinBytes([...pieces.list, last], before + last.length);
    return { result, resultDropped: false };
  }
}
