import type { OptionSpec } from "../option_spec.ts";

/** Options of gearadmin 1.1.20, in the order of its help (command line section 6). */
export const REFERENCE_OPTIONS: readonly OptionSpec[] = [
  reference("help", "switch", "Options related to the program."),
  { ...reference("host", "text", "Connect to the host"), short: "h", default: "localhost" },
  {
    ...reference("port", "text", "Port number or service to use for connection"),
    short: "p",
    default: "4730",
  },
  reference("server-version", "switch", "Fetch the version number for the server."),
  reference("server-verbose", "switch", "Fetch the verbose setting for the server."),
  reference("create-function", "text", "Create the function from the server."),
  reference("cancel-job", "text", "Remove a given job from the server's queue"),
  reference("drop-function", "text", "Drop the function from the server."),
  reference("show-unique-jobs", "switch", "Show unique IDs of jobs on the server."),
  reference("show-jobs", "switch", "Show all jobs on the server."),
  reference("getpid", "switch", "Get Process ID for the server."),
  reference("status", "switch", "Status for the server."),
  reference("priority-status", "switch", "Queued jobs status by priority."),
  reference("workers", "switch", "Workers for the server."),
  { ...reference("ssl", "switch", "Enable SSL connections."), short: "S" },
];

function reference(name: string, kind: OptionSpec["kind"], help: string): OptionSpec {
  return { name, kind, group: "Options", help, ...(kind === "text" ? { valueName: "arg" } : {}) };
}

/** What the reference does not have. */
export const MORE_OPTIONS: readonly OptionSpec[] = [
  {
    name: "maxqueue",
    kind: "text",
    group: "More than gearadmin has",
    valueName: "F=N[,N[,N]]",
    help: "Limit the queue of F; F= takes it away.",
    own: true,
  },
  {
    name: "json",
    kind: "switch",
    group: "More than gearadmin has",
    help: "Print one line of JSON for each action.",
    own: true,
  },
  {
    name: "timeout",
    kind: "count",
    group: "More than gearadmin has",
    valueName: "SECONDS",
    default: "30",
    help: "How long connecting and each answer may take.",
    own: true,
  },
];

/** All options of the plain form; `top` and `check` have options of their own. */
export const GEARADMIN_OPTIONS: readonly OptionSpec[] = [...REFERENCE_OPTIONS, ...MORE_OPTIONS];

/** The words that stand in the place of actions. */
export const GEARADMIN_WORDS = {
  top: "live view of functions and workers",
  check: "check for Nagios and its kin",
} as const;

const COLUMN = 33;

/** The help: that of the reference, then what it lacks. */
export function gearadminHelp(): string {
  const block = (heading: string, specs: readonly OptionSpec[]) =>
    `${heading}:\n${specs.map(line).join("\n")}\n`;
  const words = Object.entries(GEARADMIN_WORDS)
    .map(([word, what]) => `  ${`${word} [--help]`.padEnd(COLUMN - 2)}${firstUpper(what)}.`);
  return `${block("Options", REFERENCE_OPTIONS)}\n` +
    `${block(MORE_OPTIONS[0]!.group, MORE_OPTIONS)}${words.join("\n")}\n\n`;
}

function line({ name, short, kind, valueName, default: value, help, own }: OptionSpec): string {
  const names = short === undefined ? `--${name}` : `-${short} [ --${name} ]`;
  const argument = kind === "switch" ? "" : ` ${valueName}`;
  const fallback = value === undefined ? "" : ` (=${value})`;
  const left = `  ${names}${argument}${fallback}`;
  return `${left.padEnd(COLUMN)}${own === true && left.length >= COLUMN ? " " : ""}${help}`;
}

function firstUpper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
