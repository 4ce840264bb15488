import { byteStringFromText, type PacketContent, PacketType } from "../../protocol/mod.ts";
import {
  bytesCodec,
  type Codec,
  deferred,
  encoded,
  GearmanError,
  readServers,
  uniqueBytes,
} from "../wire/mod.ts";
import { type Bounds, watchBounds } from "./bounds.ts";
import type {
  BackgroundJob,
  BackgroundOptions,
  ClientOptions,
  JobOptions,
  RequestOptions,
} from "./client_options.ts";
import { type JobStatus, statusFrom } from "./job_status.ts";
import { LinkPool } from "./link_pool.ts";
import type { ClientLink, JobListener } from "./link.ts";
import { RunningJob } from "./running_job.ts";
import { type Submission, submissionPacket } from "./submission.ts";
import { TaskSet } from "./task_set.ts";

const DEFAULT_CONNECT_MS = 5000;
const DEFAULT_REQUEST_MS = 60_000;

/** What all views of one client share. */
interface Shared {
  readonly links: LinkPool;
  readonly requestMs: number;
}

/**
 * Submits jobs to one of several job servers. Many jobs may be under way on the one connection.
 * Connects when it is first used; an open client keeps the process alive until `close`.
 *
 * `Data` is what workloads and results are: `Uint8Array` by default, something else with a codec.
 */
export class GearmanClient<Data = Uint8Array> {
  readonly #codec: Codec<Data>;
  #shared: Shared;

