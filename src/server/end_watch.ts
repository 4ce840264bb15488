import type { JobWitness } from "../core/mod.ts";

/**
 * Calls back whenever a job ends, while the server is being drained: the end of a job whose only
 * client is a peer without a socket sends nothing, so that nothing else would look whether all is done.
 */
export class EndWatch implements JobWitness {
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  ended(): void {
    this.#onEnd();
  }

  submitted(): void {}
  refused(): void {}
  queued(): void {}
  assigned(): void {}
  returned(): void {}
  reported(): void {}
}
