import { bytesOf, type PacketContent, PacketType, textOf } from "../../protocol/mod.ts";
import { type Codec, encoded } from "../wire/mod.ts";
import type { Assignment } from "./assignment.ts";

/** How a job's packets reach its server. */
export interface JobChannel {
  send(type: PacketType, content: PacketContent): void;
  /** Settles when what was sent has left this process, up to a rest, or nothing more can be sent. */
  drained(): Promise<void>;
}

/** Thrown by a function to end its job with WORK_FAIL: a failure without words. */
export class JobFailure extends Error {
  /** A failure; the text is for the worker's own log, clients are not told it. */
  constructor(text = "The job failed", options?: ErrorOptions) {
    super(text, options);
    this.name = "JobFailure";
  }
}

/**
 * A job in the hands of a worker function. What is sent after the job's signal was aborted goes
 * nowhere.
 */
export class WorkerJob<Data> {
  /** Handle, as the client knows it. */
  readonly handle: string;
  /** Name of the function. */
  readonly functionName: string;
  /** The client's unique ID; empty when it gave none. */
  readonly unique: string;
  /** Reducer of a reduce job; empty for others. */
  readonly reducer: string;
  /** The workload's bytes. */
  readonly workload: Uint8Array;
  /** `host:port` of the server that the job came from. */
  readonly server: string;
  /**
   * Aborted when the result cannot reach the server any more (the connection was lost, or the time
   * for the function is over: the server gives the job to another worker then), and when the worker
   * is stopped without patience.
   */
  readonly signal: AbortSignal;
  readonly #codec: Codec<Data>;
  readonly #handleBytes: Uint8Array;
  readonly #channel: JobChannel;

  /** Jobs are made by `GearmanWorker`. */
  constructor(
    assignment: Assignment,
    server: string,
    codec: Codec<Data>,
    signal: AbortSignal,
    channel: JobChannel,
  ) {
    this.handle = textOf(assignment.handle);
    this.functionName = textOf(assignment.functionName);
    this.unique = textOf(assignment.unique);
    this.reducer = textOf(assignment.reducer);
    this.workload = assignment.workload;
    this.server = server;
    this.signal = signal;
    this.#codec = codec;
    this.#handleBytes = bytesOf(assignment.handle);
    this.#channel = channel;
  }

  /** The workload as the codec reads it. Throws what the codec throws. */
  get data(): Data {
    return this.#codec.decode(this.workload);
  }

  /** Sends a piece of the result to those who wait (WORK_DATA). */
  sendData(data: Data): void {
    this.#report(PacketType.WORK_DATA, encoded(this.#codec, data));
  }

  /** Sends a warning (WORK_WARNING). */
  sendWarning(data: Data): void {
    this.#report(PacketType.WORK_WARNING, encoded(this.#codec, data));
  }

  /** Reports progress (WORK_STATUS): whole numbers from 0 to 4,294,967,295. */
  sendStatus(numerator: number, denominator: number): void {
    if (this.signal.aborted) return;
    this.#channel.send(PacketType.WORK_STATUS, {
      args: [this.#handleBytes, `${numerator >>> 0}`, `${denominator >>> 0}`],
    });
  }

  /**
   * Settles when all that was sent, but for at most 1 MiB, has left this process, or when the job's signal
   * aborts. To be awaited by functions that send much: what a slow server has not taken is in memory.
   */
  async drained(): Promise<void> {
    if (this.signal.aborted) return;
    let aborted = () => {};
    const abort = new Promise<void>((resolve) => aborted = resolve);
    this.signal.addEventListener("abort", aborted);
    await Promise.race([this.#channel.drained(), abort]);
    this.signal.removeEventListener("abort", aborted);
  }

  #report(type: PacketType, data: Uint8Array): void {
    if (!this.signal.aborted) this.#channel.send(type, { args: [this.#handleBytes], data });
  }
}
