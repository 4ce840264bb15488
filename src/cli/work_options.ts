import type { OptionSpec } from "./option_spec.ts";
import { PROCESS_OPTIONS } from "./process_options.ts";

const GROUP = "Work";

/** Options of `cogd work`. */
export const WORK_OPTIONS: readonly OptionSpec[] = [
  {
    name: "config",
    short: "c",
    kind: "text",
    group: GROUP,
    valueName: "FILE",
    help: "Functions and their programs, in TOML (docs/work.md).",
  },
  {
    name: "check",
    kind: "switch",
    group: GROUP,
    help: "Say what would run and exit: with 1 when something is wrong.",
  },
  {
    name: "host",
    short: "h",
    kind: "text",
    group: GROUP,
    valueName: "HOST",
    help: "Without a file: a server, HOST or HOST:PORT. May be repeated. [127.0.0.1]",
    repeatable: true,
  },
  {
    name: "port",
    short: "p",
    kind: "uint16",
    group: GROUP,
    valueName: "PORT",
    default: "4730",
    help: "Without a file: port of servers that were given without one.",
  },
  {
    name: "ssl",
    short: "S",
    kind: "switch",
    group: GROUP,
    help: "Without a file: TLS, with the files of `gearman -S` (docs/tools.md).",
  },
  {
    name: "function",
    kind: "text",
    group: GROUP,
    valueName: "NAME",
    help: "Without a file: a function; its --command follows. May be repeated.",
    repeatable: true,
  },
  {
    name: "command",
    kind: "text",
    group: GROUP,
    valueName: "LINE",
    help: "A command for the shell: workload on stdin, result on stdout.",
    repeatable: true,
  },
  {
    name: "processes",
    kind: "count",
    group: GROUP,
    valueName: "N",
    help: "Without a file: jobs of each function at once. [1]",
  },
  {
    name: "timeout",
    kind: "text",
    group: GROUP,
    valueName: "TIME",
    help: "Without a file: longest time for a job, as 30s, 5m, 2h. [no limit]",
  },
  ...["daemon", "pid-file"].map(processOption),
  {
    ...processOption("log-file"),
    help: "A file, stderr or none. Default: stderr; --daemon needs one.",
  },
  { ...processOption("verbose"), default: "NOTICE" },
  { name: "help", kind: "switch", group: "Process", help: "Print this help." },
];

export const WORK_HEAD = `Usage: cogd work --config FILE [options]
       cogd work [-h HOST] --function NAME --command LINE [options]

Does jobs by running programs. TERM and INT finish what runs and stop; a second
one stops at once. HUP opens the log file anew and takes over a changed FILE.
`;

function processOption(name: string): OptionSpec {
  return PROCESS_OPTIONS.find((spec) => spec.name === name)!;
}
