import type { OptionSpec } from "../option_spec.ts";
import { serverOptions } from "./server_options.ts";

const GROUP = "Options";

/** The figures that have thresholds: too many jobs, too few workers. */
export const FIGURES = ["waiting", "running", "workers"] as const;
export type Figure = (typeof FIGURES)[number];

export const CHECK_OPTIONS: readonly OptionSpec[] = [
  ...serverOptions(GROUP),
  {
    name: "function",
    short: "f",
    kind: "text",
    group: GROUP,
    valueName: "NAME",
    help: "Check this function (can give many). Default: the sums of all.",
    repeatable: true,
  },
  {
    name: "each",
    kind: "switch",
    group: GROUP,
    help: "Check every function that the server knows, one by one.",
  },
  ...thresholds("waiting", "jobs wait"),
  ...thresholds("running", "jobs run"),
  ...thresholds("workers", "workers are there"),
  {
    name: "timeout",
    short: "t",
    kind: "count",
    group: GROUP,
    valueName: "SECONDS",
    default: "10",
    help: "How long it may take in all.",
  },
];

function thresholds(figure: Figure, what: string): OptionSpec[] {
  const than = figure === "workers" ? "fewer" : "more";
  return (["warning", "critical"] as const).map((level) => ({
    name: `${figure}-${level}`,
    kind: "count" as const,
    group: GROUP,
    valueName: "N",
    help: `${level.toUpperCase()} when ${than} than N ${what}.`,
  }));
}

export const CHECK_HEAD = `Usage: cogd gearadmin check [options]

A plugin for Nagios and its kin: one line with performance data, and exit code
0 (OK), 1 (WARNING), 2 (CRITICAL, also when the server does not answer) or 3
(UNKNOWN: a mistake on the command line).
`;
