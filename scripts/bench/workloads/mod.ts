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

/** Those whose names begin with one of the given words; all when there is none. */
export function selectWorkloads(only: readonly string[], mode: Mode): Workload[] {
  const all = workloads(mode);
  const unknown = only.find((word) => !all.some(({ name }) => name.startsWith(word)));
  if (unknown !== undefined) {
    const names = all.map(({ name }) => name).join(", ");
    throw new Error(`Cannot measure '${unknown}': workloads are ${names}`);
  }
  return all.filter(({ name }) => only.length === 0 || only.some((word) => name.startsWith(word)));
}
