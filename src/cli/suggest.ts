import { closestMatch } from "leven";
import type { OptionSpec } from "./option_spec.ts";

/** Names that differ by more letters than this, or by more than half of what was typed, are no help. */
const FARTHEST = 3;

/**
 * The option that was probably meant by a word that is none, as it should be written: `--port` for
 * `--prot`, `-port` or `port=4731`; undefined when nothing is near.
 */
export function nearestOption(word: string, specs: readonly OptionSpec[]): string | undefined {
  if (/^-v+$/.test(word)) return "--verbose";
  const typed = word.replace(/^-+/, "").split("=")[0]!.toLowerCase();
  if (typed.length < 2) return otherCase(typed, word, specs);
  const names = specs.filter((spec) => spec.hidden !== true).map((spec) => spec.name);
  const maxDistance = Math.min(FARTHEST, Math.floor(typed.length / 2));
  const near = closestMatch(typed, names, { maxDistance }) ??
    names.find((name) => name.startsWith(typed));
  return near === undefined ? undefined : `--${near}`;
}

/** `-d` for `-D`. */
function otherCase(
  letter: string,
  word: string,
  specs: readonly OptionSpec[],
): string | undefined {
  if (!word.startsWith("-") || letter === "") return undefined;
  const match = specs.find((spec) => spec.short?.toLowerCase() === letter);
  return match?.short === undefined ? undefined : `-${match.short}`;
}
