import type { Generator } from "../generator_process.ts";
import { settledResidentBytes } from "../process_memory.ts";
import type { RunningServer } from "../running_server.ts";
import type { Budget, RunningWorkload } from "../workload.ts";
import { type Mode, short, type Sizes, WORKLOAD_BYTES } from "./size.ts";

/** How much longer a queue's memory gets with every job, once its tables and buffers are there. */
interface MemoryShape {
  readonly name: string;
  readonly title: string;
  readonly unique: boolean;
  /** Queued before memory is read for the first time, and for the second. */
  readonly from: Sizes;
  readonly to: Sizes;
  readonly budget?: Budget;
}

const SHAPES: readonly MemoryShape[] = [
  {
    name: "memory",
    title: "memory per queued job",
    unique: false,
    from: { quick: 50_000, full: 100_000 },
    to: { quick: 200_000, full: 1_000_000 },
    budget: { deno: 0.7, bun: 0.7, measure: "ratio" },
  },
  {
    // Not up to 1 M: C gearmand would need minutes for it.
    name: "memory-unique",
    title: "memory per queued job with a unique ID of 36 bytes",
    unique: true,
    from: { quick: 10_000, full: 100_000 },
    to: { quick: 40_000, full: 300_000 },
  },
];

const ROUNDS = { quick: 1, full: 3 };

export function memoryWorkloads(mode: Mode): RunningWorkload[] {
  return SHAPES.map((shape) => memoryWorkload(mode, shape));
}

const FILL_LIMIT_MS = 120_000;

function memoryWorkload(mode: Mode, shape: MemoryShape): RunningWorkload {
  const { name, title, unique, budget } = shape;
  const first = shape.from[mode];
  const last = shape.to[mode];
  return {
    kind: "running",
    name,
    figures: [{
      key: "bytesPerJob",
      title: `${title}, from ${short(first)} to ${short(last)}`,
      unit: "bytes",
      better: "lower",
      ...(budget === undefined ? {} : { budget }),
    }],
    rounds: ROUNDS[mode],
    queue: "memory",
    freshServer: true,
    withResponder: false,
    async measure(server, { generator, settleMs }) {
      await fill(server, generator, unique, first);
      const before = await settledResidentBytes(server.pid, settleMs);
      await fill(server, generator, unique, last - first);
      const after = await settledResidentBytes(server.pid, settleMs);
      return { bytesPerJob: (after - before) / (last - first) };
    },
  };
}

/** Queues `count` background jobs; fails when that takes too long. */
export async function fill(
  server: RunningServer,
  generator: Generator,
  unique: boolean,
  count: number,
): Promise<void> {
  const { refused } = await generator.run({
    kind: "submit",
    port: server.port,
    serverPid: 0,
    unique,
    clients: 4,
    window: 1000,
    workloadBytes: WORKLOAD_BYTES,
    before: count,
    fillLimitMs: FILL_LIMIT_MS,
    count: 0,
    limitMs: 0,
  }, FILL_LIMIT_MS + 10_000);
  if (refused > 0) throw new Error(`${refused} jobs were refused`);
}
