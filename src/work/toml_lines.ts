import { parse } from "smol-toml";

/** Where each field of a TOML text stands: the parser itself tells lines for mistakes of form only. */
export class TomlLines {
  readonly #lines = new Map<string, number>();

  constructor(text: string) {
    let table: readonly string[] = [];
    for (const [index, line] of text.split("\n").entries()) {
      const header = HEADER.exec(line)?.[1];
      if (header !== undefined) table = pathIn(header) ?? table;
      const key = KEY.exec(line)?.[1];
      const path = key === undefined ? undefined : pathIn(`${key} = 0`);
      const found = header !== undefined ? table : path && [...table, ...path];
      if (found === undefined) continue;
      const name = JSON.stringify(found);
      if (!this.#lines.has(name)) this.#lines.set(name, index + 1);
    }
  }

  /** The line of a field, or of the nearest thing around it; 0 when there is none. */
  lineOf(path: readonly string[]): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.#lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 0;
  }
}

const HEADER = /^\s*(\[\[?[^[\]]+\]\]?)\s*(?:#.*)?$/;
const KEY = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/;

/** The keys down to what a header or a key names; undefined when it is neither. */
function pathIn(text: string): string[] | undefined {
  let table: unknown;
  try {
    table = parse(text);
  } catch {
    return undefined;
  }
  const path: string[] = [];
  for (;;) {
    if (Array.isArray(table)) table = table[0];
    if (typeof table !== "object" || table === null) return path;
    const [key] = Object.keys(table);
    if (key === undefined) return path;
    path.push(key);
    table = (table as Record<string, unknown>)[key];
  }
}
