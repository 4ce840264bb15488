/**
 * TypeScript without its comments and the contents of its strings, which become spaces; line breaks
 * stay. Code inside `${…}` of a template stays code.
 */
export function codeOnly(source: string): string {
  return new Blanker(source).code();
}

/** Behind these a `/` begins a regular expression, elsewhere it divides. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*/%<>~^]|\b(?:return|typeof|case|of|in))\s*$/;

class Blanker {
  readonly #source: string;
  #at = 0;
  #code = "";

  constructor(source: string) {
    this.#source = source;
  }

  code(): string {
    while (this.#at < this.#source.length) this.#step();
    return this.#code;
  }

  #step(): void {
    const two = this.#source.slice(this.#at, this.#at + 2);
    const one = two[0]!;
    if (two === "//") this.#blankTo(this.#endOf("\n"));
    else if (two === "/*") this.#blankTo(this.#endOf("*/") + 2);
    else if (one === '"' || one === "'") this.#blankTo(this.#endOfQuoted(one));
    else if (one === "`") this.#template();
    else if (one === "/" && BEFORE_REGEXP.test(this.#code.slice(-40))) this.#regExp();
    else this.#keep();
  }

  /** Keeps the text between the backquotes' `${` and `}`. */
  #template(): void {
    this.#keep();
    while (this.#at < this.#source.length && this.#source[this.#at] !== "`") {
      if (this.#source.startsWith("${", this.#at)) this.#substitution();
      else this.#blankTo(this.#at + (this.#source[this.#at] === "\\" ? 2 : 1));
    }
    this.#keep();
  }

  #substitution(): void {
    this.#keep();
    this.#keep();
    for (let depth = 1; depth > 0 && this.#at < this.#source.length;) {
      const char = this.#source[this.#at];
      if (char === "{") depth++;
      if (char === "}") depth--;
      this.#step();
    }
  }

  #regExp(): void {
    let inClass = false;
    let end = this.#at + 1;
    for (; end < this.#source.length && this.#source[end] !== "\n"; end++) {
      const char = this.#source[end];
      if (char === "\\") end++;
      else if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if (char === "/" && !inClass) break;
    }
    this.#blankTo(end + 1);
  }

  #endOf(mark: string): number {
    const at = this.#source.indexOf(mark, this.#at);
    return at < 0 ? this.#source.length : at;
  }

  #endOfQuoted(quote: string): number {
    let end = this.#at + 1;
    while (end < this.#source.length && this.#source[end] !== quote) {
      end += this.#source[end] === "\\" ? 2 : 1;
    }
    return end + 1;
  }

  #keep(): void {
    this.#code += this.#source[this.#at++] ?? "";
  }

  #blankTo(end: number): void {
    const stop = Math.min(end, this.#source.length);
    this.#code += this.#source.slice(this.#at, stop).replace(/[^\n]/g, " ");
    this.#at = stop;
  }
}
