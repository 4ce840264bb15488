/** One option of a command line, with its value if it takes one. */
export interface ShortOption {
  readonly letter: string;
  readonly value: string | undefined;
}

/** Words cut up as getopt(3) does. */
export interface ShortOptions {
  readonly options: readonly ShortOption[];
  /** Words that are no options, wherever they stood. */
  readonly operands: readonly string[];
  /** There was a letter that is no option, or an option's value was missing. */
  readonly wrong: boolean;
}

/**
 * Cuts words up by getopt's rules: one-letter options, several in one word, values joined or in the next word
 * (whatever that begins with); `--` ends the options; other words may stand between them. Mistakes do not end
 * the reading. (`parseArgs` of node:util reads `-x -y` and `--name` in other ways.)
 */
export function getopt(
  words: readonly string[],
  isKnown: (letter: string) => "switch" | "value" | undefined,
): ShortOptions {
  const options: ShortOption[] = [];
  const operands: string[] = [];
  let wrong = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "--") {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    for (let letterAt = 1; letterAt < word.length; letterAt++) {
      const letter = word[letterAt]!;
      const kind = isKnown(letter);
      wrong ||= kind === undefined;
      if (kind === undefined) continue;
      if (kind === "switch") {
        options.push({ letter, value: undefined });
        continue;
      }
      const value = letterAt + 1 < word.length ? word.slice(letterAt + 1) : words[++at];
      wrong ||= value === undefined;
      if (value !== undefined) options.push({ letter, value });
      break;
    }
  }
  return { options, operands, wrong };
}
