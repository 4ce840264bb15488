import { cpuSecondsOf } from "../generator/cpu_time.ts";
import { settledResidentBytes } from "../process_memory.ts";
import type { RunningWorkload } from "../workload.ts";
import { type Mode, short } from "./size.ts";

const WORKERS = { quick: 1000, full: 10_000 };
const WATCH_MS = { quick: 1000, full: 5000 };
const ROUNDS = { quick: 1, full: 3 };
const CONNECT_LIMIT_MS = 60_000;
const HOLD_MS = 120_000;

/** Workers that are connected, registered and asleep. */
export function idleWorkload(mode: Mode): RunningWorkload {
  const workers = WORKERS[mode];
  return {
    kind: "running",
    name: "idle",
    figures: [
      {
        key: "bytesPerWorker",
        title: `${short(workers)} idle workers: memory each`,
        unit: "bytes",
        better: "lower",
        budget: { deno: 10_000, bun: 10_000, measure: "value" },
      },
      {
        key: "cpuPercent",
        title: "– CPU time of the server",
        unit: "% CPU",
        better: "lower",
        budget: { deno: 1, bun: 1, measure: "value" },
      },
    ],
    rounds: ROUNDS[mode],
    queue: "memory",
    freshServer: true,
    withResponder: false,
    async measure(server, { generator, settleMs }) {
      const before = await settledResidentBytes(server.pid, settleMs);
      const plan = {
        kind: "idle",
        port: server.port,
        workers,
        limitMs: CONNECT_LIMIT_MS,
        holdMs: HOLD_MS,
      } as const;
      return await generator.withIdleWorkers(plan, async () => {
        const after = await settledResidentBytes(server.pid, settleMs);
        const cpuBefore = cpuSecondsOf(server.pid);
        await new Promise((resolve) => setTimeout(resolve, WATCH_MS[mode]));
        const cpuSeconds = cpuSecondsOf(server.pid) - cpuBefore;
        return {
          bytesPerWorker: (after - before) / workers,
          cpuPercent: cpuSeconds * 1000 / WATCH_MS[mode] * 100,
        };
      });
    },
  };
}
