import { Problem } from "./problem.ts";

/** What a call that waits is answered when the gateway closes. */
export function draining(): Problem {
  return new Problem("draining", "The server is stopping; send the request again later", {
    retryAfter: 5,
  });
}

/**
 * The calls whose signal somebody listens to, so that the end of the gateway ends them. Held weakly:
 * nobody says when a stream is over, and what nobody else holds needs no end.
 */
export class OpenCalls {
  readonly #controllers = new Set<WeakRef<AbortController>>();
  readonly #collected = new FinalizationRegistry<WeakRef<AbortController>>((reference) => {
    this.#controllers.delete(reference);
  });
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  /** A controller that the end of the gateway aborts; answers how to forget it earlier. */
  add(controller: AbortController): () => void {
    if (this.#closed) {
      controller.abort(draining());
      return () => {};
    }
    const reference = new WeakRef(controller);
    this.#controllers.add(reference);
    this.#collected.register(controller, reference, reference);
    return () => {
      this.#controllers.delete(reference);
      this.#collected.unregister(reference);
    };
  }

  /** Ends all that wait, now and from now on. */
  close(): void {
    this.#closed = true;
    const controllers = [...this.#controllers];
    this.#controllers.clear();
    for (const reference of controllers) reference.deref()?.abort(draining());
  }
}
