import { closestMatch } from "leven";

/** A table of the configuration, read field by field; what is wrong is collected. */
export class Fields {
  readonly #table: Readonly<Record<string, unknown>>;
  readonly #path: readonly string[];
  readonly #complain: (path: readonly string[], text: string) => void;
  readonly #read = new Set<string>();

  constructor(
    table: unknown,
    path: readonly string[],
    complain: (path: readonly string[], text: string) => void,
  ) {
    this.#path = path;
    this.#complain = complain;
    const usable = isTable(table);
    this.#table = usable ? table : {};
    if (!usable) complain(path, "it must be a table");
  }

  /** Names in it. */
  get names(): string[] {
    return Object.keys(this.#table);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#table, name);
  }

  /** Whether a field is a table. */
  hasTable(name: string): boolean {
    return this.has(name) && isTable(this.#table[name]);
  }

  /** A field as `read` understands it; `otherwise` when it is missing or `read` answers undefined. */
  get<Value>(
    name: string,
    otherwise: Value,
    read: (value: unknown) => Value | undefined,
    expected: string,
  ): Value {
    this.#read.add(name);
    if (!this.has(name)) return otherwise;
    const value = this.#table[name];
    const understood = read(value);
    if (understood !== undefined) return understood;
    this.complain(name, `cannot use ${JSON.stringify(value) ?? "it"}: expected ${expected}`);
    return otherwise;
  }

  /** A table in it, empty when it is missing. */
  table(name: string): Fields {
    this.#read.add(name);
    const value = this.has(name) ? this.#table[name] : {};
    return new Fields(value, [...this.#path, name], this.#complain);
  }

  complain(name: string, text: string): void {
    this.#complain(name === "" ? this.#path : [...this.#path, name], text);
  }

  /** Complains about fields that nobody has read. */
  refuseOthers(): void {
    const known = [...this.#read];
    for (const name of this.names) {
      if (this.#read.has(name)) continue;
      const near = closestMatch(name, known, { maxDistance: 3 });
      this.complain(
        name,
        `there is no such field${near === undefined ? "" : `; did you mean ${near}?`}`,
      );
    }
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

export const asText = (value: unknown) =>
  typeof value === "string" && value !== "" && !value.includes("\0") ? value : undefined;

export const asSwitch = (value: unknown) => typeof value === "boolean" ? value : undefined;

/** Whole numbers of a range. */
export function asCount(least: number, most: number): (value: unknown) => number | undefined {
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
}

/** One of these words. */
export function asWord<Word extends string>(
  ...words: readonly Word[]
): (value: unknown) => Word | undefined {
  return (value) => words.find((word) => word === value);
}

/** A list of texts, at least one. */
export function asTexts(value: unknown): readonly [string, ...string[]] | undefined {
  if (!Array.isArray(value)) return undefined;
  const [first, ...rest] = value;
  if (typeof first !== "string" || first === "") return undefined;
  if (![first, ...rest].every((text) => typeof text === "string" && !text.includes("\0"))) {
    return undefined;
  }
  return [first, ...rest as string[]];
}