  /**
   * A client that connects when it is first used.
   * @throws {GearmanError} `INVALID_ARGUMENT` for an address that is none, an empty list, or TLS options
   * that cannot work
   */
  constructor(options: ClientOptions<Data> = {}) {
    const servers = readServers(options.servers, options.tls);
    // Without a codec, Data is what the default codec takes.
    this.#codec = options.codec ?? (bytesCodec as Codec<unknown> as Codec<Data>);
    this.#shared = {
      links: new LinkPool(servers, options.connectTimeoutMs ?? DEFAULT_CONNECT_MS),
      requestMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_MS,
    };
  }

  /** The same client, on the same connections, with another codec. */
  with<Other>(codec: Codec<Other>): GearmanClient<Other> {
    const view = new GearmanClient<Other>({ codec });
    view.#shared = this.#shared;
    return view;
  }

  // Foreground jobs

  /**
   * Submits a job and follows it: see `RunningJob` for what can be awaited and how it fails.
   * @throws {GearmanError} `INVALID_ARGUMENT` at once, for a name or unique ID that cannot be sent
   */
  do(functionName: string, data: Data, options: JobOptions<Data> = {}): RunningJob<Data> {
    return this.#run(functionName, data, options, {});
  }

  /** `do` at high priority. */
  doHigh(functionName: string, data: Data, options: JobOptions<Data> = {}): RunningJob<Data> {
    return this.#run(functionName, data, { ...options, priority: "high" }, {});
  }

  /** `do` at low priority. */
  doLow(functionName: string, data: Data, options: JobOptions<Data> = {}): RunningJob<Data> {
    return this.#run(functionName, data, { ...options, priority: "low" }, {});
  }

  /** A reduce job (SUBMIT_REDUCE_JOB): its worker learns the name of the reducer. */
  doReduce(
    functionName: string,
    reducer: string,
    data: Data,
    options: JobOptions<Data> = {},
  ): RunningJob<Data> {
    return this.#run(functionName, data, options, { reducer });
  }

  // Background jobs

  /**
   * Hands a job over. Settles when the server has acknowledged it: with a durable queue it is safe then.
   * @throws {GearmanError} `CONNECTION_LOST` (the server may have it: a unique ID makes a repetition
   * harmless while it lives), `QUEUE_FULL`, `QUEUE_REFUSED`, `CONNECT_FAILED`, `TIMEOUT`, `ABORTED`, …
   */
  doBackground(
    functionName: string,
    data: Data,
    options: BackgroundOptions = {},
  ): Promise<BackgroundJob> {
    return this.#handOver(functionName, data, options, {});
  }

  /** `doBackground` at high priority. */
  doHighBackground(
    functionName: string,
    data: Data,
    options: BackgroundOptions = {},
  ): Promise<BackgroundJob> {
    return this.#handOver(functionName, data, { ...options, priority: "high" }, {});
  }

  /** `doBackground` at low priority. */
  doLowBackground(
    functionName: string,
    data: Data,
    options: BackgroundOptions = {},
  ): Promise<BackgroundJob> {
    return this.#handOver(functionName, data, { ...options, priority: "low" }, {});
  }

  /** A background job that runs no sooner than `when`: a time, or seconds since 1970. */
  doAt(
    functionName: string,
    data: Data,
    when: Date | number,
    options: BackgroundOptions = {},
  ): Promise<BackgroundJob> {
    const notBefore = typeof when === "number" ? when : Math.ceil(when.getTime() / 1000);
    return this.#handOver(functionName, data, options, { notBefore });
  }

  /** A reduce job in the background. */
  doReduceBackground(
    functionName: string,
    reducer: string,
    data: Data,
    options: BackgroundOptions = {},
  ): Promise<BackgroundJob> {
    return this.#handOver(functionName, data, options, { reducer });
  }

  /** An empty set of jobs to be run together. */
  taskSet(): TaskSet<Data> {
    return new TaskSet(this);
  }

  // Questions

  /**
   * What the job's server knows of it. A bare handle is looked up on each server of the list until one
   * knows it. @throws {GearmanError} when a server that had to be asked could not be
   */
  async status(job: BackgroundJob | string, options: RequestOptions = {}): Promise<JobStatus> {
    const handle = byteStringFromText(typeof job === "string" ? job : job.handle);
    const servers = typeof job === "string" ? this.servers : [job.server];
    return await this.#firstKnown(servers, options, "status of a job", {
      type: PacketType.GET_STATUS,
      content: { args: [handle] },
      expected: PacketType.STATUS_RES,
    });
  }

  /** What a server knows of the job with a unique ID, of any function. */
  async statusByUnique(unique: string, options: RequestOptions = {}): Promise<JobStatus> {
    return await this.#firstKnown(this.servers, options, "status of a job", {
      type: PacketType.GET_STATUS_UNIQUE,
      content: { args: [uniqueBytes(unique)] },
      expected: PacketType.STATUS_RES_UNIQUE,
    });
  }

  /** Sends data and receives it back: shows that a server lives. */
  async echo(data: Data, options: RequestOptions = {}): Promise<Data> {
    const bytes = encoded(this.#codec, data);
    const { data: answer } = await this.#bounded(
      options,
      "An echo",
      async () =>
        (await this.#shared.links.choose()).ask(
          { type: PacketType.ECHO_REQ, content: { data: bytes } },
          PacketType.ECHO_RES,
        ),
    );
    return this.#codec.decode(answer);
  }

  /** `host:port` of all servers, in the order in which they are tried. */
  get servers(): string[] {
    return this.#shared.links.servers;
  }

  /** Closes all connections, of all views. What is under way rejects with `CLOSED`. */
  close(): void {
    this.#shared.links.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #run(
    functionName: string,
    data: Data,
    options: JobOptions<Data>,
    kind: Pick<Submission, "reducer">,
  ): RunningJob<Data> {
    const packet = submissionPacket({
      ...this.#submission(functionName, data, options),
      ...kind,
      background: false,
    });
    return new RunningJob(functionName, this.#codec, options, (listener) => {
      const unwatch = watchBounds(options, `Job of "${functionName}"`, (error) => {
        listener.failed(error);
      });
      this.#send(packet, {
        ...listener,
        completed: (bytes) => {
          unwatch();
          listener.completed(bytes);
        },
        failed: (error) => {
          unwatch();
          listener.failed(error);
        },
      });
    });
  }

  async #handOver(
    functionName: string,
    data: Data,
    options: BackgroundOptions,
    kind: Pick<Submission, "reducer" | "notBefore">,
  ): Promise<BackgroundJob> {
    const packet = submissionPacket({
      ...this.#submission(functionName, data, options),
      ...kind,
      background: true,
    });
    return await this.#bounded(options, `A job of "${functionName}"`, () => {
      const { promise, resolve, reject } = deferred<BackgroundJob>();
      this.#send(packet, {
        functionName,
        foreground: false,
        created: (handle, server) => resolve({ handle, server }),
        data: ignore,
        warning: ignore,
        status: ignore,
        completed: ignore,
        failed: reject,
      });
      return promise;
    });
  }

  #submission(
    functionName: string,
    data: Data,
    options: BackgroundOptions,
  ): Omit<Submission, "background"> {
    return {
      functionName,
      workload: encoded(this.#codec, data),
      unique: options.unique ?? "",
      priority: options.priority ?? "normal",
    };
  }

  /** At once when a connection is open, so that jobs leave in the order of the calls. */
  #send(packet: ReturnType<typeof submissionPacket>, listener: JobListener): void {
    const { links } = this.#shared;
    if (links.isClosed) {
      listener.failed(new GearmanError("CLOSED", "The client was closed"));
    } else if (links.current !== undefined) {
      links.current.submit(packet, listener);
    } else {
      links.choose().then((link) => link.submit(packet, listener)).catch(listener.failed);
    }
  }

  async #firstKnown(
    servers: readonly string[],
    options: RequestOptions,
    what: string,
    question: { type: PacketType; content: PacketContent; expected: PacketType },
  ): Promise<JobStatus> {
    let failure: unknown;
    let answer: JobStatus | undefined;
    for (const server of servers) {
      try {
        const { args } = await this.#bounded(options, `The ${what}`, async () => {
          const link: ClientLink = await this.#shared.links.to(server);
          return await link.ask(question, question.expected);
        });
        const status = statusFrom(args.slice(1));
        if (status.known) return status;
        answer ??= status;
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined || answer === undefined) throw failure;
    return answer;
  }

  #bounded<Value>(bounds: Bounds, what: string, start: () => Promise<Value>): Promise<Value> {
    const { promise, resolve, reject } = deferred<Value>();
    const unwatch = watchBounds(
      { timeoutMs: bounds.timeoutMs ?? this.#shared.requestMs, signal: bounds.signal },
      what,
      reject,
    );
    if (bounds.signal?.aborted !== true) {
      start().then(resolve, reject).finally(unwatch);
    }
    return promise;
  }
}

function ignore(): void {}
