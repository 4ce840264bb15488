import { ALL_CORES } from "../cores.ts";
import { dataFolder } from "../data_folder.ts";
import { fillGearmandQueue } from "../gearmand_queue.ts";
import { queuedJobs } from "../queued_jobs.ts";
import { RunningServer } from "../running_server.ts";
import { gearmandFile, type ServerKind } from "../server_kinds.ts";
import type { Bench, Budget, StartingWorkload } from "../workload.ts";
import { fill } from "./memory.ts";
import { type Mode, short, type Sizes, WORKLOAD_BYTES } from "./size.ts";

interface RestartShape {
  readonly name: string;
  readonly jobs: Sizes;
  /** A shorter queue, as the databases get it: to stand beside them. */
  readonly onlyOnDemand?: true;
  /** Seconds until it listens, and until all jobs are runnable. */
  readonly budget?: { readonly listening: Budget; readonly runnable: Budget };
}

const SHAPES: readonly RestartShape[] = [
  {
    name: "restart",
    jobs: { quick: 20_000, full: 1_000_000 },
    budget: {
      listening: { deno: 1, bun: 1, measure: "value" },
      runnable: { deno: 10, bun: 10, measure: "value" },
    },
  },
  { name: "replay-sqlite", jobs: { quick: 10_000, full: 100_000 }, onlyOnDemand: true },
];

/** One round, because C gearmand takes minutes. */
const ROUNDS = { quick: 1, full: 1 };
/** C gearmand reads its queue before it listens and gets slower with every job it has read. */
export const START_LIMIT_MS = 900_000;
const LOAD_LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 10;

/** Starts with a long durable queue in SQLite. */
export function restartWorkloads(mode: Mode): StartingWorkload[] {
  return SHAPES.map((shape) => restartWorkload(mode, shape));
}

function restartWorkload(mode: Mode, shape: RestartShape): StartingWorkload {
  const { name, onlyOnDemand, budget } = shape;
  const jobs = shape.jobs[mode];
  return {
    kind: "starting",
    name,
    ...(onlyOnDemand === undefined ? {} : { onlyOnDemand }),
    figures: [
      {
        key: "listeningS",
        title: `restart with ${short(jobs)} jobs in SQLite: listening`,
        unit: "s",
        better: "lower",
        ...(budget === undefined ? {} : { budget: budget.listening }),
      },
      { key: "answerS", title: "– first answer", unit: "s", better: "lower" },
      {
        key: "runnableS",
        title: "– all jobs runnable",
        unit: "s",
        better: "lower",
        ...(budget === undefined ? {} : { budget: budget.runnable }),
      },
    ],
    rounds: ROUNDS[mode],
    async measure(kind, bench) {
      await using folder = await dataFolder(bench.dataRoot);
      await fillQueue(kind, bench, folder.path, jobs);
      const startedAt = performance.now();
      const server = await RunningServer.start(kind, {
        queue: "sqlite",
        dataDir: folder.path,
        cores: ALL_CORES,
        startLimitMs: START_LIMIT_MS,
      });
      try {
        await allQueued(server.port, jobs);
        return {
          listeningS: server.start.listeningMs / 1000,
          answerS: server.start.answerMs / 1000,
          runnableS: (performance.now() - startedAt) / 1000,
        };
      } finally {
        await server.kill();
      }
    },
  };
}

/** A queue file with so many jobs. C gearmand's is written for it: it would need a quarter of an hour. */
async function fillQueue(
  kind: ServerKind,
  bench: Bench,
  dataDir: string,
  jobs: number,
): Promise<void> {
  if (kind.runtime === "c") {
    await fillGearmandQueue(gearmandFile(dataDir), jobs, WORKLOAD_BYTES);
    return;
  }
  const server = await RunningServer.start(kind, { queue: "sqlite", dataDir, cores: bench.cores });
  try {
    await fill(server, bench.generator, true, jobs);
    await server.stop();
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** Settles when so many jobs can be given out. */
export async function allQueued(port: number, jobs: number): Promise<void> {
  const until = performance.now() + LOAD_LIMIT_MS;
  for (;;) {
    const queued = await queuedJobs(port);
    if (queued === jobs) return;
    if (performance.now() > until) throw new Error(`only ${queued} of ${jobs} jobs came back`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
