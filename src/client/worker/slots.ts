/** How many more jobs may begin: shared by the connections of a worker. */
export class Slots {
  #count: number;
  /** Below zero while more are taken than there are since `resize`. */
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  /** How many there are; what is taken stays taken. */
  resize(count: number): void {
    const more = count - this.#count;
    this.#count = count;
    this.#free += more;
    for (let told = 0; told < more && this.#free > 0; told++) this.#tellOne();
  }

  /** Takes a slot, if there is one. */
  take(): boolean {
    if (this.#free <= 0) return false;
    this.#free--;
    return true;
  }

  /** Gives one back, and tells one of those who asked for it. */
  release(): void {
    this.#free++;
    if (this.#free > 0) this.#tellOne();
  }

  /** Calls `ask` once, when a slot comes free. Asking twice is asking once. */
  whenFree(ask: () => void): void {
    this.#waiting.add(ask);
  }

  forget(ask: () => void): void {
    this.#waiting.delete(ask);
  }

  #tellOne(): void {
    for (const ask of this.#waiting) {
      this.#waiting.delete(ask);
      ask();
      return;
    }
  }
}
