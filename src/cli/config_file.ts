import { readFileSync } from "node:fs";
import { ambiguousOption, withFullNames } from "./abbreviations.ts";
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
  // gearmand takes unambiguous beginnings of long names here, though not on the command line (observed).
  // Only its own options can be meant: ours must not make them ambiguous.
  const names = allowed.filter((spec) => spec.own !== true).map((spec) => spec.name);
  const candidates = (typed: string) => names.filter((name) => name.startsWith(typed));
  return parseWords(withFullNames(words, allowed, candidates), allowed, {
    otherWords: "ignore",
    explain: (word) => ambiguousOption(word, candidates),
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
