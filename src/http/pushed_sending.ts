import type { BodySource, BodyWriter, StartBody } from "./body_writer.ts";
import { FramedOutlet, type Framing } from "./framing.ts";
import type { Outlet, Sending } from "./sending.ts";

/** Sends what a `BodySource` writes, when it writes it. */
export class PushedSending implements Sending, BodyWriter {
  readonly endsWithPeer = true;
  readonly #startBody: StartBody;
  readonly #outlet: Outlet;
  readonly #framed: FramedOutlet;
  #source: BodySource | null = null;
  /** Bytes written since the peer fell behind. */
  #waiting = 0;
  #state: "running" | "cut" | "over" = "running";

  constructor(startBody: StartBody, framing: Framing, outlet: Outlet) {
    this.#startBody = startBody;
    this.#outlet = outlet;
    this.#framed = new FramedOutlet(outlet, framing);
  }

  start(): void {
    let source: BodySource;
    try {
      source = this.#startBody(this);
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#source = source;
    // It may have written too much, or all, meanwhile.
    if (this.#isCut()) this.#tellGone();
  }

  write(piece: Uint8Array): boolean {
    if (this.#state !== "running") return true;
    if (this.#waiting > this.#outlet.maxStreamBytes) {
      this.#cut();
      return true;
    }
    if (this.#framed.write(piece)) return true;
    this.#waiting += piece.length;
    return false;
  }

  end(): void {
    if (this.#state !== "running") return;
    this.#state = "over";
    this.#framed.end();
  }

  drained(): void {
    this.#waiting = 0;
    try {
      this.#source?.drained?.();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  gone(): void {
    if (this.#state !== "running") return;
    this.#state = "over";
    this.#tellGone();
  }

  #isCut(): boolean {
    return this.#state === "cut";
  }

  #cut(): void {
    this.#state = "cut";
    const most = this.#outlet.maxStreamBytes;
    this.#outlet.broke(`its reader is more than ${most} bytes behind`);
    this.#tellGone();
  }

  #fail(cause: unknown): void {
    if (this.#state !== "running") return this.#outlet.report(cause);
    this.#state = "over";
    this.#outlet.broke("its body failed", cause);
    this.#tellGone();
  }

  #tellGone(): void {
    try {
      this.#source?.gone();
    } catch (cause) {
      this.#outlet.report(cause);
    }
  }
}
