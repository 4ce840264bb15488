import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Numbers of the processes that this one has started and that still run. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc").map(Number).filter((other) => other > 0 && parentOf(other) === pid);
}

/** Sends a signal to a process that may have ended. */
export function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}

function parentOf(pid: number): number {
  try {
    // The name, in brackets, may hold anything; state and parent come after it.
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(line.slice(line.lastIndexOf(")") + 1).trim().split(" ")[1]);
  } catch {
    return 0;
  }
}
