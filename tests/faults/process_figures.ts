import { readdir, readFile } from "node:fs/promises";

/** What the system says about a process, read from /proc. */
export interface ProcessFigures {
  /** Resident memory, bytes. */
  readonly memory: number;
  /** Resident memory at its highest so far, bytes. */
  readonly peakMemory: number;
  /** Open descriptors. */
  readonly descriptors: number;
  readonly threads: number;
}

export async function processFigures(pid: number): Promise<ProcessFigures> {
  const status = await readFile(`/proc/${pid}/status`, "latin1");
  const number = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    memory: number("VmRSS") * 1024,
    peakMemory: number("VmHWM") * 1024,
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
    threads: number("Threads"),
  };
}

/** Bytes as text: `12.3 MiB`. */
export function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
