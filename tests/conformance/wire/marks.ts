/**
 * Marks in scripts: characters that stand for bytes known only when a script runs. Byte strings use
 * U+0000 to U+00FF, so that characters above are free for it.
 */

const OWN = "\uE000";
const ANYTHING = "\uE001";
const HANDLES = 0xE100;
const EPOCHS = 0xE200;
const MARK = /[\uE000-\uE2FF]/g;

/** Bytes that `own` puts in front of a name. */
export const OWN_BYTES = 4;

/** A name that no other script uses on the same server. */
export function own(name: string): string {
  return OWN + name;
}

/** An own name of exactly so many bytes. */
export function ownOfLength(bytes: number): string {
  return own("n".repeat(bytes - OWN_BYTES));
}

/** The handle of the `number`-th job, from 1, that the script makes. */
export function handle(number: number): string {
  return String.fromCharCode(HANDLES + number);
}

/** Epoch seconds in decimal, so many seconds after the script began. */
export function epochIn(seconds: number): string {
  return String.fromCharCode(EPOCHS + seconds);
}

/** Any text of at least one character; only where a reply holds a version or the like. */
export const ANY = ANYTHING;

/** The handles' prefix that every server is started with. */
export const HANDLE_PREFIX = "H:x";

/** What the marks of one run of a script stand for. */
export class Meanings {
  /** The bytes for `own`, as many as `OWN_BYTES`. */
  readonly own: string;
  readonly #beganAt = Math.floor(Date.now() / 1000);
  readonly #handles = new Map<string, string>();
  #lastNumber = 0;

  constructor(index: number) {
    this.own = `s${String(index).padStart(OWN_BYTES - 1, "0")}`;
  }

  /** The text as bytes. Handles must be known by then. */
  resolve(text: string): string {
    return text.replace(MARK, (mark) => {
      if (mark === OWN) return this.own;
      if (mark === ANYTHING) throw new Error("Cannot send ANY: it only stands in expectations");
      const code = mark.charCodeAt(0);
      if (code >= EPOCHS) return String(this.#beganAt + code - EPOCHS);
      const known = this.#handles.get(mark);
      if (known === undefined) throw new Error(`handle(${code - HANDLES}) was not received yet`);
      return known;
    });
  }

  /**
   * Learns a handle from the body of JOB_CREATED, where the script names a new one. It must be a
   * handle, and its number higher than all before.
   */
  learn(expected: string, received: string): void {
    if (!isHandle(expected) || this.#handles.has(expected)) return;
    const match = /^(.+):([1-9][0-9]*)$/.exec(received);
    if (match?.[1] !== HANDLE_PREFIX || Number(match[2]) <= this.#lastNumber) return;
    this.#lastNumber = Number(match[2]);
    this.#handles.set(expected, received);
  }

  /** Whether `line` (of a listing) speaks of this script's names or jobs. */
  speaksOf(line: string): boolean {
    return line.includes(this.own) ||
      [...this.#handles.values()].some((known) => line.startsWith(`${known}\t`));
  }
}

function isHandle(mark: string): boolean {
  const code = mark.charCodeAt(0);
  return mark.length === 1 && code >= HANDLES && code < EPOCHS;
}
