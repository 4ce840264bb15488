import { type ByteString, byteStringFromText, PacketType } from "../../protocol/mod.ts";
import {
  bytesCodec,
  type Codec,
  deferred,
  encoded,
  functionBytes,
  GearmanError,
  LONGEST_TIMER_MS,
  pause,
  readServers,
  retryDelayMs,
  type ServerAddress,
  serverText,
} from "../wire/mod.ts";
import type { Assignment } from "./assignment.ts";
import { Slots } from "./slots.ts";
import { endByThrown } from "./thrown.ts";
import { WorkerJob } from "./worker_job.ts";
import { WorkerLink } from "./worker_link.ts";
import type {
  FunctionOptions,
  WorkerEvent,
  WorkerFunction,
  WorkerOptions,
} from "./worker_options.ts";

const DEFAULT_CONNECT_MS = 5000;

interface Offer<Data> {
  readonly name: ByteString;
  readonly run: WorkerFunction<Data>;
  readonly timeoutMs: number;
}

/** A job that is being done. */
interface Running {
  readonly link: WorkerLink;
  readonly functionName: ByteString;
  readonly abort: AbortController;
}

/**
 * Does jobs of one or several servers. Functions may be added and removed at any time. Lost
 * connections are restored with growing pauses (100 ms to 5 s).
 *
 * `Data` is what workloads and results are: `Uint8Array` by default, something else with a codec.
 */
export class GearmanWorker<Data = Uint8Array> {
  readonly #codec: Codec<Data>;
  readonly #options: WorkerOptions<Data>;
  readonly #servers: readonly ServerAddress[];
  readonly #offers = new Map<ByteString, Offer<Data>>();
  readonly #slots: Slots;
  readonly #links = new Set<WorkerLink>();
  /** Closed, but for what is still to be sent. */
  readonly #leaving = new Set<WorkerLink>();
  readonly #running = new Set<Running>();
  readonly #stopping = new AbortController();
  #serving: Promise<void> | undefined;

  /**
   * A worker that connects with `run`.
   * @throws {GearmanError} `INVALID_ARGUMENT` for an address that is none, an empty list, or TLS options
   * that cannot work
   */
  constructor(options: WorkerOptions<Data> = {}) {
    this.#servers = readServers(options.servers, options.tls);
    // Without a codec, Data is what the default codec takes.
    this.#codec = options.codec ?? (bytesCodec as Codec<unknown> as Codec<Data>);
    this.#options = options;
    this.#slots = new Slots(Math.max(1, Math.trunc(options.concurrency ?? 1) || 1));
  }

