import type { SubmitPlan } from "../generator/plan.ts";
import type { Queue } from "../server_kinds.ts";
import type { Budget, RunningWorkload } from "../workload.ts";
import { loadFigures } from "./jobs.ts";

/** Clients that only submit. */
interface SubmitShape {
  readonly name: string;
  readonly title: string;
  readonly queue: Queue;
  readonly unique: boolean;
  readonly clients: number;
  readonly window: number;
  readonly before: { readonly quick: number; readonly full: number };
  readonly count: { readonly quick: number; readonly full: number };
  readonly budget?: Budget;
}

const QUEUED_BEFORE = { quick: 100_000, full: 100_000 };
const DURABLE_BUDGET: Budget = { deno: 60, bun: 100, measure: "ratio" };

const SHAPES: readonly SubmitShape[] = [
  {
    name: "submit",
    title: "submit only, 100 k jobs queued: 4 clients (window 1000)",
    queue: "memory",
    unique: false,
    clients: 4,
    window: 1000,
    before: QUEUED_BEFORE,
    count: { quick: 500_000, full: 1_500_000 },
    budget: { deno: 1.5, bun: 1.5, measure: "ratio" },
  },
  {
    name: "submit-unique",
    title: "submit only, unique IDs, 100 k jobs queued: 4 clients (window 1000)",
    queue: "memory",
    unique: true,
    clients: 4,
    window: 1000,
    before: QUEUED_BEFORE,
    count: { quick: 300_000, full: 1_000_000 },
    budget: { deno: 15, bun: 15, measure: "ratio" },
  },
  {
    name: "durable-single",
    title: "durable submit, SQLite: 1 client (window 1)",
    queue: "sqlite",
    unique: true,
    clients: 1,
    window: 1,
    before: { quick: 200, full: 1000 },
    count: { quick: 20_000, full: 100_000 },
  },
  ...[1, 10, 100].map((window): SubmitShape => ({
    name: `durable-${window}`,
    title: `durable submit, SQLite: 4 clients (window ${window})`,
    queue: "sqlite",
    unique: true,
    clients: 4,
    window,
    before: { quick: 400, full: 2000 },
    count: { quick: 100_000, full: 500_000 },
    ...(window === 100 ? { budget: DURABLE_BUDGET } : {}),
  })),
];

export const submitWorkloads: readonly RunningWorkload[] = SHAPES.map(submitWorkload);

const WORKLOAD_BYTES = 64;
/** How long is submitted at most; a server that is too slow for all jobs gets its rate from these. */
const LIMIT_MS = { quick: 1500, full: 6000 };
/** Filling the queue first has its own, longer limit. */
const FILL_LIMIT_MS = 60_000;

function submitWorkload(shape: SubmitShape): RunningWorkload {
  const { name, title, queue, unique, clients, window, budget } = shape;
  return {
    kind: "running",
    name,
    figures: [{
      key: "rate",
      title,
      unit: "jobs/s",
      better: "higher",
      ...(budget === undefined ? {} : { budget }),
    }],
    rounds: { quick: 2, full: 5 },
    queue,
    freshServer: true,
    async measure(server, { generator, quick }) {
      const size = quick ? "quick" : "full";
      const plan: SubmitPlan = {
        kind: "submit",
        port: server.port,
        serverPid: server.pid,
        unique,
        clients,
        window,
        workloadBytes: WORKLOAD_BYTES,
        before: shape.before[size],
        fillLimitMs: FILL_LIMIT_MS,
        count: shape.count[size],
        limitMs: LIMIT_MS[size],
      };
      return loadFigures(await generator.run(plan, FILL_LIMIT_MS + plan.limitMs + 10_000));
    },
  };
}
