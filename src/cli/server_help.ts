import { helpText, optionLines } from "./help.ts";
import type { OptionSpec } from "./option_spec.ts";

const OVERVIEW_HEAD = `Usage: cogd [options]       a job server that takes the place of gearmand
       cogd COMMAND ...     another part (cogd help COMMAND says more):
  serve       the job server; the same as no command
  gearman     submit jobs, or do them with any program
  gearadmin   look at servers and change them; top and check
  work        run programs as workers, from a configuration
  export      write the queue back into C gearmand's own form
  token       tokens for the HTTP side
  completion  completion for bash, zsh and fish

Options that most need (cogd help GROUP for others, cogd help all for all):
`;

/** What most need, in the words of a single line. */
const OVERVIEW: Readonly<Record<string, string>> = {
  "port": "Port of jobs.",
  "listen": "Address; may be repeated. Default: all.",
  "ssl": "TLS (cogd help tls).",
  "queue": "Where jobs are kept: mysql:// and others.",
  "data-dir": "Where they are kept otherwise, on SQLite.",
  "http-port": "Port of HTTP, on this machine; --no-http.",
  "config-file": "File with more options.",
  "daemon": "Run in the background.",
  "log-file": "A file, stderr or none.",
  "verbose": "From FATAL to DEBUG.",
};

const WIDTH = 80;
const GROUPS = "Groups:";

/** Name of the group that shows everything. */
export const ALL_GROUPS = "all";

/** The text of `cogd --help`: a screen. */
export function overviewText(specs: readonly OptionSpec[]): string {
  const lines = Object.entries(OVERVIEW).flatMap(([name, help]) =>
    specs.filter((spec) => spec.name === name).flatMap((spec) => optionLines({ ...spec, help }))
  );
  return `${OVERVIEW_HEAD}${lines.join("\n")}\n${groupLines([...helpGroups(specs).keys()])}\n`;
}

/** The options of the server by the names under which `cogd help` shows them. */
export function helpGroups(specs: readonly OptionSpec[]): Map<string, OptionSpec[]> {
  const groups = new Map<string, OptionSpec[]>();
  for (const spec of specs) {
    if (spec.hidden === true) continue;
    const name = groupName(spec.group);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [spec]);
    else group.push(spec);
  }
  return groups;
}

/** The text of `cogd help GROUP`; undefined when there is no such group. */
export function groupText(specs: readonly OptionSpec[], name: string): string | undefined {
  const group = name === ALL_GROUPS ? specs : helpGroups(specs).get(name);
  return group === undefined ? undefined : helpText(group, "Usage: cogd [options]\n");
}

/** `Queue mysql` is `mysql`, `HTTP calls` stands with `HTTP`. */
function groupName(heading: string): string {
  const [first, ...others] = heading.toLowerCase().split(" ");
  return first === "queue" && others.length > 0 ? others.join(" ") : first!;
}

function groupLines(names: readonly string[]): string {
  const lines = [GROUPS];
  for (const name of names) {
    const line = lines.at(-1)!;
    if (line.length + 1 + name.length <= WIDTH) lines[lines.length - 1] = `${line} ${name}`;
    else lines.push(`  ${name}`);
  }
  return lines.join("\n");
}
