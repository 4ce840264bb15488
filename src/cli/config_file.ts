import { readFileSync } from "node:fs";
import { CliError } from "./cli_error.ts";
import type { OptionSpec } from "./option_spec.ts";
import { type GivenOption, type OtherWord, parseWords } from "./parse.ts";

/**
 * The options in a configuration file (command line section 2): its text is split at spaces and line
 * ends, and the words are read like a command line. There are no quotes and no comments; words that
 * are neither options nor values are left out, which makes `# text` harmless. Throws `CliError`.
 */
export function parseConfigText(
  text: string,
  specs: readonly OptionSpec[],
): (GivenOption | OtherWord)[] {
  const allowed = specs.filter((spec) => spec.commandLineOnly !== true);
  const words = text.split(/[ \r\n]+/).filter((word) => word !== "");
  const names = allowed.filter((spec) => spec.own !== true).map((spec) => spec.name).sort();
  return parseWords(withFullNames(words, names, allowed), allowed, {
    otherWords: "ignore",
    explain: (word) => ambiguousOption(word, names),
  });
}

/** The text of a configuration file that must be there. Throws `CliError`. */
export function readConfigFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CliError("CONFIG_FILE", "Could not open configuration file.", { cause });
  }
}

/** The text of the first of these files that exists, with its path; undefined when there is none. */
export function readDefaultConfigFile(
  paths: readonly string[],
): { readonly path: string; readonly text: string } | undefined {
  for (const path of paths) {
    try {
      return { path, text: readFileSync(path, "utf8") };
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") continue;
      throw new CliError("CONFIG_FILE", `Could not open configuration file. (${path})`, { cause });
    }
  }
  return undefined;
}

/**
 * gearmand takes unambiguous beginnings of long names in a configuration file, though not on the
 * command line (observed). Only its own options can be meant: ours must not make them ambiguous.
 */
function withFullNames(
  words: readonly string[],
  names: readonly string[],
  specs: readonly OptionSpec[],
): string[] {
  let isValue = false;
  return words.map((word) => {
    const [, typed, rest] = LONG_OPTION.exec(word) ?? [];
    const exact = specs.some((spec) => spec.name === typed);
    const matches = typed === undefined ? [] : names.filter((name) => name.startsWith(typed));
    const full = isValue || exact || matches.length !== 1 ? word : `--${matches[0]}${rest}`;
    isValue = !isValue && takesNextWord(full, specs);
    return full;
  });
}

const LONG_OPTION = /^--([^=]+)(.*)$/s;

function takesNextWord(word: string, specs: readonly OptionSpec[]): boolean {
  if (word.startsWith("--")) {
    return specs.some((spec) => `--${spec.name}` === word && spec.kind !== "switch");
  }
  if (!word.startsWith("-") || word === "-") return false;
  const kinds = [...word.slice(1)].map((letter) =>
    specs.find((spec) => spec.short === letter)?.kind
  );
  return kinds.findIndex((kind) => kind !== "switch") === kinds.length - 1;
}

function ambiguousOption(word: string, names: readonly string[]): CliError | undefined {
  const typed = LONG_OPTION.exec(word)?.[1];
  const matches = typed === undefined ? [] : names.filter((name) => name.startsWith(typed));
  if (matches.length < 2) return undefined;
  const quoted = matches.map((name) => `'--${name}'`);
  return new CliError(
    "AMBIGUOUS_OPTION",
    `option '${word}' is ambiguous and matches ${quoted.slice(0, -1).join(", ")}, and ${
      quoted.at(-1)
    }`,
  );
}
