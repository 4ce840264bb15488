/** A response body that is written piece by piece while others read it, within a bound. */
export class PieceStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  /** `mostBytes`: what may wait for the reader. `left` is called when the reader is gone. */
  constructor(mostBytes: number, left: () => void) {
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => {
        this.#controller = null;
        left();
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: mostBytes }));
  }

  /** Answers false when the reader is too slow: the piece was not taken. */
  push(piece: Uint8Array): boolean {
    const controller = this.#controller;
    if (controller === null || piece.length === 0) return true;
    if ((controller.desiredSize ?? 0) < piece.length) return false;
    controller.enqueue(piece);
    return true;
  }

  /** The body is complete. */
  end(): void {
    this.#controller?.close();
    this.#controller = null;
  }

  /** The body stays incomplete, so that its connection is broken off. */
  fail(error: unknown): void {
    this.#controller?.error(error);
    this.#controller = null;
  }
}
