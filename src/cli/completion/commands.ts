import type { StorePlugin } from "../../plugin_api/mod.ts";
import { CHECK_OPTIONS, GEARADMIN_OPTIONS, TOP_OPTIONS } from "../gearadmin/mod.ts";
import { GEARMAN_OPTIONS } from "../gearman/mod.ts";
import { VERBOSITIES } from "../log_level.ts";
import type { OptionSpec } from "../option_spec.ts";
import { allOptions } from "../options.ts";
import { ALL_GROUPS, helpGroups } from "../server_help.ts";
import { WORK_OPTIONS } from "../work_options.ts";
import { EXPORT_OPTIONS } from "../export_role.ts";
import { TOKEN_OPTIONS, TOKEN_WORDS } from "../token_role.ts";

/** An option as a shell completes it. */
export interface CompletedOption {
  /** With its dashes: `--port`, `-p`. */
  readonly word: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** What the value may be; empty: a file, or anything. */
  readonly choices: readonly string[];
}

/** A command, with what may stand behind it. */
export interface CompletedCommand {
  /** `serve`, `gearadmin check`. */
  readonly name: string;
  readonly help: string;
  readonly options: readonly CompletedOption[];
  /** Words that may come first behind it. */
  readonly words: readonly string[];
}

/** The shells whose completion there is. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** All commands behind `cogd`, the job server first: its options need no word in front. */
export function completedCommands(plugins: readonly StorePlugin[]): CompletedCommand[] {
  const choices = {
    "verbose": VERBOSITIES,
    "queue-type": plugins.map(({ name }) => name),
    "to": ["gearmand", "gearmand-2"],
  };
  const from = (specs: readonly OptionSpec[]) => specs.flatMap((spec) => optionsOf(spec, choices));
  const server = from(allOptions(plugins));
  return [
    command("serve", "the job server", server),
    command("gearman", "submit jobs, or do them", letterOptions()),
    command("gearadmin", "look at servers and change them", from(GEARADMIN_OPTIONS), [
      "top",
      "check",
    ]),
    command("gearadmin top", "live view of functions and workers", from(TOP_OPTIONS)),
    command("gearadmin check", "check for Nagios and its kin", from(CHECK_OPTIONS)),
    command("work", "run programs as workers", from(WORK_OPTIONS)),
    command("export", "write the queue back for gearmand", [...from(EXPORT_OPTIONS), ...server]),
    command("token", "tokens for HTTP", [], TOKEN_WORDS),
    ...TOKEN_WORDS.map((word) => command(`token ${word}`, "", from(TOKEN_OPTIONS))),
    command("completion", "completion for shells", [], SHELLS),
    command("help", "help for a command or a group of options", [], [
      "serve",
      "gearman",
      "gearadmin",
      "work",
      "export",
      "token",
      "completion",
      ...helpGroups(allOptions(plugins)).keys(),
      ALL_GROUPS,
    ]),
  ];
}

function command(
  name: string,
  help: string,
  options: readonly CompletedOption[],
  words: readonly string[] = [],
): CompletedCommand {
  return { name, help, options, words };
}

function optionsOf(
  { name, short, kind, help, hidden }: OptionSpec,
  choices: Readonly<Record<string, readonly string[]>>,
): CompletedOption[] {
  if (hidden === true) return [];
  const common = {
    help,
    takesValue: kind !== "switch",
    choices: choices[name] ?? [],
  };
  const long = { word: `--${name}`, ...common };
  return short === undefined ? [long] : [long, { word: `-${short}`, ...common }];
}

function letterOptions(): CompletedOption[] {
  const byLetter = new Map(GEARMAN_OPTIONS.map((option) => [option.letter, option]));
  return [...byLetter.values()].map(({ letter, valueName, help }) => ({
    word: `-${letter}`,
    help,
    takesValue: valueName !== undefined,
    choices: [],
  }));
}
