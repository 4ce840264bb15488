import { ambiguousOption, withFullNames } from "../abbreviations.ts";
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
  const mayMean = (typed: string) => candidates(typed, specs);
  const given = parseWords(withFullNames(words, specs, mayMean), specs, {
    otherWords: "ignore",
    explain: (word) => ambiguousOption(word, mayMean) ?? unknown(word),
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

function unknown(word: string): CliError {
  return new CliError("UNKNOWN_OPTION", `unrecognised option '${word}'`);
}
