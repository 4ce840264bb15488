import type { Measurement } from "./measurements.ts";
import type { ServerKind } from "./server_kinds.ts";
import { median } from "./statistics.ts";
import {
  type Budget,
  type Figure,
  type Figures,
  GENERATOR_SHARE,
  SERVER_CPU_US,
  type Workload,
} from "./workload.ts";

/** Medians as Markdown: a row for each figure, a column for each server, ratios to the first one. */
export function resultTable(
  measurements: readonly Measurement[],
  kinds: readonly ServerKind[],
): string {
  const header = [
    "workload",
    "unit",
    ...kinds.flatMap((kind, i) => i === 0 ? [kind.title] : [kind.title, "ratio"]),
    "budget Deno / Bun",
  ];
  const rows: string[][] = [];
  for (const workload of new Set(measurements.map(({ workload }) => workload))) {
    const byServer = kinds.map((kind) =>
      measurements.find((one) => one.workload === workload && one.server === kind)!
    );
    for (const figure of workload.figures) {
      const values = byServer.map((one) => medianOf(one, figure.key));
      rows.push([
        figure.title,
        figure.unit,
        ...values.flatMap((value, i) =>
          i === 0 ? [amount(value)] : [amount(value), ratio(value, values[0]!)]
        ),
        figure.budget === undefined ? "" : budgetText(figure.budget, figure),
      ]);
    }
  }
  return markdownTable(header, rows);
}

/** Where the time went: the server's CPU time per job and how busy the load generator's core was. */
export function effortTable(
  measurements: readonly Measurement[],
  kinds: readonly ServerKind[],
): string {
  const header = [
    "workload",
    ...kinds.flatMap((kind) => [`${kind.title}: CPU µs/job`, "generator busy"]),
  ];
  const rows: string[][] = [];
  for (const workload of new Set(measurements.map(({ workload }) => workload))) {
    const byServer = kinds.map((kind) =>
      measurements.find((one) => one.workload === workload && one.server === kind)!
    );
    if (!byServer.some((one) => one.rounds.some((round) => SERVER_CPU_US in round))) continue;
    rows.push([
      workload.figures[0]!.title,
      ...byServer.flatMap((one) => [
        amount(medianOf(one, SERVER_CPU_US)),
        percent(medianOf(one, GENERATOR_SHARE)),
      ]),
    ]);
  }
  return rows.length === 0 ? "" : markdownTable(header, rows);
}

/** One sentence for each failure. */
export function failureLines(measurements: readonly Measurement[]): string[] {
  return measurements.flatMap(({ workload, server, failure }) =>
    failure === undefined ? [] : [`${workload.name} on ${server.title}: ${failure}`]
  );
}

/** Three significant digits; thousands as `k`. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (Math.abs(value) >= 1e4) return `${Number((value / 1000).toPrecision(3))} k`;
  return `${Number(value.toPrecision(3))}`;
}

function ratio(value: number, reference: number): string {
  const quotient = value / reference;
  return Number.isFinite(quotient) ? `${Number(quotient.toPrecision(3))}×` : "–";
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

function budgetText({ deno, bun, measure }: Budget, figure: Figure): string {
  const sign = figure.better === "higher" ? "≥" : "≤";
  const unit = measure === "ratio" ? "×" : ` ${figure.unit}`;
  return `${sign} ${deno}${unit} / ${sign} ${bun}${unit}`;
}

function medianOf(measurement: Measurement, key: string): number {
  return median(measurement.rounds.flatMap((round) => round[key] ?? []));
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A round on one line, for those who watch. */
export function roundText(workload: Workload, outcome: Figures | string): string {
  if (typeof outcome === "string") return outcome;
  const own = workload.figures.map(({ key, unit }) =>
    `${key} ${amount(outcome[key] ?? NaN)} ${unit}`
  );
  const effort = SERVER_CPU_US in outcome
    ? [
      `server ${amount(outcome[SERVER_CPU_US]!)} µs/job`,
      `generator ${percent(outcome[GENERATOR_SHARE]!)}`,
    ]
    : [];
  return [...own, ...effort].join(", ");
}
