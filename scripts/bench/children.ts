import process from "node:process";
import { ServerProcess, type ServerProcessOptions } from "../../tests/support/mod.ts";
import type { CommandLine } from "./server_kinds.ts";

const children = new Set<ServerProcess>();
let interrupted = false;

/** Starts a child process that does not outlive the benchmark, interrupted or not. */
export async function startChild(
  { command, args }: CommandLine,
  options: ServerProcessOptions = {},
): Promise<ServerProcess> {
  if (interrupted) throw new Error("interrupted");
  const child = await ServerProcess.start(command, args, options);
  children.add(child);
  child.exited.then(() => children.delete(child));
  if (interrupted) await child.kill9();
  return child;
}

/**
 * On SIGINT and SIGTERM every child is killed. Whoever waits for one then gets an error and cleans up
 * behind itself; nothing new can be started.
 */
export function endChildrenOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      interrupted = true;
      for (const child of children) child.signal("SIGKILL");
    });
  }
}

export function wasInterrupted(): boolean {
  return interrupted;
}
