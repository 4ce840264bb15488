import type { Workload } from "../workload.ts";
import { jobsWorkloads } from "./jobs.ts";
import { submitWorkloads } from "./submit.ts";

/** All workloads, in the order of the report. */
export const WORKLOADS: readonly Workload[] = [...jobsWorkloads, ...submitWorkloads];

/** Those whose names begin with one of the given words; all when there is none. */
export function selectWorkloads(only: readonly string[]): Workload[] {
  const unknown = only.find((word) => !WORKLOADS.some(({ name }) => name.startsWith(word)));
  if (unknown !== undefined) {
    throw new Error(
      `Cannot measure '${unknown}': workloads are ${WORKLOADS.map(({ name }) => name).join(", ")}`,
    );
  }
  return WORKLOADS.filter(({ name }) =>
    only.length === 0 || only.some((word) => name.startsWith(word))
  );
}
