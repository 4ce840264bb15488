import { Problem } from "./problem.ts";

/** What a call that waits is answered when the gateway closes. */
export function draining(): Problem {
  return new Problem("draining", "The server is stopping; send the request again later", {
    retryAfter: 5,
  });
}

/**
 * The calls whose signal somebody listens to, so that the end of the gateway ends them. A call that is
 * answered with a stream is held weakly from then on: nobody says when a stream is over, and what nobody
 * else holds needs no end.
 */
export class OpenCalls {
  readonly #waiting = new Set<AbortController>();
  readonly #streams = new Set<WeakRef<AbortController>>();
  readonly #collected = new FinalizationRegistry<WeakRef<AbortController>>((reference) => {
    this.#streams.delete(reference);
  });
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** A controller that the end of the gateway aborts. */
  add(controller: AbortController): void {
    if (this.#closed) controller.abort(draining());
    else this.#waiting.add(controller);
  }

  /** The call is over. */
  remove(controller: AbortController): void {
    this.#waiting.delete(controller);
  }

  /** The call goes on as a stream. */
  goesOn(controller: AbortController): void {
    if (!this.#waiting.delete(controller)) return;
    const reference = new WeakRef(controller);
    this.#streams.add(reference);
    this.#collected.register(controller, reference);
  }

  /** Ends all that wait, now and from now on. */
  close(): void {
    this.#closed = true;
    const streams = [...this.#streams].map((reference) => reference.deref());
    const controllers = [...this.#waiting, ...streams];
    this.#waiting.clear();
    this.#streams.clear();
    for (const controller of controllers) controller?.abort(draining());
  }
}
