import type { JobStore } from "../plugin_api/mod.ts";
import type { StoreCondition } from "./running_server.ts";
import type { CommitFigures } from "./store_writer.ts";

const NO_COMMITS: CommitFigures = { commits: 0, failedCommits: 0, problem: undefined, waiting: 0 };
/** Without a store, the length field of a packet is the only bound. */
const ANY_WORKLOAD = 0xffff_ffff;

/** How the store is, if there is one; `figures` undefined: nothing is written. */
export function storeCondition(
  store: JobStore | null,
  figures: CommitFigures = NO_COMMITS,
): StoreCondition {
  const { problem } = figures;
  const traits = store?.traits;
  return {
    ...figures,
    up: problem === undefined,
    description: traits?.description ?? "memory",
    durability: traits?.durability ?? "nothing",
    promise: traits?.promise,
    largestWorkload: traits?.maxWorkloadBytes ?? ANY_WORKLOAD,
    reconnects: store?.figures?.reconnects,
  };
}
