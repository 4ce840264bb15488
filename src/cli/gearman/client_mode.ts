import { randomUUID } from "node:crypto";
import { GearmanClient, GearmanError, type RunningJob } from "../../client/mod.ts";
import type { GearmanArguments } from "./arguments.ts";
import { errorLine, unknownHost } from "./error_lines.ts";
import { Progress } from "../progress.ts";
import type { Servers } from "./servers.ts";
import { OutputClosedError, type ToolStreams } from "../streams.ts";
import { workloads } from "./workloads.ts";

const RUN_TASKS = "gearman_client_run_tasks";
/** Background jobs whose acknowledgement is due at once. */
const WINDOW = 128;

/** `gearman` without -w: submits jobs and prints what comes back. Answers the exit code. */
export async function runClient(
  given: GearmanArguments,
  servers: Servers,
  streams: ToolStreams,
): Promise<number> {
  const client = new GearmanClient(servers);
  try {
    return await new ClientRun(given, client, streams).run();
  } catch (error) {
    if (error instanceof OutputClosedError) return 1;
    const host = unknownHost(error);
    if (host !== undefined) {
      streams.error(
        `gearman: gearman_client_add_server : ${host} getaddrinfo:Name or service not known\n`,
      );
    } else {
      streams.error(errorLine("gearman_client_add_task", error));
    }
    return 1;
  } finally {
    client.close();
  }
}

class ClientRun {
  readonly #given: GearmanArguments;
  readonly #client: GearmanClient;
  readonly #streams: ToolStreams;
  readonly #progress: Progress | undefined;
  #failed = false;

  constructor(given: GearmanArguments, client: GearmanClient, streams: ToolStreams) {
    this.#given = given;
    this.#client = client;
    this.#streams = streams;
    const { operands, background, verbose, lines } = given;
    const many = operands.length > 1 || (operands.length === 0 && lines !== "whole");
    if (many && Progress.isWelcome(background && !verbose)) {
      const total = operands.length === 0 ? undefined : operands.length;
      this.#progress = new Progress("jobs done", total, (text) => streams.error(text));
    }
  }

  async run(): Promise<number> {
    const jobs = workloads(this.#given, this.#streams.input);
    if (this.#given.background) await this.#handOverAll(jobs);
    else for await (const workload of jobs) await this.#runEverywhere(workload);
    this.#progress?.clear();
    return this.#failed ? 1 : 0;
  }

  /** Many at a time; the server takes them in the order in which they are sent. */
  async #handOverAll(jobs: AsyncIterable<Uint8Array>): Promise<void> {
    const due = new Set<Promise<void>>();
    for await (const workload of jobs) {
      if (due.size >= WINDOW) await Promise.race(due);
      const handedOver: Promise<void> = this.#handOver(workload).finally(() =>
        due.delete(handedOver)
      );
      // The next look at them may come later than a rejection.
      handedOver.catch(() => {});
      due.add(handedOver);
    }
    await Promise.all(due);
  }

  async #handOver(workload: Uint8Array): Promise<void> {
    const { functions, timeoutMs } = this.#given;
    const submitted = functions.map(async (name) => {
      const { handle } = await this.#client.doBackground(name, workload, {
        ...this.#options(),
        ...(timeoutMs === undefined ? {} : { timeoutMs: Math.max(1, timeoutMs) }),
      });
      if (this.#given.verbose) this.#streams.out(`Task created: ${handle}\n`);
    });
    this.#report(await Promise.allSettled(submitted));
    this.#progress?.step();
  }

  /** One workload for every function, at the same time. */
  async #runEverywhere(workload: Uint8Array): Promise<void> {
    const idle = new IdleTimer(this.#given.timeoutMs);
    const jobs = this.#given.functions.map((name) => this.#follow(name, workload, idle));
    const outcomes = await Promise.allSettled(jobs);
    idle.stop();
    this.#report(outcomes);
    this.#progress?.step();
  }

  #follow(name: string, workload: Uint8Array, idle: IdleTimer): RunningJob<Uint8Array> {
    const { out, error } = this.#streams;
    const prefix = this.#given.prefix ? `${name}: ` : "";
    const print = (write: typeof out, data: Uint8Array | string) => {
      idle.restart();
      this.#progress?.clear();
      if (prefix !== "") write(prefix);
      write(data);
    };
    return this.#client.do(name, workload, {
      ...this.#options(),
      signal: idle.signal,
      onCreated: (handle) => {
        idle.restart();
        if (this.#given.verbose) out(`Task created: ${handle}\n`);
      },
      onData: (data) => print(out, data),
      onWarning: (data) => print(error, data),
      onStatus: (numerator, denominator) =>
        print(out, `${percent(numerator, denominator)}% Complete\n`),
      onComplete: (data) => print(out, data),
      onException: (data) => print(error, data),
      onFail: () => print(error, "Job failed\n"),
    });
  }

  #options() {
    const { unique, priority } = this.#given;
    return { unique: unique ?? randomUUID(), priority };
  }

  /** Tells of the failures that were not told already, each once. */
  #report(outcomes: readonly PromiseSettledResult<unknown>[]): void {
    const lines = new Set<string>();
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      const error: unknown = outcome.reason;
      if (error instanceof OutputClosedError || unknownHost(error) !== undefined) throw error;
      if (!(error instanceof GearmanError)) throw error;
      this.#failed = true;
      const told = error.code === "JOB_FAILED" || error.code === "JOB_EXCEPTION";
      if (!told) lines.add(errorLine(RUN_TASKS, error));
    }
    if (lines.size > 0) this.#progress?.clear();
    for (const line of lines) this.#streams.error(line);
  }
}

/** Whole percent, cut off; 0 of 0 is 0. */
function percent(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : Math.trunc((numerator * 100) / denominator);
}

/** Aborts its signal when nothing has happened for a time: libgearman's time-out is one of silence. */
class IdleTimer {
  readonly #abort = new AbortController();
  readonly #ms: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number | undefined) {
    this.#ms = ms;
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    if (this.#ms !== undefined) this.#timer = setTimeout(() => this.#abort.abort(), this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
