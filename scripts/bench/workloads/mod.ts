import type { Workload } from "../workload.ts";
import { idleWorkload } from "./idle.ts";
import { jobsWorkloads } from "./jobs.ts";
import { memoryWorkloads } from "./memory.ts";
import { restartWorkload } from "./restart.ts";
import type { Mode } from "./size.ts";
import { startWorkload } from "./start.ts";
import { submitWorkloads } from "./submit.ts";

/** All workloads, in the order of the report. */
function workloads(mode: Mode): Workload[] {
  return [
    ...jobsWorkloads(mode),
    ...submitWorkloads(mode),
    ...memoryWorkloads(mode),
    idleWorkload(mode),
    restartWorkload(mode),
    startWorkload(mode),
  ];
}

/**
 * Those that are named, all when none is. A word that is no workload's name stands for all whose names
 * begin with it.
 */
export function selectWorkloads(only: readonly string[], mode: Mode): Workload[] {
  const all = workloads(mode);
  if (only.length === 0) return all;
  const wanted = new Set(only.flatMap((word) => {
    const exact = all.filter(({ name }) => name === word);
    const found = exact.length > 0 ? exact : all.filter(({ name }) => name.startsWith(word));
    if (found.length > 0) return found;
    const names = all.map(({ name }) => name).join(", ");
    throw new Error(`Cannot measure '${word}': workloads are ${names}`);
  }));
  return all.filter((workload) => wanted.has(workload));
}
