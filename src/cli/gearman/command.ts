import { JobFailure, type WorkerJob } from "../../client/mod.ts";
import { type ProgramEnd, signalProgram, startProgram } from "../../runtime/mod.ts";
import type { LineMode } from "./arguments.ts";
import { LONGEST_WORKLOAD } from "./limits.ts";
import { joined, LineSplitter } from "./line_splitter.ts";
import type { ToolStreams } from "../streams.ts";

/** The program that a worker runs for each job. */
export interface Command {
  /** Its file. */
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Its output: one result, or a piece of data for each line. */
  readonly lines: LineMode;
}

/**
 * Runs the command for one job: the workload is its input, its output the result; its errors go to ours.
 * When it ends with another code than 0, or by a signal, the output is sent as data and the job fails
 * (`JobFailure`). When the job's signal aborts, nobody waits for it any more: it is told to end.
 */
export async function runCommand(
  { path, args, environment, lines }: Command,
  job: WorkerJob<Uint8Array>,
  streams: ToolStreams,
): Promise<Uint8Array> {
  const output = lines === "whole" ? new WholeOutput() : new LineOutput(lines, job);
  let tooLong: unknown;
  const program = await startProgram({ path, args, environment }, {
    output: (bytes) => {
      try {
        return tooLong === undefined ? output.push(bytes) : undefined;
      } catch (error) {
        tooLong = error;
        signalProgram(program, "SIGTERM");
        return undefined;
      }
    },
    errors: (bytes) => streams.error(bytes),
  });
  const end = () => signalProgram(program, "SIGTERM");
  if (job.signal.aborted) end();
  job.signal.addEventListener("abort", end);
  const written = job.workload.length === 0 ? Promise.resolve() : program.write(job.workload);
  void written.then(() => program.endInput());
  const ended = await program.ended;
  job.signal.removeEventListener("abort", end);
  await program.outputClosed;
  const result = output.end();
  const failure = tooLong instanceof Error ? tooLong.message : failureOf(ended);
  if (failure === undefined) return result;
  if (result.length > 0) job.sendData(result);
  throw new JobFailure(failure);
}

function failureOf({ code, signal, neverRan }: ProgramEnd): string | undefined {
  if (neverRan) return "the command could not be run";
  if (signal !== null) return `the command was ended by ${signal}`;
  return code === 0 ? undefined : `the command ended with exit code ${code}`;
}

class WholeOutput {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  push(bytes: Uint8Array): undefined {
    this.#length += bytes.length;
    if (this.#length > LONGEST_WORKLOAD) {
      this.#pieces.length = 0;
      this.#length = 0;
      throw new RangeError(`the output is longer than ${LONGEST_WORKLOAD} bytes`);
    }
    this.#pieces.push(bytes);
  }

  end(): Uint8Array {
    return joined(this.#pieces, this.#length);
  }
}

class LineOutput {
  readonly #splitter: LineSplitter;
  readonly #job: WorkerJob<Uint8Array>;

  constructor(lines: LineMode, job: WorkerJob<Uint8Array>) {
    this.#splitter = new LineSplitter(lines === "lines", LONGEST_WORKLOAD);
    this.#job = job;
  }

  /** The program waits while the connection is full. */
  push(bytes: Uint8Array): Promise<void> {
    for (const line of this.#splitter.push(bytes)) this.#job.sendData(line);
    return this.#job.drained();
  }

  end(): Uint8Array {
    const rest = this.#splitter.rest();
    if (rest !== undefined) this.#job.sendData(rest);
    return new Uint8Array(0);
  }
}
