import { FramedOutlet, type Framing } from "./framing.ts";
import type { Outlet, Sending } from "./sending.ts";

/** Sends a `ReadableStream`: reads a piece only when the peer took the one before. */
export class StreamSending implements Sending {
  readonly endsWithPeer = true;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #outlet: Outlet;
  readonly #framed: FramedOutlet;
  #wake: (() => void) | null = null;
  #over = false;

  constructor(stream: ReadableStream<Uint8Array>, framing: Framing, outlet: Outlet) {
    this.#reader = stream.getReader();
    this.#outlet = outlet;
    this.#framed = new FramedOutlet(outlet, framing);
  }

  start(): void {
    void this.#copy();
  }

  drained(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  gone(): void {
    this.#over = true;
    this.#cancel(new Error("The peer is gone"));
    this.drained();
  }

  async #copy(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#over) return;
        if (done) break;
        if (!this.#framed.write(value)) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          if (this.#over) return;
        }
        if (this.#framed.isTooLong) {
          this.#cancel(new Error("The body is longer than announced"));
          break;
        }
      }
    } catch (cause) {
      if (!this.#over) this.#finish(() => this.#outlet.broke("its body failed", cause));
      return;
    }
    this.#finish(() => this.#framed.end());
  }

  #finish(tell: () => void): void {
    this.#over = true;
    tell();
  }

  /** What a source says to being cancelled interests nobody any more. */
  #cancel(reason: Error): void {
    this.#reader.cancel(reason).catch(() => {});
  }
}