  /** Offers a function; one of the same name is replaced. @throws {GearmanError} `INVALID_ARGUMENT` */
  add(name: string, run: WorkerFunction<Data>, options: FunctionOptions = {}): this {
    const offer = { name: functionBytes(name), run, timeoutMs: checkedTimeout(options.timeoutMs) };
    this.#offers.set(offer.name, offer);
    for (const link of this.#links) link.register(offer);
    return this;
  }

  /** Offers a function no more. Servers give its running jobs to other workers; their signals abort. */
  remove(name: string): this {
    const bytes = functionBytes(name);
    if (!this.#offers.delete(bytes)) return this;
    for (const link of this.#links) link.unregister(bytes);
    for (const { functionName, abort } of this.#running) {
      if (functionName === bytes) abort.abort(new Error("The function was removed"));
    }
    return this;
  }

  /** Runs this many jobs at once from now on; 0 takes none. Those that run are finished. */
  setConcurrency(count: number): this {
    this.#slots.resize(Math.max(0, Math.trunc(count) || 0));
    return this;
  }

  /** Jobs that are being done. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * Works until `stop` is called or `signal` aborts (which stops with the default patience). Settles
   * when all is over. Connections that fail are tried again for ever; `onEvent` tells of them.
   */
  run(signal?: AbortSignal): Promise<void> {
    if (this.#stopping.signal.aborted) {
      return Promise.reject(new GearmanError("CLOSED", "The worker was stopped"));
    }
    if (signal?.aborted === true) return this.stop();
    signal?.addEventListener("abort", () => void this.stop(), { once: true });
    this.#serving ??= Promise.all(this.#servers.map((server) => this.#serve(server))).then(
      () => {},
    );
    return this.#serving;
  }

  /**
   * Takes no more jobs and settles when those that run are finished. After `patienceMs` (default: no
   * end) their signals are aborted and the connections closed: servers give the jobs to others.
   */
  async stop(patienceMs = Infinity): Promise<void> {
    this.#stopping.abort();
    for (const link of this.#links) link.stop();
    const done = this.#serving ?? Promise.resolve();
    if (patienceMs !== Infinity) {
      const impatient = new AbortController();
      await Promise.race([done, pause(patienceMs, impatient.signal)]);
      impatient.abort();
    } else {
      await done;
    }
    for (const { abort } of this.#running) abort.abort(new Error("The worker was stopped"));
    for (const link of this.#links) link.close();
    for (const link of this.#leaving) link.cut();
    await done;
  }

  /** `stop`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** One server, from connection to connection. */
  async #serve(address: ServerAddress): Promise<void> {
    const { signal } = this.#stopping;
    const server = serverText(address);
    let failures = 0;
    while (!signal.aborted) {
      const { promise: over, resolve: end } = deferred<GearmanError>();
      try {
        const link = await WorkerLink.open(
          address,
          { timeoutMs: this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_MS, signal },
          this.#slots,
          {
            assigned: (assignment, from) => void this.#do(assignment, from),
            refused: (text) => this.#tell({ kind: "refused", server, text }),
            lost: (cause, lost) => {
              this.#lost(lost);
              end(cause);
            },
          },
        );
        failures = 0;
        this.#links.add(link);
        this.#tell({ kind: "connected", server });
        link.start(byteStringFromText(this.#options.clientId ?? ""), this.#offers.values());
        if (signal.aborted) link.stop();
        const error = await over;
        // The last result may be on its way: the process is likely to end when the worker has.
        this.#leaving.add(link);
        await link.gone;
        this.#leaving.delete(link);
        if (!signal.aborted) this.#tell({ kind: "disconnected", server, error });
      } catch (error) {
        if (!(error instanceof GearmanError)) throw error;
        if (signal.aborted) return;
        if (failures === 0) this.#tell({ kind: "disconnected", server, error });
      }
      failures++;
      await pause(retryDelayMs(failures), signal);
    }
  }

  #lost(link: WorkerLink): void {
    this.#links.delete(link);
    for (const running of this.#running) {
      if (running.link === link) running.abort.abort(new Error("The connection was lost"));
    }
  }

  async #do(assignment: Assignment, link: WorkerLink): Promise<void> {
    const offer = this.#offers.get(assignment.functionName);
    // Removed while its job was on the way: the server has taken the job back.
    if (offer === undefined) return link.finished(undefined, assignment.handle, undefined);
    const abort = new AbortController();
    const running: Running = { link, abort, functionName: assignment.functionName };
    this.#running.add(running);
    const { timeoutMs } = offer;
    const timer = timeoutMs === 0 ? undefined : setTimeout(
      () => abort.abort(new Error(`The job was not done in ${timeoutMs} ms`)),
      // Servers do not count less than a second.
      Math.max(1000, timeoutMs),
    );
    const job = new WorkerJob(
      assignment,
      link.server,
      this.#codec,
      abort.signal,
      link,
    );
    let type: PacketType = PacketType.WORK_COMPLETE;
    let data: Uint8Array | undefined;
    try {
      const result = await offer.run(job);
      data = result === undefined ? new Uint8Array(0) : encoded(this.#codec, result as Data);
    } catch (error) {
      ({ type, data } = endByThrown(error));
      const { handle, functionName } = job;
      this.#tell({ kind: "job failed", server: link.server, handle, functionName, error });
    }
    clearTimeout(timer);
    this.#running.delete(running);
    link.finished(abort.signal.aborted ? undefined : type, assignment.handle, data);
  }

  /** What the listener throws is nobody's here: it is an uncaught error of the process. */
  #tell(event: WorkerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Whole milliseconds, as servers take them. */
function checkedTimeout(ms = 0): number {
  if (ms >= 0 && ms <= LONGEST_TIMER_MS) return Math.ceil(ms);
  throw new GearmanError(
    "INVALID_ARGUMENT",
    `Cannot use the time-out ${ms}: it is 0 to ${LONGEST_TIMER_MS} milliseconds, 0 for none`,
  );
}
