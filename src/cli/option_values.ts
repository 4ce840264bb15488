import { CliError } from "./cli_error.ts";
import { isInteger, parseSize, RANGES, wrapped } from "./numbers.ts";
import type { OptionKind, OptionSpec } from "./option_spec.ts";
import { type GivenOption, type OtherWord, unknownOption } from "./parse.ts";

/**
 * The options that were given, checked for kind and repetition. What is added first wins: the command
 * line, then the configuration file, then the defaults.
 */
export class OptionValues {
  readonly #specs: ReadonlyMap<string, OptionSpec>;
  readonly #given = new Map<string, string[]>();

  constructor(specs: readonly OptionSpec[]) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
  }

  get specs(): readonly OptionSpec[] {
    return [...this.#specs.values()];
  }

  /** Adds the options of one source. Throws `CliError` for the first wrong one. */
  add(options: readonly (GivenOption | OtherWord)[]): void {
    const before = new Set(this.#given.keys());
    for (const option of options) {
      if ("otherWord" in option) throw unknownOption(option.otherWord, this.specs);
      const { spec, value = "" } = option;
      if (before.has(spec.name)) continue;
      const values = this.#given.get(spec.name);
      if (values !== undefined && spec.repeatable !== true) {
        throw new CliError(
          "REPEATED_OPTION",
          `option '--${spec.name}' cannot be specified more than once`,
        );
      }
      if (!isValid(spec.kind, value)) throw invalid(spec, value);
      if (values === undefined) this.#given.set(spec.name, [value]);
      else values.push(value);
    }
  }

  /** What was given for options that hold secrets. */
  get secrets(): string[] {
    return this.specs.filter(({ kind }) => kind === "secret").flatMap(({ name }) =>
      this.texts(name)
    );
  }

  /** Whether it was given, whatever its default. */
  isGiven(name: string): boolean {
    return this.#given.has(this.#spec(name).name);
  }

  /** Its text, or that of its default; undefined when it has neither. */
  text(name: string): string | undefined {
    return this.#given.get(name)?.[0] ?? this.#spec(name).default;
  }

  /** All its texts, for repeatable ones. */
  texts(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  /** Its number (bytes for sizes), as gearmand's types wrap it; undefined when there is none. */
  number(name: string): bigint | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const { kind } = this.#spec(name);
    return kind === "size" ? parseSize(value)! : wrapped(kind, BigInt(value.replace(/^\+/, "")));
  }

  #spec(name: string): OptionSpec {
    const spec = this.#specs.get(name);
    if (spec === undefined) throw new RangeError(`Cannot read option "${name}": there is none`);
    return spec;
  }
}

function isValid(kind: OptionKind, value: string): boolean {
  if (kind === "switch" || kind === "text" || kind === "secret") return true;
  return kind === "size" ? parseSize(value) !== undefined : isInteger(value, RANGES[kind]);
}

function invalid(spec: OptionSpec, value: string): CliError {
  const quoted = value === "" ? "" : ` ('${value}')`;
  return new CliError(
    "INVALID_ARGUMENT",
    `the argument${quoted} for option '--${spec.name}' is invalid`,
  );
}
