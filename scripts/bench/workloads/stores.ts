import { ALL_CORES } from "../cores.ts";
import { type DataFolder, dataFolder } from "../data_folder.ts";
import type { DatabaseKind, DatabasePlace } from "../databases.ts";
import { gearmandRows } from "../gearmand_tables.ts";
import { residentBytes, settledResidentBytes } from "../process_memory.ts";
import { RunningServer } from "../running_server.ts";
import type { ServerKind } from "../server_kinds.ts";
import type { Bench, StartingWorkload } from "../workload.ts";
import { loadFigures } from "./jobs.ts";
import { fill } from "./memory.ts";
import { allQueued, START_LIMIT_MS } from "./restart.ts";
import { type Mode, short, WORKLOAD_BYTES } from "./size.ts";

const TITLES = { mysql: "MariaDB", postgres: "PostgreSQL", redis: "Redis" } as const;
const KINDS = ["mysql", "postgres", "redis"] as const satisfies readonly DatabaseKind[];
const WINDOWS = [1, 10, 100] as const;
const CLIENTS = 4;

/** Queues in databases. They run only when they are asked for: they need the databases' programs. */
export function storeWorkloads(mode: Mode): StartingWorkload[] {
  return [
    ...KINDS.flatMap((kind) => WINDOWS.map((window) => submitToStore(mode, kind, window))),
    ...Object.entries(REPLAY_JOBS[mode]).flatMap(([name, jobs]) =>
      KINDS.map((kind) => replayOfStore(`${name}-${kind}`, kind, jobs))
    ),
    awayWorkload(mode),
  ];
}

const SUBMIT = {
  rounds: { quick: 1, full: 3 },
  before: { quick: 50, full: 500 },
  limitMs: { quick: 700, full: 4000 },
};
const MOST_JOBS = 500_000;
const FILL_LIMIT_MS = 60_000;

function submitToStore(mode: Mode, kind: DatabaseKind, window: number): StartingWorkload {
  return {
    kind: "starting",
    name: `store-${kind}-${window}`,
    onlyOnDemand: true,
    figures: [{
      key: "rate",
      title: `durable submit, ${TITLES[kind]}, unique IDs: ${CLIENTS} clients (window ${window})`,
      unit: "jobs/s",
      better: "higher",
    }],
    rounds: SUBMIT.rounds[mode],
    async measure(server, bench) {
      await using place = await bench.databases.place(kind);
      await using folder = await dataFolder(bench.dataRoot);
      const running = await RunningServer.start(server, {
        queue: place.queue,
        dataDir: folder.path,
        cores: bench.cores,
      });
      try {
        return loadFigures(
          await bench.generator.run({
            kind: "submit",
            port: running.port,
            serverPid: running.pid,
            unique: true,
            clients: CLIENTS,
            window,
            workloadBytes: WORKLOAD_BYTES,
            before: SUBMIT.before[mode],
            fillLimitMs: FILL_LIMIT_MS,
            count: MOST_JOBS,
            limitMs: SUBMIT.limitMs[mode],
          }, FILL_LIMIT_MS + SUBMIT.limitMs[mode] + 10_000),
        );
      } finally {
        await running.kill();
      }
    },
  };
}

const REPLAY_JOBS: Readonly<Record<Mode, Readonly<Record<string, number>>>> = {
  quick: { "replay": 10_000 },
  full: { "replay": 100_000, "replay-million": 1_000_000 },
};

