import type { SubmitPlan } from "../generator/plan.ts";
import type { Queue } from "../server_kinds.ts";
import type { Budget, RunningWorkload } from "../workload.ts";
import { loadFigures } from "./jobs.ts";
import { type Mode, short, type Sizes, WORKLOAD_BYTES } from "./size.ts";

/** Clients that only submit. */
interface SubmitShape {
  readonly name: string;
  readonly title: string;
  readonly queue: Queue;
  readonly unique: boolean;
  readonly clients: number;
  readonly window: number;
  readonly before: Sizes;
  readonly count: Sizes;
  readonly budget?: Budget;
}

const QUEUED_BEFORE = { quick: 20_000, full: 100_000 };
const ROUNDS = { quick: 1, full: 5 };
/** How long is submitted at most; a server that is too slow for all jobs gets its rate from these. */
const LIMIT_MS = { quick: 500, full: 4000 };
/** Filling the queue first has its own, longer limit. */
const FILL_LIMIT_MS = 60_000;

const SHAPES: readonly SubmitShape[] = [
  {
    name: "submit",
    title: "submit only, no unique IDs",
    queue: "memory",
    unique: false,
    clients: 4,
    window: 1000,
    before: QUEUED_BEFORE,
    count: { quick: 300_000, full: 1_500_000 },
    budget: { deno: 1.5, bun: 1.5, measure: "ratio" },
  },
  {
    name: "submit-unique",
    title: "submit only, unique IDs",
    queue: "memory",
    unique: true,
    clients: 4,
    window: 1000,
    before: QUEUED_BEFORE,
    count: { quick: 200_000, full: 1_000_000 },
    budget: { deno: 15, bun: 15, measure: "ratio" },
  },
  durable("durable-single", 1, 1),
  durable("durable-1", 4, 1),
  durable("durable-10", 4, 10),
  durable("durable-100", 4, 100, { deno: 60, bun: 100, measure: "ratio" }),
];

/** With unique IDs: without, C gearmand's SQLite queue keeps one row for all jobs of a function. */
function durable(name: string, clients: number, window: number, budget?: Budget): SubmitShape {
  return {
    name,
    title: "durable submit, SQLite, unique IDs",
    queue: "sqlite",
    unique: true,
    clients,
    window,
    before: { quick: 100, full: 1000 },
    count: { quick: 100_000, full: 500_000 },
    ...(budget === undefined ? {} : { budget }),
  };
}

export function submitWorkloads(mode: Mode): RunningWorkload[] {
  return SHAPES.map((shape) => submitWorkload(mode, shape));
}

function submitWorkload(mode: Mode, shape: SubmitShape): RunningWorkload {
  const { name, queue, unique, clients, window, budget } = shape;
  const before = shape.before[mode];
  const who = `${clients} ${clients === 1 ? "client" : "clients"} (window ${window})`;
  const queued = queue === "memory" ? `, ${short(before)} jobs queued` : "";
  return {
    kind: "running",
    name,
    figures: [{
      key: "rate",
      title: `${shape.title}${queued}: ${who}`,
      unit: "jobs/s",
      better: "higher",
      ...(budget === undefined ? {} : { budget }),
    }],
    rounds: ROUNDS[mode],
    queue,
    freshServer: true,
    withResponder: queue === "memory",
    async measure(server, { generator }) {
      const plan: SubmitPlan = {
        kind: "submit",
        port: server.port,
        serverPid: server.pid,
        unique,
        clients,
        window,
        workloadBytes: WORKLOAD_BYTES,
        before,
        fillLimitMs: FILL_LIMIT_MS,
        count: shape.count[mode],
        limitMs: LIMIT_MS[mode],
      };
      return loadFigures(await generator.run(plan, FILL_LIMIT_MS + plan.limitMs + 10_000));
    },
  };
}
