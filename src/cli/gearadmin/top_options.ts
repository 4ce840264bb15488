import type { OptionSpec } from "../option_spec.ts";
import { serverOptions } from "./server_options.ts";

const GROUP = "Options";

export const TOP_OPTIONS: readonly OptionSpec[] = [
  ...serverOptions(GROUP),
  {
    name: "interval",
    kind: "text",
    group: GROUP,
    valueName: "SECONDS",
    default: "2",
    help: "Pause between two looks, from 0.1.",
  },
  {
    name: "count",
    kind: "count",
    group: GROUP,
    valueName: "N",
    help: "End after N looks. Default: on q, Ctrl-C, or never.",
  },
];

export const TOP_HEAD = `Usage: cogd gearadmin top [options]

Shows functions, jobs and workers of a server, the functions with most waiting
jobs first. On a terminal the view stays in its place, and q ends it; elsewhere
one view is printed below the other.
`;
