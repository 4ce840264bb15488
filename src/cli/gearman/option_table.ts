import type { OptionSpec } from "../option_spec.ts";

const COMMON = "Common options to both client and worker modes";
const CLIENT = "Client options";
const WORKER = "Worker options";

/** An option of `gearman`: one letter, no long name. */
export interface LetterOption extends Pick<OptionSpec, "group" | "valueName" | "help"> {
  readonly letter: string;
}

/** Letters, values and words of gearman 1.1.20 (command line section 5). */
export const GEARMAN_OPTIONS: readonly LetterOption[] = [
  {
    letter: "f",
    valueName: "function",
    group: COMMON,
    help: "Function name to use for jobs (can give many)",
  },
  { letter: "h", valueName: "host", group: COMMON, help: "Job server host" },
  { letter: "H", group: COMMON, help: "Print this help menu" },
  { letter: "v", group: COMMON, help: "Print diagnostic information to stdout" },
  { letter: "p", valueName: "port", group: COMMON, help: "Job server port" },
  { letter: "t", valueName: "timeout", group: COMMON, help: "Timeout in milliseconds" },
  { letter: "i", valueName: "pidfile", group: COMMON, help: "Create a pidfile for the process" },
  { letter: "S", group: COMMON, help: "Enable SSL connections" },
  { letter: "b", group: CLIENT, help: "Run jobs in the background" },
  { letter: "I", group: CLIENT, help: "Run jobs as high priority" },
  { letter: "L", group: CLIENT, help: "Run jobs as low priority" },
  { letter: "n", group: CLIENT, help: "Run one job per line" },
  { letter: "N", group: CLIENT, help: "Same as -n, but strip off the newline" },
  { letter: "P", group: CLIENT, help: "Prefix all output lines with functions names" },
  { letter: "s", group: CLIENT, help: "Send job without reading from standard input" },
  { letter: "u", valueName: "unique", group: CLIENT, help: "Unique key to use for job" },
  {
    letter: "c",
    valueName: "count",
    group: WORKER,
    help: "Number of jobs for worker to run before exiting",
  },
  { letter: "n", group: WORKER, help: "Send data packet for each line" },
  { letter: "N", group: WORKER, help: "Same as -n, but strip off the newline" },
  { letter: "w", group: WORKER, help: "Run in worker mode" },
];

/** Taken, but not in gearman's help: detach from the terminal. */
export const HIDDEN_LETTERS: readonly string[] = ["d"];

/** Options whose state the help shows. */
const SHOWS_STATE = "vbnNw";
const LEFT_COLUMN = 14;

/** gearman's help, byte for byte. `reason` is what was wrong; `isOn` tells of the switches given. */
export function usageText(
  program: string,
  reason: string,
  isOn: (letter: string) => boolean,
): string {
  const lines = [
    "",
    `${program}\tError in usage(${reason}).`,
    "",
    `Client mode: ${program} [options] [<data>]`,
    `Worker mode: ${program} -w [options] [<command> [<args> ...]]`,
  ];
  for (const heading of [COMMON, CLIENT, WORKER]) {
    lines.push("", heading === COMMON ? `${heading}.` : `${heading}:`);
    for (const { letter, valueName, group, help } of GEARMAN_OPTIONS) {
      if (group !== heading) continue;
      const left = valueName === undefined ? `-${letter}` : `-${letter} <${valueName}>`;
      // -N switches -n on, too.
      const on = isOn(letter) || (letter === "n" && isOn("N"));
      const state = SHOWS_STATE.includes(letter) ? `(${on})` : "";
      lines.push(`\t${left.padEnd(LEFT_COLUMN)}- ${help}${state}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
