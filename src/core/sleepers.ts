import type { Worker } from "./worker.ts";

/** One that sleeps, between those that sleep longer and shorter. */
interface Place {
  readonly worker: Worker;
  before: Place | null;
  behind: Place | null;
}

/**
 * The workers of a function that sleep, the longest asleep first. Linked by hand: the runtimes' own
 * sets keep holes where their first items were, so that to find the first of ten thousand takes
 * them longer with each one that was woken.
 */
export class Sleepers implements Iterable<Worker> {
  readonly #places = new Map<Worker, Place>();
  #first: Place | null = null;
  #last: Place | null = null;

  get size(): number {
    return this.#places.size;
  }

  /** The one that sleeps longest. */
  get first(): Worker | undefined {
    return this.#first?.worker;
  }

  /** Falls asleep now; one that sleeps already keeps its place. */
  add(worker: Worker): void {
    if (this.#places.has(worker)) return;
    const place: Place = { worker, before: this.#last, behind: null };
    if (this.#last === null) this.#first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#places.set(worker, place);
  }

  delete(worker: Worker): void {
    const place = this.#places.get(worker);
    if (place === undefined) return;
    this.#places.delete(worker);
    const { before, behind } = place;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
  }

  clear(): void {
    this.#places.clear();
    this.#first = null;
    this.#last = null;
  }

  /** The one that is shown may be taken out meanwhile, and no other. */
  *[Symbol.iterator](): Generator<Worker> {
    let place = this.#first;
    while (place !== null) {
      const next: Place | null = place.behind;
      yield place.worker;
      place = next;
    }
  }
}
