import type { JobOptions } from "./client_options.ts";
import type { RunningJob } from "./running_job.ts";

/** What a task set needs of a client. */
interface Submitter<Data> {
  do(functionName: string, data: Data, options: JobOptions<Data>): RunningJob<Data>;
}

/** One job of a task set: what it was, and how it ended. */
export interface TaskOutcome<Data> {
  /** Name of the function. */
  readonly functionName: string;
  /** The job itself: its handle, its updates. */
  readonly job: RunningJob<Data>;
  /** The result, when it was done. */
  readonly result?: Data;
  /** Why it was not: as the promise of the job rejected. */
  readonly error?: unknown;
}

/** Called for each job of the set, with the position of the job in the set (from 0). */
export interface TaskSetCallbacks<Data> {
  /** The server has the job. */
  onCreated?(task: number, handle: string): void;
  /** A piece of data. */
  onData?(task: number, data: Data): void;
  /** A warning. */
  onWarning?(task: number, data: Data): void;
  /** Progress. */
  onStatus?(task: number, numerator: number, denominator: number): void;
  /** The result. */
  onComplete?(task: number, result: Data): void;
  /** The worker's exception, as its bytes. */
  onException?(task: number, data: Uint8Array): void;
  /** The job failed. */
  onFail?(task: number): void;
}

/** How a task set is run. */
export interface TaskSetOptions<Data> extends TaskSetCallbacks<Data> {
  /** Jobs under way at once; default: all. */
  readonly concurrency?: number;
  /** Gives up what is not done: those jobs end with `ABORTED`. */
  readonly signal?: AbortSignal;
}

interface Planned<Data> {
  readonly functionName: string;
  readonly data: Data;
  readonly options: JobOptions<Data>;
}

/** Jobs that are submitted together and run in parallel. */
export class TaskSet<Data> {
  readonly #client: Submitter<Data>;
  readonly #planned: Planned<Data>[] = [];

  /** Sets are made by `GearmanClient.taskSet`. */
  constructor(client: Submitter<Data>) {
    this.#client = client;
  }

  /** Adds a job; its own callbacks are called before those of the set. Nothing is sent yet. */
  add(functionName: string, data: Data, options: JobOptions<Data> = {}): this {
    this.#planned.push({ functionName, data, options });
    return this;
  }

  /** Jobs added. */
  get size(): number {
    return this.#planned.length;
  }

  /**
   * Runs all jobs and answers how each ended, in the order in which they were added. Never rejects
   * because of a job. The set may be run again.
   */
  async run(options: TaskSetOptions<Data> = {}): Promise<TaskOutcome<Data>[]> {
    const outcomes: TaskOutcome<Data>[] = [];
    const most = Math.max(1, Math.trunc(options.concurrency ?? this.#planned.length) || 1);
    let next = 0;
    const runSome = async () => {
      for (let at = next++; at < this.#planned.length; at = next++) {
        outcomes[at] = await this.#runOne(at, options);
      }
    };
    await Promise.all(Array.from({ length: Math.min(most, this.#planned.length) }, runSome));
    return outcomes;
  }

  async #runOne(at: number, set: TaskSetOptions<Data>): Promise<TaskOutcome<Data>> {
    const { functionName, data, options } = this.#planned[at]!;
    const job = this.#client.do(functionName, data, {
      ...options,
      ...signalOf(options.signal, set.signal),
      onCreated: (handle) => {
        options.onCreated?.(handle);
        set.onCreated?.(at, handle);
      },
      onData: (piece) => {
        options.onData?.(piece);
        set.onData?.(at, piece);
      },
      onWarning: (piece) => {
        options.onWarning?.(piece);
        set.onWarning?.(at, piece);
      },
      onStatus: (numerator, denominator) => {
        options.onStatus?.(numerator, denominator);
        set.onStatus?.(at, numerator, denominator);
      },
      onComplete: (result) => {
        options.onComplete?.(result);
        set.onComplete?.(at, result);
      },
      onException: (bytes) => {
        options.onException?.(bytes);
        set.onException?.(at, bytes);
      },
      onFail: () => {
        options.onFail?.();
        set.onFail?.(at);
      },
    });
    try {
      return { functionName, job, result: await job };
    } catch (error) {
      return { functionName, job, error };
    }
  }
}

function signalOf(
  own: AbortSignal | undefined,
  shared: AbortSignal | undefined,
): { signal?: AbortSignal } {
  if (own !== undefined && shared !== undefined) return { signal: AbortSignal.any([own, shared]) };
  const signal = own ?? shared;
  return signal === undefined ? {} : { signal };
}
