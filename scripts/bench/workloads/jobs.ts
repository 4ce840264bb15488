import type { Generator } from "../generator_process.ts";
import type { RunningServer } from "../running_server.ts";
import type { JobsPlan, LoadResult } from "../generator/plan.ts";
import {
  type Budget,
  type Figure,
  type Figures,
  GENERATOR_SHARE,
  type RunningWorkload,
  SERVER_CPU_US,
} from "../workload.ts";
import { type Mode, WORKLOAD_BYTES } from "./size.ts";

/** Clients, workers and server at work together. */
interface JobsShape {
  readonly name: string;
  readonly title: string;
  readonly foreground: boolean;
  readonly unique: boolean;
  readonly clients: number;
  readonly window: number;
  readonly workers: number;
  readonly budget: Budget;
}

const SHAPES: readonly JobsShape[] = [
  {
    name: "background",
    title: "background: 4 clients (window 100), 4 workers",
    foreground: false,
    unique: false,
    clients: 4,
    window: 100,
    workers: 4,
    budget: { deno: 2, bun: 2.3, measure: "ratio" },
  },
  {
    name: "background-unique",
    title: "the same with unique IDs",
    foreground: false,
    unique: true,
    clients: 4,
    window: 100,
    workers: 4,
    budget: { deno: 2.5, bun: 3, measure: "ratio" },
  },
  {
    name: "foreground",
    title: "foreground: 8 clients (window 10), 8 workers",
    foreground: true,
    unique: false,
    clients: 8,
    window: 10,
    workers: 8,
    budget: { deno: 1.5, bun: 1.5, measure: "ratio" },
  },
  {
    name: "ping-pong",
    title: "foreground ping-pong: 1 client, 1 worker",
    foreground: true,
    unique: false,
    clients: 1,
    window: 1,
    workers: 1,
    budget: { deno: 1, bun: 1.1, measure: "ratio" },
  },
];

const WARM_UP_MS = { quick: 400, full: 1000 };
const MEASURE_MS = { quick: 600, full: 3000 };

const ROUNDS = { quick: 1, full: 7 };

export function jobsWorkloads(mode: Mode): RunningWorkload[] {
  return SHAPES.map((shape) => jobsWorkload(mode, shape));
}

function jobsWorkload(mode: Mode, shape: JobsShape): RunningWorkload {
  const { name, title, budget } = shape;
  const latency: Figure[] = !shape.foreground ? [] : [
    { key: "p50", title: "– latency, median", unit: "ms", better: "lower" },
    { key: "p99", title: "– latency, 99th percentile", unit: "ms", better: "lower" },
  ];
  return {
    kind: "running",
    name,
    figures: [{ key: "rate", title, unit: "jobs/s", better: "higher", budget }, ...latency],
    rounds: ROUNDS[mode],
    queue: "memory",
    freshServer: false,
    withResponder: true,
    async measure(server, { generator }) {
      const plan = planOf(shape, server, mode);
      const result = await generator.run(plan, plan.warmUpMs + plan.measureMs + 30_000);
      return {
        ...loadFigures(result),
        ...(result.latency === null ? {} : { p50: result.latency.p50, p99: result.latency.p99 }),
      };
    },
  };
}

/** Background jobs done per second, as the workload `background` measures them. */
export async function jobsRate(
  { port, pid }: Pick<RunningServer, "port" | "pid">,
  generator: Generator,
  mode: Mode,
): Promise<number> {
  const plan = planOf(SHAPES[0]!, { port, pid }, mode);
  const result = await generator.run(plan, plan.warmUpMs + plan.measureMs + 30_000);
  return result.count / result.seconds;
}

function planOf(
  { foreground, unique, clients, window, workers }: JobsShape,
  { port, pid }: Pick<RunningServer, "port" | "pid">,
  mode: Mode,
): JobsPlan {
  return {
    kind: "jobs",
    port,
    serverPid: pid,
    foreground,
    unique,
    clients,
    window,
    workers,
    workloadBytes: WORKLOAD_BYTES,
    warmUpMs: WARM_UP_MS[mode],
    measureMs: MEASURE_MS[mode],
  };
}

/** Figures of every workload with load. A refused job spoils the run. */
export function loadFigures(result: LoadResult): Figures {
  if (result.refused > 0) throw new Error(`${result.refused} jobs were refused`);
  return {
    rate: result.count / result.seconds,
    [SERVER_CPU_US]: result.serverCpuSeconds * 1e6 / result.count,
    [GENERATOR_SHARE]: result.generatorCpuSeconds / result.seconds,
  };
}
