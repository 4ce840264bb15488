import type { Workload } from "../workload.ts";
import { httpWorkloads, isAboutHttp } from "./http.ts";
import { idleWorkload } from "./idle.ts";
import { jobsWorkloads } from "./jobs.ts";
import { memoryWorkloads } from "./memory.ts";
import { restartWorkloads } from "./restart.ts";
import type { Mode } from "./size.ts";
import { startWorkload } from "./start.ts";
import { storeWorkloads } from "./stores.ts";
import { submitWorkloads } from "./submit.ts";

/** All workloads, in the order of the report. */
function workloads(mode: Mode): Workload[] {
  return [
    ...jobsWorkloads(mode),
    ...submitWorkloads(mode),
    ...memoryWorkloads(mode),
    idleWorkload(mode),
    ...restartWorkloads(mode),
    startWorkload(mode),
    ...storeWorkloads(mode),
    ...httpWorkloads(mode),
  ];
}

/** The word that stands for everything about stores: what needs a database, and SQLite beside it. */
const STORES = "stores";
const SQLITE_BESIDE = ["durable-1", "durable-10", "durable-100"];

/** Whether `stores` stands for it. */
export function isAboutStores(workload: Workload): boolean {
  const { name, onlyOnDemand } = workload;
  return (onlyOnDemand === true && !isAboutHttp(workload)) || SQLITE_BESIDE.includes(name);
}

/**
 * Those that are named; when none is, all that need neither a database nor wrk. A word that is no workload's name
 * stands for all whose names begin with it, and `stores` for all about stores.
 */
export function selectWorkloads(only: readonly string[], mode: Mode): Workload[] {
  const all = workloads(mode);
  if (only.length === 0) return all.filter(({ onlyOnDemand }) => onlyOnDemand !== true);
  const wanted = new Set(only.flatMap((word) => {
    if (word === STORES) return all.filter(isAboutStores);
    const exact = all.filter(({ name }) => name === word);
    const found = exact.length > 0 ? exact : all.filter(({ name }) => name.startsWith(word));
    if (found.length > 0) return found;
    const names = all.map(({ name }) => name).join(", ");
    throw new Error(
      `Cannot measure '${word}': workloads are ${names}, and ${STORES} stands for some`,
    );
  }));
  return all.filter((workload) => wanted.has(workload));
}
