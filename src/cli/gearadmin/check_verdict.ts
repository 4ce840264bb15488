import { type Figure, FIGURES } from "./check_options.ts";
import type { FunctionRow } from "./rows.ts";

/** Exit codes of Nagios plugins. */
export const CheckState = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
export type CheckState = (typeof CheckState)[keyof typeof CheckState];

export interface Threshold {
  readonly warning: number | undefined;
  readonly critical: number | undefined;
}

export type Thresholds = Readonly<Record<Figure, Threshold>>;

/** What is checked: the sums, some functions, or each of them. */
export type Subject = "all" | "each" | readonly string[];

export interface Verdict {
  readonly state: CheckState;
  /** The plugin's line, with its LF. */
  readonly text: string;
}

interface Counted {
  /** Undefined: the sums of all functions. */
  readonly name: string | undefined;
  readonly counts: Readonly<Record<Figure, number>>;
}

const NAMES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"] as const;

/** Judges a server's functions. */
export function judge(
  rows: readonly FunctionRow[],
  subject: Subject,
  thresholds: Thresholds,
): Verdict {
  const counted = countedOf(rows, subject);
  let state: CheckState = CheckState.OK;
  const complaints: string[] = [];
  for (const { name, counts } of counted) {
    for (const figure of FIGURES) {
      const own = stateOf(figure, counts[figure], thresholds[figure]);
      if (own === CheckState.OK) continue;
      if (own > state) state = own;
      complaints.push(complaint(name, figure, counts[figure], thresholds[figure], own));
    }
  }
  const [sums] = countedOf(rows, "all");
  const summary = `${rows.length} functions, ${sums!.counts.waiting} jobs waiting, ` +
    `${sums!.counts.running} running, ${sums!.counts.workers} workers`;
  const said = complaints.length === 0 ? summary : complaints.join(", ");
  const data = counted.flatMap((one) => performanceData(one, thresholds));
  return { state, text: line(state, said, data) };
}

/** The plugin's line where there was nothing to judge. */
export function line(state: CheckState, said: string, data: readonly string[] = []): string {
  const performance = data.length === 0 ? "" : ` | ${data.join(" ")}`;
  // A bar would begin the performance data, an LF the long text.
  const safe = said.replace(/[|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
  return `GEARMAN ${NAMES[state]} - ${safe}${performance}\n`;
}

/** A function that the server does not know has nothing waiting, and nobody who works for it. */
function countedOf(rows: readonly FunctionRow[], subject: Subject): Counted[] {
  if (subject === "each") {
    return rows.map((row) => ({ name: row.function, counts: countsOf([row]) }));
  }
  if (subject === "all") return [{ name: undefined, counts: countsOf(rows) }];
  return subject.map((name) => ({
    name,
    counts: countsOf(rows.filter((row) => row.function === name)),
  }));
}

function countsOf(rows: readonly FunctionRow[]): Counted["counts"] {
  const sum = (of: (row: FunctionRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    waiting: Math.max(0, sum(({ total, running }) => total - running)),
    running: sum(({ running }) => running),
    workers: sum(({ workers }) => workers),
  };
}

function stateOf(figure: Figure, count: number, { warning, critical }: Threshold): CheckState {
  const over = (limit: number | undefined) =>
    limit !== undefined && (figure === "workers" ? count < limit : count > limit);
  return over(critical) ? CheckState.CRITICAL : over(warning) ? CheckState.WARNING : CheckState.OK;
}

function complaint(
  name: string | undefined,
  figure: Figure,
  count: number,
  { warning, critical }: Threshold,
  state: CheckState,
): string {
  const limit = state === CheckState.CRITICAL ? critical : warning;
  const what = figure === "workers" ? "workers" : `jobs ${figure}`;
  const than = figure === "workers" ? "fewer" : "more";
  return `${name === undefined ? "" : `${name}: `}${count} ${what} (${than} than ${limit})`;
}

/** `'label'=value;warn;crit;min`: limits are ranges of what is well, `N` from 0 to N, `N:` from N on. */
function performanceData({ name, counts }: Counted, thresholds: Thresholds): string[] {
  return FIGURES.map((figure) => {
    const { warning, critical } = thresholds[figure];
    const range = (limit: number | undefined) =>
      limit === undefined ? "" : figure === "workers" ? `${limit}:` : `${limit}`;
    const label = name === undefined ? figure : labelOf(`${name}.${figure}`);
    return `${label}=${counts[figure]};${range(warning)};${range(critical)};0`;
  });
}

/** Labels must not hold an equals sign; a quote in them is doubled. */
function labelOf(text: string): string {
  const safe = text.replace(/[=|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "_").replaceAll("'", "''");
  return /[\s']/.test(safe) ? `'${safe}'` : safe;
}
