import { parseArgs } from "node:util";
import { CliError } from "./cli_error.ts";
import type { OptionSpec } from "./option_spec.ts";
import { withoutSecrets } from "./secrets.ts";
import { nearestOption } from "./suggest.ts";

/** One option as it was given. */
export interface GivenOption {
  readonly spec: OptionSpec;
  /** Undefined for switches. */
  readonly value: string | undefined;
}

export interface ParseRules {
  /** Words that are neither options nor values of options: an error, or left out. */
  readonly otherWords: "refuse" | "ignore";
  /** Says better than "unrecognised" what is wrong with a word, where it can. */
  readonly explain?: (word: string) => CliError | undefined;
}

/** A word that is no option: reported only after everything else was cut up, as gearmand does. */
export interface OtherWord {
  readonly otherWord: string;
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/**
 * Cuts words up by gearmand's rules (command line section 1): `--name=value`, `--name value`,
 * `-xvalue`, `-x value`, several short switches in one word; full names only; a value may begin with
 * a dash unless the word is exactly another short option. Throws `CliError` for the first word that
 * breaks them; values are checked later.
 */
export function parseWords(
  words: readonly string[],
  specs: readonly OptionSpec[],
  rules: ParseRules,
): (GivenOption | OtherWord)[] {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const given: (GivenOption | OtherWord)[] = [];
  for (const token of tokens(words, specs)) {
    const word = words[token.index]!;
    if (token.kind === "option") {
      const spec = byName.get(token.name);
      if (spec === undefined) throw rules.explain?.(word) ?? unknownOption(word, specs);
      given.push({ spec, value: valueOf(token, spec, specs) });
    } else if (token.kind === "option-terminator") {
      // Deno takes the second dash of `-R-` for the end of the options.
      if (word !== "--") throw unknownOption(word, specs);
    } else if (rules.otherWords === "refuse") {
      given.push({ otherWord: token.value });
    }
  }
  return given;
}

export function unknownOption(word: string, specs: readonly OptionSpec[]): CliError {
  const quoted = word === "" ? "" : ` '${withoutSecrets(word)}'`;
  return new CliError("UNKNOWN_OPTION", `unrecognised option${quoted}${hintFor(word, specs)}`);
}

function hintFor(word: string, specs: readonly OptionSpec[]): string {
  // gearmand's text calls every word an option; this one was probably meant as a command.
  if (/^[a-z]+$/.test(word)) return " (nor a command: cogd --help lists both)";
  const near = nearestOption(word, specs);
  return near === undefined ? "" : ` (did you mean '${near}'?)`;
}

function tokens(words: readonly string[], specs: readonly OptionSpec[]): Token[] {
  const options = Object.fromEntries(specs.map((spec) => [spec.name, {
    type: spec.kind === "switch" ? "boolean" as const : "string" as const,
    ...(spec.short === undefined ? {} : { short: spec.short }),
  }]));
  const parsed = parseArgs({
    args: [...words],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return parsed.tokens;
}

function valueOf(
  token: OptionToken,
  spec: OptionSpec,
  specs: readonly OptionSpec[],
): string | undefined {
  const { value } = token;
  const long = token.rawName.startsWith("--");
  const nothingFollows = token.inlineValue === true ? long && value === "" : endsInEquals(value);
  if (nothingFollows) {
    throw new CliError(
      "MISSING_ARGUMENT",
      `the argument for option '--${spec.name}' should follow immediately after the equal sign`,
    );
  }
  if (spec.kind === "switch") {
    if (value === undefined) return undefined;
    throw new CliError(
      "UNEXPECTED_ARGUMENT",
      `option '--${spec.name}' does not take any arguments`,
    );
  }
  const isOption = token.inlineValue === false &&
    specs.some(({ short }) => short !== undefined && value === `-${short}`);
  if (value === undefined || isOption) {
    throw new CliError(
      "MISSING_ARGUMENT",
      `the required argument for option '--${spec.name}' is missing`,
    );
  }
  return value;
}

/** gearmand also stumbles over a next word like `--name=`, whatever its name (observed). */
function endsInEquals(value: string | undefined): boolean {
  return value !== undefined && /^--[^=]+=$/.test(value);
}

/**
 * The value of an option, looked up before all options are known; undefined when it is not there. Whether it
 * is well written is for `parseWords` to say.
 */
export function peekOption(
  words: readonly string[],
  specs: readonly OptionSpec[],
  name: string,
): string | undefined {
  for (const token of tokens(words, specs)) {
    if (token.kind === "option" && token.name === name && token.value) return token.value;
  }
  return undefined;
}
