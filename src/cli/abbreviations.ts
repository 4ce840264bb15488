/** Long options by their beginnings, as gearmand's parser takes them in places. */

import { CliError } from "./cli_error.ts";
import type { OptionSpec } from "./option_spec.ts";

/** The names that an option may mean which was typed like this. */
export type Candidates = (typed: string) => readonly string[];

const LONG_OPTION = /^--([^=]+)(.*)$/s;

/** The words with the one name that each unambiguous beginning can mean. Values stay as they are. */
export function withFullNames(
  words: readonly string[],
  specs: readonly OptionSpec[],
  candidates: Candidates,
): string[] {
  let isValue = false;
  let over = false;
  return words.map((word) => {
    over ||= word === "--" && !isValue;
    if (over) return word;
    const [, typed, rest] = LONG_OPTION.exec(word) ?? [];
    const exact = specs.some(({ name }) => name === typed);
    const matches = typed === undefined ? [] : candidates(typed);
    const full = isValue || exact || matches.length !== 1 ? word : `--${matches[0]}${rest}`;
    isValue = !isValue && takesNextWord(full, specs);
    return full;
  });
}

function takesNextWord(word: string, specs: readonly OptionSpec[]): boolean {
  if (word.startsWith("--")) {
    return specs.some(({ name, kind }) => `--${name}` === word && kind !== "switch");
  }
  if (!word.startsWith("-") || word === "-") return false;
  const kinds = [...word.slice(1)].map((letter) =>
    specs.find(({ short }) => short === letter)?.kind
  );
  return kinds.findIndex((kind) => kind !== "switch") === kinds.length - 1;
}

/** The reference's words for an option that may mean several; undefined for one that does not. */
export function ambiguousOption(word: string, candidates: Candidates): CliError | undefined {
  const typed = LONG_OPTION.exec(word)?.[1];
  const matches = typed === undefined ? [] : [...candidates(typed)].sort();
  if (matches.length < 2) return undefined;
  const quoted = matches.map((name) => `'--${name}'`);
  const most = quoted.slice(0, -1).join(", ");
  return new CliError(
    "AMBIGUOUS_OPTION",
    `option '${word}' is ambiguous and matches ${most}, and ${quoted.at(-1)}`,
  );
}
