/** How many more jobs may begin: shared by the connections of a worker. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot, if there is one. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Gives one back, and tells one of those who asked for it. */
  release(): void {
    this.#free++;
    for (const ask of this.#waiting) {
      this.#waiting.delete(ask);
      ask();
      return;
    }
  }

  /** Calls `ask` once, when a slot comes free. Asking twice is asking once. */
  whenFree(ask: () => void): void {
    this.#waiting.add(ask);
  }

  forget(ask: () => void): void {
    this.#waiting.delete(ask);
  }
}
