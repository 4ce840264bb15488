import { ALL_CORES } from "../cores.ts";
import { dataFolder } from "../data_folder.ts";
import { settledResidentBytes } from "../process_memory.ts";
import { RunningServer } from "../running_server.ts";
import type { StartingWorkload } from "../workload.ts";
import type { Mode } from "./size.ts";

const ROUNDS = { quick: 1, full: 11 };

/** From nothing to the first answer, and what a server that does nothing needs. */
export function startWorkload(mode: Mode): StartingWorkload {
  return {
    kind: "starting",
    name: "start",
    figures: [
      { key: "startMs", title: "start to first answer", unit: "ms", better: "lower" },
      { key: "idleMiB", title: "memory when idle", unit: "MiB", better: "lower" },
    ],
    rounds: ROUNDS[mode],
    async measure(kind, { dataRoot, settleMs }) {
      await using folder = await dataFolder(dataRoot);
      const server = await RunningServer.start(kind, {
        queue: "memory",
        dataDir: folder.path,
        cores: ALL_CORES,
      });
      try {
        return {
          startMs: server.start.answerMs,
          idleMiB: await settledResidentBytes(server.pid, settleMs) / 2 ** 20,
        };
      } finally {
        await server.kill();
      }
    },
  };
}
