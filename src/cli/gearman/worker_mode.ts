import process from "node:process";
import {
  GearmanWorker,
  JobFailure,
  type WorkerEvent,
  type WorkerFunction,
} from "../../client/mod.ts";
import type { GearmanArguments } from "./arguments.ts";
import { type Command, runCommand } from "./command.ts";
import { errorLine, unknownHost } from "./error_lines.ts";
import { findProgram } from "./find_program.ts";
import type { Servers } from "./servers.ts";
import { OutputClosedError, type ToolStreams } from "../streams.ts";

const WORK = "gearman_worker_work";
const TIMED_OUT = "gearman: gearman_worker_work : gearman_wait(GEARMAN_TIMEOUT) timeout reached, " +
  "1 servers were poll(), no servers were available, pipe:true\n";

/**
 * `gearman -w`: does jobs until it has done as many as it should, or a signal ends it: the first SIGTERM or
 * SIGINT lets the job at hand be finished, the second one does not. Answers the exit code.
 */
export async function runWorker(
  given: GearmanArguments,
  servers: Servers,
  streams: ToolStreams,
  environment: () => Readonly<Record<string, string>>,
): Promise<number> {
  const [name, ...args] = given.operands;
  let command: Command | undefined;
  if (name !== undefined) {
    const inherited = environment();
    const path = findProgram(name, inherited["PATH"]);
    if (path === undefined) {
      streams.error(`gearman: Cannot run "${name}": there is no such program\n`);
      return 1;
    }
    command = { path, args, environment: inherited, lines: given.lines };
  }
  return await new WorkerRun(given, servers, streams, command).run();
}

class WorkerRun {
  readonly #given: GearmanArguments;
  readonly #streams: ToolStreams;
  readonly #command: Command | undefined;
  readonly #worker: GearmanWorker;
  #left: number;
  #exitCode = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(
    given: GearmanArguments,
    servers: Servers,
    streams: ToolStreams,
    command: Command | undefined,
  ) {
    this.#given = given;
    this.#streams = streams;
    this.#command = command;
    this.#left = given.count === 0 ? Infinity : given.count;
    this.#worker = new GearmanWorker({ ...servers, onEvent: (event) => this.#tell(event) });
    for (const name of given.functions) this.#worker.add(name, this.#do);
  }

  async run(): Promise<number> {
    let impatient = false;
    const end = () => {
      void this.#worker.stop(impatient ? 0 : undefined);
      impatient = true;
    };
    for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, end);
    this.#waitForJob();
    try {
      await this.#worker.run();
    } finally {
      clearTimeout(this.#idle);
      for (const name of ["SIGTERM", "SIGINT"] as const) process.off(name, end);
    }
    return this.#exitCode;
  }

  readonly #do: WorkerFunction<Uint8Array> = async (job) => {
    clearTimeout(this.#idle);
    try {
      if (this.#command !== undefined) return await runCommand(this.#command, job, this.#streams);
      this.#streams.out(job.workload);
      return new Uint8Array(0);
    } catch (error) {
      if (error instanceof OutputClosedError) this.#end(1);
      throw error instanceof JobFailure ? error : new JobFailure(textOf(error), { cause: error });
    } finally {
      this.#count();
      this.#waitForJob();
    }
  };

  #count(): void {
    this.#left--;
    if (this.#left === 0) void this.#worker.stop();
  }

  /** A time without any job counts as a job, as it does for the reference: `-c 1 -t 1000` waits a second. */
  #waitForJob(): void {
    const { timeoutMs } = this.#given;
    clearTimeout(this.#idle);
    if (timeoutMs === undefined || this.#left === 0) return;
    this.#idle = setTimeout(() => {
      this.#streams.error(TIMED_OUT);
      this.#count();
      this.#waitForJob();
    }, Math.max(1, timeoutMs));
  }

  #end(exitCode: number): void {
    this.#exitCode = exitCode;
    void this.#worker.stop();
  }

  #tell(event: WorkerEvent): void {
    const { error: write } = this.#streams;
    if (event.kind === "refused") return write(`gearman: ${WORK} : ${event.text}\n`);
    if (event.kind === "job failed") {
      return write(`gearman: ${WORK} : Job ${event.handle} failed: ${textOf(event.error)}\n`);
    }
    if (event.kind !== "disconnected") return;
    const host = unknownHost(event.error);
    if (host === undefined) {
      return write(errorLine(WORK, event.error).replace(/_client_run/g, "_worker"));
    }
    write(`gearman: gearman_worker_add_server : ${host} getaddrinfo:Name or service not known\n`);
    this.#end(1);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
