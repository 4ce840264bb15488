import { readFileSync } from "node:fs";

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kibibytes === undefined) throw new Error(`Cannot read the memory of process ${pid}`);
  return Number(kibibytes) * 1024;
}

const LOOK_EVERY_MS = 100;
const LIMIT_MS = 15_000;

/**
 * Resident memory once it has stayed the same (within 0.5 %) for `settleMs`, or after 15 seconds:
 * runtimes collect garbage and give memory back some time after the load is over.
 */
export async function settledResidentBytes(pid: number, settleMs: number): Promise<number> {
  let last = residentBytes(pid);
  let steadyMs = 0;
  for (let ms = 0; ms < LIMIT_MS && steadyMs < settleMs; ms += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const now = residentBytes(pid);
    if (Math.abs(now - last) <= last * 0.005) {
      steadyMs += LOOK_EVERY_MS;
    } else {
      steadyMs = 0;
      last = now;
    }
  }
  return residentBytes(pid);
}
