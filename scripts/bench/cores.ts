import { availableParallelism } from "node:os";
import { runProgram } from "../../tests/support/mod.ts";
import type { CommandLine } from "./server_kinds.ts";

/** Which core runs the server and which the load generator; null: the system decides. */
export interface Cores {
  readonly server: number | null;
  readonly generator: number | null;
}

/** For measurements without load: nothing to keep apart. */
export const ALL_CORES: Cores = { server: null, generator: null };

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;

/** One core for each, when there are two and `taskset` is there to pin them. */
export async function chooseCores(pin: boolean): Promise<Cores> {
  if (!pin || availableParallelism() < 2) return ALL_CORES;
  if (!(await canUse(SERVER_CORE)) || !(await canUse(GENERATOR_CORE))) return ALL_CORES;
  return { server: SERVER_CORE, generator: GENERATOR_CORE };
}

/** The command line on that core. taskset becomes the program: the process ID is the program's. */
export function onCore(core: number | null, { command, args }: CommandLine): CommandLine {
  if (core === null) return { command, args };
  return { command: "taskset", args: ["--cpu-list", `${core}`, command, ...args] };
}

async function canUse(core: number): Promise<boolean> {
  try {
    return (await runProgram("taskset", ["--cpu-list", `${core}`, "true"])).code === 0;
  } catch {
    return false;
  }
}
