import type { Measurement } from "./measurements.ts";
import type { ServerKind } from "./server_kinds.ts";
import { median, spread } from "./statistics.ts";
import { amount, markdownTable, percent, ratio } from "./table.ts";
import {
  type Budget,
  type Figure,
  type Figures,
  GENERATOR_SHARE,
  SERVER_CPU_US,
  type Workload,
} from "./workload.ts";

/** All measurements of a run and the order in which servers stand in its tables. */
export interface Results {
  readonly measurements: readonly Measurement[];
  /** The first one is what the others are compared with. */
  readonly servers: readonly ServerKind[];
  readonly responder: ServerKind;
}

/** Medians: a row for each figure, a column for each server, ratios to the first one. */
export function resultTable({ measurements, servers, responder }: Results): string {
  const header = [
    "workload",
    "unit",
    ...servers.flatMap(({ title }, i) => i === 0 ? [title] : [title, "ratio"]),
    "budget Deno / Bun",
    responder.title,
    "rounds, spread",
  ];
  const rows: string[][] = [];
  for (const workload of workloadsOf(measurements)) {
    for (const figure of workload.figures) {
      const valueOn = (kind: ServerKind) => value(measurements, workload, kind, figure.key);
      const reference = valueOn(servers[0]!);
      rows.push([
        figure.title,
        figure.unit,
        ...servers.flatMap((kind, i) =>
          i === 0 ? [amount(reference)] : [amount(valueOn(kind)), ratio(valueOn(kind), reference)]
        ),
        figure.budget === undefined ? "" : budgetText(figure.budget, figure),
        // Only throughput has a limit: nothing in the responder waits as a job does.
        figure.unit === "jobs/s" && workload.kind === "running" && workload.withResponder
          ? amount(valueOn(responder))
          : "",
        roundsText(measurements, workload, servers, figure.key),
      ]);
    }
  }
  return markdownTable(header, rows);
}

/**
 * The server's CPU time per job, and how busy the load generator's core was meanwhile; near 100 % means
 * that the load generator was the limit. Empty when no workload had load.
 */
export function effortTable({ measurements, servers }: Results): string {
  const header = [
    "workload",
    ...servers.flatMap(({ title }) => [`${title}: CPU µs per job`, "generator busy"]),
  ];
  const rows = workloadsOf(measurements)
    .filter((workload) =>
      measurements.some((one) =>
        one.workload === workload && SERVER_CPU_US in (one.rounds[0] ?? {})
      )
    )
    .map((workload) => [
      workload.figures[0]!.title,
      ...servers.flatMap((kind) => [
        amount(value(measurements, workload, kind, SERVER_CPU_US)),
        percent(value(measurements, workload, kind, GENERATOR_SHARE)),
      ]),
    ]);
  return rows.length === 0 ? "" : markdownTable(header, rows);
}

/** One line for each failure. */
export function failureLines({ measurements }: Results): string[] {
  return measurements.flatMap(({ workload, server, failure }) =>
    failure === undefined ? [] : [`- not measured: ${workload.name} on ${server.title}: ${failure}`]
  );
}

/** A round on one line, for those who watch. */
export function roundText(workload: Workload, outcome: Figures | string): string {
  if (typeof outcome === "string") return outcome;
  const own = workload.figures.map(({ key, unit }) =>
    `${key} ${amount(outcome[key] ?? NaN)} ${unit}`
  );
  const cpu = outcome[SERVER_CPU_US];
  const busy = outcome[GENERATOR_SHARE];
  const effort = cpu === undefined || busy === undefined
    ? []
    : [`server ${amount(cpu)} µs/job`, `generator ${percent(busy)} busy`];
  return [...own, ...effort].join(", ");
}

function workloadsOf(measurements: readonly Measurement[]): Workload[] {
  return [...new Set(measurements.map(({ workload }) => workload))];
}

/** Median over the rounds; NaN when there is none. */
function value(
  measurements: readonly Measurement[],
  workload: Workload,
  server: ServerKind,
  key: string,
): number {
  const own = measurements.find((one) => one.workload === workload && one.server === server);
  return median(own?.rounds.flatMap((round) => round[key] ?? []) ?? []);
}

/** How many rounds, and how far they lay apart on the server where that was worst. */
function roundsText(
  measurements: readonly Measurement[],
  workload: Workload,
  servers: readonly ServerKind[],
  key: string,
): string {
  const own = measurements.filter((one) =>
    one.workload === workload && servers.includes(one.server)
  );
  const rounds = Math.max(...own.map((one) => one.rounds.length));
  const spreads = own.map((one) => spread(one.rounds.flatMap((round) => round[key] ?? [])))
    .filter(Number.isFinite);
  return rounds < 2 || spreads.length === 0
    ? `${rounds}`
    : `${rounds}, ± ${percent(Math.max(...spreads))}`;
}

function budgetText({ deno, bun, measure }: Budget, { better, unit }: Figure): string {
  const sign = better === "higher" ? "≥" : "≤";
  const of = (amountOf: number) =>
    measure === "ratio" ? `${sign} ${amountOf}×` : `${sign} ${amount(amountOf)} ${unit}`;
  return deno === bun ? of(deno) : `${of(deno)} / ${of(bun)}`;
}
