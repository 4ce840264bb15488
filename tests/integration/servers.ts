import { join } from "node:path";
import {
  type CogdFlavour,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  programMissing,
  type ProgramName,
  PROJECT_ROOT,
  type RunOptions,
  runProgram,
  type ServerProcess,
  startCogd,
  startGearmand,
  WireClient,
} from "../support/mod.ts";

/** What clients of other makers are run against: cogd in one of its forms, or the reference. */
export type ServerName = CogdFlavour | "gearmand";

/** A server that runs, whichever it is. */
export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  readonly process: ServerProcess;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts cogd with its queue on SQLite, or gearmand with its own in memory; both log INFO. */
export async function startServerNamed(
  name: ServerName,
  args: readonly string[] = [],
): Promise<RunningServer> {
  return name === "gearmand"
    // With one thread it serves its connections in the order in which they have something.
    ? await startGearmand({ args: ["--threads=1", ...args] })
    : await startCogd({ flavour: name, args: ["--verbose=INFO", ...args] });
}

/** Why a comparison of `flavour` with the reference by these programs cannot run here, or false. */
export function comparisonMissing(
  flavour: CogdFlavour,
  ...programs: readonly ProgramName[]
): string | false {
  return flavourMissing(flavour) || programMissing("gearmand", ...programs);
}

/**
 * What `run` answers for a server. Computed once for each server, with a server of its own that is
 * stopped afterwards.
 */
export function oncePerServer<T>(
  run: (server: RunningServer, name: ServerName) => Promise<T>,
): (name: ServerName) => Promise<T> {
  const answers = new Map<ServerName, Promise<T>>();
  return (name) => {
    let answer = answers.get(name);
    if (answer === undefined) {
      answer = (async () => {
        await using server = await startServerNamed(name);
        return await run(server, name);
      })();
      answers.set(name, answer);
    }
    return answer;
  };
}

/** Path of a file of test data. */
export function testdata(path: string): string {
  return join(PROJECT_ROOT, "tests", "testdata", path);
}

/** Standard output of a program that must end with exit code 0. */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await runProgram(command, args, options);
  if (result.code === 0) return result.stdout;
  const end = result.timedOut ? "did not end" : `ended with ${result.code ?? result.signal}`;
  throw new Error(`${command} ${args.join(" ")} ${end}:\n${result.output}`);
}

/** Between two looks, milliseconds. */
const LOOK_AGAIN_MS = 5;

/** Repeats a look at something until it shows a value. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  ms: number = PATIENCE_MS,
): Promise<T> {
  let stopped = false;
  const looking = async (): Promise<T> => {
    while (!stopped) {
      const value = await look();
      if (value !== undefined) return value;
      // Without it, a look that waits for nothing would keep the rest of this process from running.
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    throw new Error(`Gave up waiting for ${what}`);
  };
  try {
    return await deadline(looking(), ms, what);
  } finally {
    stopped = true;
  }
}

/** Waits until `status` has a line that matches, and answers that line. */
export async function untilStatus(port: number, pattern: RegExp): Promise<string> {
  await using client = await WireClient.connect(port);
  return await until(`a status line with ${pattern}`, async () => {
    client.sendText("status\n");
    return (await client.readListing()).find((line) => pattern.test(line));
  });
}
