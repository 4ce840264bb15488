/** How many processes a function may have at once, whichever definition they were started by. */
export class ProcessBudget {
  #most: number;
  #used = 0;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Processes that there are or that are being started. */
  get used(): number {
    return this.#used;
  }

  /** Changes the number; processes that there are stay. */
  resize(most: number): void {
    this.#most = most;
    this.#admit();
  }

  /** Waits for room for one more. Answers false when `signal` aborts first. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#used < this.#most && this.#waiting.size === 0) {
      this.#used++;
      return true;
    }
    return await new Promise((resolve) => {
      const admitted = () => {
        signal.removeEventListener("abort", aborted);
        resolve(true);
      };
      const aborted = () => {
        this.#waiting.delete(admitted);
        resolve(false);
      };
      this.#waiting.add(admitted);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }

  /** Gives the room of a process that is gone. */
  release(): void {
    this.#used--;
    this.#admit();
  }

  #admit(): void {
    for (const admitted of this.#waiting) {
      if (this.#used >= this.#most) return;
      this.#waiting.delete(admitted);
      this.#used++;
      admitted();
    }
  }
}
