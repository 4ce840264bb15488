import { chunk, LAST_CHUNK } from "./chunk.ts";
import type { Outlet } from "./sending.ts";

/** How the peer learns where a streamed body ends: its length, chunks, or the end of the connection. */
export type Framing = number | "chunked" | "until closed";

/** Puts the pieces of a streamed body on the wire. */
export class FramedOutlet {
  readonly #outlet: Outlet;
  readonly #framing: Framing;
  #written = 0;

  constructor(outlet: Outlet, framing: Framing) {
    this.#outlet = outlet;
    this.#framing = framing;
  }

  /** Answers false when the peer is behind. */
  write(piece: Uint8Array): boolean {
    this.#written += piece.length;
    if (this.#framing !== "chunked") return this.#outlet.write(piece);
    let takesMore = true;
    for (const part of chunk(piece)) takesMore = this.#outlet.write(part);
    return takesMore;
  }

  /** More than was announced was written: the peer would take it for the next response. */
  get isTooLong(): boolean {
    return typeof this.#framing === "number" && this.#written > this.#framing;
  }

  end(): void {
    if (typeof this.#framing === "number" && this.#written !== this.#framing) {
      const got = `${this.#written} bytes instead of ${this.#framing}`;
      return this.#outlet.broke(`its body has not the announced length: ${got}`);
    }
    if (this.#framing === "chunked") this.#outlet.write(LAST_CHUNK);
    this.#outlet.finished();
  }
}
