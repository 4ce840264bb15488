import { CliError } from "../cli_error.ts";
import type { OptionSpec } from "../option_spec.ts";
import { OptionValues } from "../option_values.ts";
import { parseWords } from "../parse.ts";

/**
 * Reads words by the rules of the reference's parser: those of the server's command line, but unambiguous
 * beginnings of long names will do, and words that are no options mean nothing. Throws `CliError` with the
 * reference's text.
 */
export function readOptions(words: readonly string[], specs: readonly OptionSpec[]): OptionValues {
  const values = new OptionValues(specs);
  const given = parseWords(withFullNames(words, specs), specs, {
    otherWords: "ignore",
    explain: (word) => ambiguous(word, specs) ?? unknown(word),
  });
  values.add(given);
  return values;
}

/** Only options of the reference can be meant by their beginnings, where one of them can: ours came later. */
function candidates(typed: string, specs: readonly OptionSpec[]): string[] {
  const matches = specs.filter(({ name }) => name.startsWith(typed));
  const reference = matches.filter(({ own }) => own !== true);
  return (reference.length > 0 ? reference : matches).map(({ name }) => name);
}

function withFullNames(words: readonly string[], specs: readonly OptionSpec[]): string[] {
  let isValue = false;
  let over = false;
  return words.map((word) => {
    over ||= word === "--" && !isValue;
    if (over) return word;
    const [, typed, rest] = LONG_OPTION.exec(word) ?? [];
    const exact = specs.some(({ name }) => name === typed);
    const matches = typed === undefined ? [] : candidates(typed, specs);
    const full = isValue || exact || matches.length !== 1 ? word : `--${matches[0]}${rest}`;
    isValue = !isValue && takesNextWord(full, specs);
    return full;
  });
}

const LONG_OPTION = /^--([^=]+)(.*)$/s;

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

function ambiguous(word: string, specs: readonly OptionSpec[]): CliError | undefined {
  const typed = LONG_OPTION.exec(word)?.[1];
  const matches = typed === undefined ? [] : candidates(typed, specs).sort();
  if (matches.length < 2) return undefined;
  const quoted = matches.map((name) => `'--${name}'`);
  const most = quoted.slice(0, -1).join(", ");
  return new CliError(
    "AMBIGUOUS_OPTION",
    `option '${word}' is ambiguous and matches ${most}, and ${quoted.at(-1)}`,
  );
}

function unknown(word: string): CliError {
  return new CliError("UNKNOWN_OPTION", `unrecognised option '${word}'`);
}