function replayOfStore(name: string, kind: DatabaseKind, jobs: number): StartingWorkload {
  return {
    kind: "starting",
    name,
    onlyOnDemand: true,
    figures: [
      {
        key: "answerS",
        title: `restart with ${short(jobs)} jobs in ${TITLES[kind]}: first answer`,
        unit: "s",
        better: "lower",
      },
      { key: "runnableS", title: "– all jobs runnable", unit: "s", better: "lower" },
    ],
    rounds: 1,
    async measure(server, bench) {
      await using place = await bench.databases.place(kind);
      await using folder = await dataFolder(bench.dataRoot);
      if (server.runtime === "c") {
        await place.sql(gearmandRows(kind, place.queue.name, jobs, WORKLOAD_BYTES));
      } else {
        await fillThrough(server, place, folder, bench, jobs);
      }
      const startedAt = performance.now();
      const running = await RunningServer.start(server, {
        queue: place.queue,
        dataDir: folder.path,
        cores: ALL_CORES,
        startLimitMs: START_LIMIT_MS,
      });
      try {
        await allQueued(running.port, jobs);
        return {
          answerS: running.start.answerMs / 1000,
          runnableS: (performance.now() - startedAt) / 1000,
        };
      } finally {
        await running.kill();
      }
    },
  };
}

/** Jobs that the server itself has written, in good order. */
async function fillThrough(
  kind: ServerKind,
  { queue }: DatabasePlace,
  { path }: DataFolder,
  { cores, generator }: Bench,
  jobs: number,
): Promise<void> {
  const server = await RunningServer.start(kind, { queue, dataDir: path, cores });
  try {
    await fill(server, generator, true, jobs);
    await server.stop();
  } catch (error) {
    await server.kill();
    throw error;
  }
}

const AWAY = {
  // In full mode half of it is as long as cogd lets a submission wait.
  watchMs: { quick: 1500, full: 60_000 },
  // In full mode more than the million jobs that cogd lets wait, so that its bound is reached.
  window: { quick: 10_000, full: 300_000 },
};
const AWAY_BEFORE = 1000;
const LOOK_EVERY_MS = 50;

/** Clients that go on submitting, far more than the server may hold, while nothing can be stored. */
function awayWorkload(mode: Mode): StartingWorkload {
  const watchMs = AWAY.watchMs[mode];
  const window = AWAY.window[mode];
  const offered = `${short(CLIENTS * window)} unanswered submissions`;
  return {
    kind: "starting",
    name: "away-mysql",
    onlyOnDemand: true,
    figures: [
      { key: "beforeMiB", title: "memory before MariaDB is stopped", unit: "MiB", better: "lower" },
      {
        key: "earlyPeakMiB",
        title: `– most in ${watchMs / 2000} s without it, ${offered}`,
        unit: "MiB",
        better: "lower",
      },
      {
        key: "peakMiB",
        title: `– most in ${watchMs / 1000} s`,
        unit: "MiB",
        better: "lower",
      },
    ],
    rounds: 1,
    async measure(kind, { databases, dataRoot, cores, generator, settleMs }) {
      await using place = await databases.place("mysql");
      await using folder = await dataFolder(dataRoot);
      const { queue } = place;
      const server = await RunningServer.start(kind, { queue, dataDir: folder.path, cores });
      try {
        await fill(server, generator, true, AWAY_BEFORE);
        const before = await settledResidentBytes(server.pid, settleMs);
        await place.server.stop();
        const plan = {
          kind: "submit",
          port: server.port,
          serverPid: 0,
          unique: true,
          clients: CLIENTS,
          window,
          workloadBytes: WORKLOAD_BYTES,
          before: 0,
          fillLimitMs: 0,
          count: Number.MAX_SAFE_INTEGER,
          limitMs: watchMs,
        } as const;
        const [early, late] = await generator.during(plan, async () => [
          await mostResidentBytes(server.pid, watchMs / 2),
          await mostResidentBytes(server.pid, watchMs / 2),
        ]);
        return {
          beforeMiB: before / 2 ** 20,
          earlyPeakMiB: early / 2 ** 20,
          peakMiB: Math.max(early, late) / 2 ** 20,
        };
      } finally {
        await server.kill();
        await place.server.restart();
      }
    },
  };
}

async function mostResidentBytes(pid: number, forMs: number): Promise<number> {
  const until = performance.now() + forMs;
  let most = residentBytes(pid);
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    most = Math.max(most, residentBytes(pid));
  }
  return most;
}
