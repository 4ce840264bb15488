import { headerName } from "./header_names.ts";

export type HeaderField = [name: string, value: string];

/** What a header's value cannot hold: it would end the line, or is no byte (RFC 9110 section 5.5). */
const NO_VALUE = /[\0\r\n\u0100-\uffff]/;

/**
 * Headers as the Fetch standard describes them, made quicker: a list that is searched from its
 * beginning, which for the dozen headers of a message is the quickest way on each runtime. It is not
 * an `instanceof Headers`, but can be given to `new Headers`.
 */
export class HeaderList implements Headers {
  /** Names in lower case, in the order in which they came; a name may come several times. */
  readonly fields: readonly HeaderField[];
  readonly #own: HeaderField[];
  /** As `forEach` tells them; made when it is first asked for. */
  #ordered: readonly HeaderField[] | undefined;

  /** `fields`: names in lower case, names and values as HTTP allows them. The list is taken over. */
  constructor(fields: HeaderField[]) {
    this.fields = fields;
    this.#own = fields;
  }

  /** Checks names and values. Throws a `TypeError`. */
  static of(init: HeadersInit): HeaderList {
    const list = new HeaderList([]);
    if (Array.isArray(init)) {
      for (const [name, value] of init) list.append(name!, value!);
    } else if (init instanceof Headers || init instanceof HeaderList) {
      init.forEach((value, name) => list.append(name, value));
    } else {
      for (const name in init) list.append(name, (init as Readonly<Record<string, string>>)[name]!);
    }
    return list;
  }

  append(name: string, value: string): void {
    this.#own.push([headerName(name), checked(value)]);
    this.#ordered = undefined;
  }

  delete(name: string): void {
    const wanted = headerName(name);
    for (let at = this.#own.length - 1; at >= 0; at--) {
      if (this.#own[at]![0] === wanted) this.#own.splice(at, 1);
    }
    this.#ordered = undefined;
  }

  get(name: string): string | null {
    const wanted = headerName(name);
    let found: string | null = null;
    for (const [own, value] of this.fields) {
      if (own === wanted) found = found === null ? value : `${found}, ${value}`;
    }
    return found;
  }

  getSetCookie(): string[] {
    return this.#standard().getSetCookie();
  }

  has(name: string): boolean {
    const wanted = headerName(name);
    for (const field of this.fields) if (field[0] === wanted) return true;
    return false;
  }

  set(name: string, value: string): void {
    if (this.has(name)) this.delete(name);
    this.append(name, value);
  }

  /** In the order of the names; values of the same name together. */
  forEach(callback: (value: string, name: string, parent: this) => void): void {
    this.#ordered ??= this.#inOrder();
    for (const [name, value] of this.#ordered) callback(value, name, this);
  }

  entries(): ReturnType<Headers["entries"]> {
    return this.#standard().entries();
  }

  keys(): ReturnType<Headers["keys"]> {
    return this.#standard().keys();
  }

  values(): ReturnType<Headers["values"]> {
    return this.#standard().values();
  }

  [Symbol.iterator](): ReturnType<Headers["entries"]> {
    return this.entries();
  }

  #inOrder(): readonly HeaderField[] {
    const sorted = this.#own.toSorted(byName);
    const isRepeated = (field: HeaderField, at: number) => field[0] === sorted[at + 1]?.[0];
    return sorted.some(isRepeated) ? [...this.#standard()] : sorted;
  }

  #standard(): Headers {
    return new Headers(this.#own);
  }
}

function checked(value: string): string {
  if (NO_VALUE.test(value)) throw new TypeError("Cannot send the header: its value is not valid");
  return value;
}

function byName([one]: HeaderField, [other]: HeaderField): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
