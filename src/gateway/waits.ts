import { Problem } from "./problem.ts";

/** What a waiting call waits for. */
export type WaitKind = "sync" | "poll" | "stream";

/** Counts the calls that wait, all and per caller, so that nobody can hold the server's memory. */
export class Waits {
  readonly counts: Record<WaitKind, number> = { sync: 0, poll: 0, stream: 0 };
  /** Waits that have begun since the start. */
  readonly begun: Record<WaitKind, number> = { sync: 0, poll: 0, stream: 0 };
  readonly #most: number;
  readonly #mostPerCaller: number;
  readonly #byCaller = new Map<string, number>();
  #all = 0;

  constructor(most: number, mostPerCaller: number) {
    this.#most = most;
    this.#mostPerCaller = mostPerCaller;
  }

  /** Counts a wait; answers how to end it. Throws the problem `too-many-requests` at a bound. */
  begin(kind: WaitKind, caller: string): () => void {
    const own = this.#byCaller.get(caller) ?? 0;
    if (this.#all >= this.#most || own >= this.#mostPerCaller) {
      throw new Problem(
        "too-many-requests",
        "Too many calls are waiting already; end some, or try again later",
        { retryAfter: 5 },
      );
    }
    this.#all++;
    this.counts[kind]++;
    this.begun[kind]++;
    this.#byCaller.set(caller, own + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#all--;
      this.counts[kind]--;
      const left = this.#byCaller.get(caller)! - 1;
      if (left === 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    };
  }
}
