/** Longer lines are cut. */
const MAX_LINE_BYTES = 4096;
const LINE_FEED = 10;

/** Cuts bytes into lines of text, however they come; long ones lose their end. */
export class LineReader {
  readonly #line: (text: string) => void;
  readonly #decoder = new TextDecoder();
  #pending = new Uint8Array(0);
  #dropping = false;

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(bytes: Uint8Array): void {
    let rest = bytes;
    for (;;) {
      const end = rest.indexOf(LINE_FEED);
      this.#keep(end < 0 ? rest : rest.subarray(0, end));
      if (end < 0) return;
      this.flush();
      rest = rest.subarray(end + 1);
    }
  }

  /** What came since the last line's end is a line, too, unless it is empty. */
  flush(): void {
    const cut = this.#dropping;
    const text = this.#decoder.decode(this.#pending).replace(/\r$/, "");
    this.#pending = new Uint8Array(0);
    this.#dropping = false;
    if (text !== "") this.#line(cut ? `${text}…` : text);
  }

  #keep(piece: Uint8Array): void {
    if (this.#dropping || piece.length === 0) return;
    const room = MAX_LINE_BYTES - this.#pending.length;
    const kept = piece.subarray(0, room);
    const joined = new Uint8Array(this.#pending.length + kept.length);
    joined.set(this.#pending);
    joined.set(kept, this.#pending.length);
    this.#pending = joined;
    this.#dropping = piece.length > room;
  }
}
