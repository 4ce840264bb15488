import type { Outlet, Sending } from "./sending.ts";

/** So much is handed over at a time, so that a peer that takes something can be told from one that does not. */
const SLICE_BYTES = 128 * 1024;

/** Sends bytes that are all there. */
export class SlicedSending implements Sending {
  readonly endsWithPeer = false;
  readonly #bytes: Uint8Array;
  readonly #outlet: Outlet;
  #at = 0;

  constructor(bytes: Uint8Array, outlet: Outlet) {
    this.#bytes = bytes;
    this.#outlet = outlet;
  }

  /** Goes on as far as the peer takes it. */
  start(): void {
    while (this.#at < this.#bytes.length) {
      const slice = this.#bytes.subarray(this.#at, this.#at + SLICE_BYTES);
      this.#at += slice.length;
      if (!this.#outlet.write(slice) && this.#at < this.#bytes.length) return;
    }
    this.#outlet.finished();
  }

  drained(): void {
    this.start();
  }

  gone(): void {}
}
