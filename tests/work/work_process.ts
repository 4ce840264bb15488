import { cogdCommand, type CogdFlavour, ServerProcess } from "../support/mod.ts";
import { isAlive, LONG_MS, processes } from "./scene.ts";

/** Starts `cogd work` and waits until it works. */
export async function startWork(
  flavour: CogdFlavour,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<ServerProcess> {
  const { command, args: first } = cogdCommand(flavour);
  const work = await ServerProcess.start(command, [...first, "work", ...args], {
    env: { NOTIFY_SOCKET: undefined, ...env },
  });
  try {
    await work.waitForLog(/cogd \S+ working for /, { ms: LONG_MS });
    return work;
  } catch (error) {
    await work.kill9();
    throw error;
  }
}

/** Programs that a `cogd work` runs at this moment: all its children but the one that watches over them. */
export function programsOf(work: { readonly pid: number }): number[] {
  const [, ...programs] = processes()
    .filter(({ parent, state }) => parent === work.pid && state !== "Z")
    // Numbers of processes begin anew at some point.
    .sort((a, b) => a.began - b.began || a.pid - b.pid)
    .map(({ pid }) => pid);
  return programs;
}

/** Of these processes, those that still run. */
export function survivors(pids: readonly number[]): number[] {
  return pids.filter(isAlive);
}
