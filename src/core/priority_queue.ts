import { Heap } from "./heap.ts";
import type { Job } from "./job.ts";
import { Ring } from "./ring.ts";

function isWanted(job: Job): boolean {
  return !job.ignored;
}

/** Jobs beside the ring that are looked at one by one to tell somebody's place: a tenth of a millisecond. */
const MOST_COUNTED = 10_000;

/**
 * The jobs of one function and one priority that may run now, ordered by `Job.order`.
 * Nearly all arrive in that order and go to a ring. A delayed job that has become due keeps the
 * place it had (protocol section 9), and jobs replayed from the store come before newer ones: those
 * go to a heap beside the ring, and the earlier of the two heads comes first.
 */
export class PriorityQueue {
  readonly #arrived = new Ring<Job>();
  #earlier: Heap<Job> | null = null;
  #lastOrder = -Infinity;
  /** Jobs of this priority that are not due yet; they are kept elsewhere. */
  delayed = 0;

  /** Jobs held, ignored ones included. */
  get length(): number {
    return this.#arrived.length + (this.#earlier?.length ?? 0);
  }

  push(job: Job): void {
    if (job.order >= this.#lastOrder) {
      this.#lastOrder = job.order;
      this.#arrived.push(job);
    } else {
      this.#earlier ??= new Heap<Job>((a, b) => a.order < b.order);
      this.#earlier.push(job);
    }
  }

  /** The job that is given out next; ignored ones before it are passed over. */
  first(): Job | undefined {
    const arrived = this.#arrived.first(isWanted);
    const earlier = this.#earlier?.first(isWanted);
    if (arrived === undefined || earlier === undefined) return arrived ?? earlier;
    return arrived.order < earlier.order ? arrived : earlier;
  }

  shift(): Job | undefined {
    const earlier = this.#earlier?.peek();
    if (earlier === undefined) return this.#arrived.shift();
    const arrived = this.#arrived.peek();
    if (arrived !== undefined && arrived.order < earlier.order) return this.#arrived.shift();
    return this.#earlier!.pop();
  }

  /**
   * Jobs, ignored ones included, that come before a place in the order. Of many that stand beside the
   * others all are counted, so that it never takes long: it may say too much then.
   */
  countBefore(order: number): number {
    let low = 0;
    let high = this.#arrived.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#arrived.at(middle)!.order < order) low = middle + 1;
      else high = middle;
    }
    const earlier = this.#earlier;
    if (earlier === null || earlier.length > MOST_COUNTED) return low + (earlier?.length ?? 0);
    return low + earlier.count((job) => job.order < order);
  }

  filter(keep: (job: Job) => boolean): void {
    this.#arrived.filter(keep);
    this.#earlier?.filter(keep);
  }
}
