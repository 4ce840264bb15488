import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunningCogd } from "../support/mod.ts";

/**
 * Copies a server's data folder as it is at this moment, as if the power had gone: the process is
 * stopped (SIGSTOP, all threads) while its files are copied, and knows nothing of it. What it wrote
 * without fsync is in the copy as well. Nothing else runs in this process meanwhile.
 */
export function frozenCopy(server: RunningCogd, target: string): void {
  server.process.signal("SIGSTOP");
  try {
    while (!isStopped(server.pid));
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(server.dataDir)) {
      copyFileSync(join(server.dataDir, name), join(target, name));
    }
  } finally {
    server.process.signal("SIGCONT");
  }
}

/** Whether every thread of the process has stopped. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
      // The name, in parentheses, may hold anything.
      return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
    } catch {
      // It has ended since it was listed: the next look tells.
      return false;
    }
  });
}
