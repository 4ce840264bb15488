import { type Codec, deferred, GearmanError, JobExceptionError } from "../wire/mod.ts";
import type { JobListener } from "./link.ts";

/** What a worker reports while it runs a job. */
export type JobUpdate<Data> =
  | { readonly kind: "data"; readonly data: Data }
  | { readonly kind: "warning"; readonly data: Data }
  | { readonly kind: "status"; readonly numerator: number; readonly denominator: number };

/** Called as things happen, in order; what they throw fails the job's promise. */
export interface JobCallbacks<Data> {
  /** The server has the job. */
  onCreated?(handle: string): void;
  /** A piece of data (WORK_DATA). */
  onData?(data: Data): void;
  /** A warning (WORK_WARNING). */
  onWarning?(data: Data): void;
  /** Progress (WORK_STATUS). */
  onStatus?(numerator: number, denominator: number): void;
  /** The result (WORK_COMPLETE). */
  onComplete?(result: Data): void;
  /** The worker's exception (WORK_EXCEPTION), as its bytes. */
  onException?(data: Uint8Array): void;
  /** The job failed (WORK_FAIL). */
  onFail?(): void;
}

/** Updates kept for a reader who has not read them yet: count, and bytes. */
const MOST_UPDATES = 100_000;
const MOST_UPDATE_BYTES = 64 * 1024 * 1024;

type Step<Data> = { update: JobUpdate<Data>; bytes: number };

/**
 * A foreground job on its way. Awaited, it is the result: what the worker sent with WORK_COMPLETE.
 * Iterated, it is what the worker sends before: pieces of data, warnings and progress, from the
 * start of the iteration's buffer on; the iteration throws what the promise rejects with.
 *
 * The promise rejects with a `GearmanError`: `JOB_FAILED`, `JOB_EXCEPTION`, `CONNECTION_LOST`,
 * `CONNECT_FAILED`, `QUEUE_FULL`, `QUEUE_REFUSED`, `SERVER_ERROR`, `TIMEOUT`, `ABORTED`, `CLOSED`;
 * or with what the codec or a callback threw. A rejection that nobody looks at is not an error of
 * the process.
 */
export class RunningJob<Data> implements PromiseLike<Data>, AsyncIterable<JobUpdate<Data>> {
  /** Name of the function. */
  readonly functionName: string;
  /** The result, as `await` of the job itself gives it. */
  readonly result: Promise<Data>;
  /** The handle, once the server has the job. Rejects like `result`. */
  readonly created: Promise<string>;
  #steps: Step<Data>[] = [];
  /** Steps at the front that were read already. */
  #read = 0;
  #bytes = 0;
  #overflow = false;
  #handle: string | undefined;
  #server: string | undefined;
  #over: { error: unknown } | "completed" | undefined;
  #wakeReader: (() => void) | undefined;

  /** Jobs are made by `GearmanClient`. */
  constructor(
    functionName: string,
    codec: Codec<Data>,
    callbacks: JobCallbacks<Data>,
    start: (listener: JobListener) => void,
  ) {
    this.functionName = functionName;
    const created = deferred<string>();
    const result = deferred<Data>();
    this.created = created.promise;
    this.result = result.promise;
    const fail = (error: unknown) => {
      if (this.#over !== undefined) return;
      this.#over = { error };
      created.reject(error);
      result.reject(error);
      this.#wakeReader?.();
    };
    const guarded = (step: () => void) => {
      if (this.#over !== undefined) return;
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    start({
      functionName,
      foreground: true,
      created: (handle, server) =>
        guarded(() => {
          this.#handle = handle;
          this.#server = server;
          created.resolve(handle);
          callbacks.onCreated?.(handle);
        }),
      data: (bytes) =>
        guarded(() => {
          const data = codec.decode(bytes);
          this.#add({ kind: "data", data }, bytes.length);
          callbacks.onData?.(data);
        }),
      warning: (bytes) =>
        guarded(() => {
          const data = codec.decode(bytes);
          this.#add({ kind: "warning", data }, bytes.length);
          callbacks.onWarning?.(data);
        }),
      status: (numerator, denominator) =>
        guarded(() => {
          this.#add({ kind: "status", numerator, denominator }, 0);
          callbacks.onStatus?.(numerator, denominator);
        }),
      completed: (bytes) =>
        guarded(() => {
          const data = codec.decode(bytes);
          callbacks.onComplete?.(data);
          this.#over = "completed";
          result.resolve(data);
          this.#wakeReader?.();
        }),
      failed: (error) =>
        guarded(() => {
          if (error.code === "JOB_FAILED") callbacks.onFail?.();
          if (error instanceof JobExceptionError) callbacks.onException?.(error.data);
          fail(error);
        }),
    });
  }

  /** The handle; undefined until the server has the job. */
  get handle(): string | undefined {
    return this.#handle;
  }

  /** `host:port` of the server that has the job. */
  get server(): string | undefined {
    return this.#server;
  }

  /** Makes the job awaitable. */
  then<Fulfilled = Data, Rejected = never>(
    onFulfilled?: ((value: Data) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.result.then(onFulfilled, onRejected);
  }

  /**
   * Updates in order until the job is over. Meant for one reader. Throws `STREAM_OVERFLOW` when more
   * came than is kept (100,000 updates, 64 MiB), after those that were kept.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<JobUpdate<Data>, void, undefined> {
    for (;;) {
      for (let step = this.#take(); step !== undefined; step = this.#take()) yield step;
      if (this.#overflow) {
        throw new GearmanError("STREAM_OVERFLOW", "More updates came than are kept unread");
      }
      if (this.#over === "completed") return;
      if (this.#over !== undefined) throw this.#over.error;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
  }

  #take(): JobUpdate<Data> | undefined {
    const step = this.#steps[this.#read];
    if (step === undefined) {
      this.#steps = [];
      this.#read = 0;
      return undefined;
    }
    this.#read++;
    this.#bytes -= step.bytes;
    return step.update;
  }

  #add(update: JobUpdate<Data>, bytes: number): void {
    if (this.#overflow) return;
    if (this.#steps.length >= MOST_UPDATES || this.#bytes + bytes > MOST_UPDATE_BYTES) {
      this.#overflow = true;
    } else {
      this.#steps.push({ update, bytes });
      this.#bytes += bytes;
    }
    this.#wakeReader?.();
  }
}
