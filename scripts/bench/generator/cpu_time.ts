import { readFileSync } from "node:fs";
import process from "node:process";

/** Ticks of the kernel's process accounting; fixed at 100 a second on Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time of a process with all its threads, user and system, in seconds; 0 for process 0. */
export function cpuSecondsOf(pid: number): number {
  if (pid === 0) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The program's name stands in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Time and CPU time since it was made. */
export class Stopwatch {
  readonly #serverPid: number;
  readonly #startedAt = performance.now();
  readonly #ownCpu = process.cpuUsage();
  readonly #serverCpu: number;

  constructor(serverPid: number) {
    this.#serverPid = serverPid;
    this.#serverCpu = cpuSecondsOf(serverPid);
  }

  read(): { seconds: number; serverCpuSeconds: number; generatorCpuSeconds: number } {
    const own = process.cpuUsage(this.#ownCpu);
    return {
      seconds: (performance.now() - this.#startedAt) / 1000,
      serverCpuSeconds: cpuSecondsOf(this.#serverPid) - this.#serverCpu,
      generatorCpuSeconds: (own.user + own.system) / 1e6,
    };
  }
}
