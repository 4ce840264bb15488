/** Somebody with a request that has come and was not begun. */
export interface TurnWaiter {
  /** Its turn has come: the next request may begin. */
  turnCame(): void;
}

export interface TurnParts {
  /**
   * What the event loop has done that is not HTTP, in packets. A count that grows; what HTTP itself is
   * going to cause may be taken off in advance.
   */
  otherWork(): number;
  /** Calls back when the sockets that are ready now have been read, and what they caused was sent. */
  afterTurn(callback: () => void): void;
  /** Calls back after so many milliseconds. */
  later(ms: number, callback: () => void): void;
}

/**
 * How much other work goes before one request. A packet of the binary port costs 4 to 5 µs of
 * processor time with all that follows from it, a small request 30 to 40, and it breaks up the turns in
 * which packets come together and cost so little: so each side keeps between a third and a half.
 */
export const WORK_PER_REQUEST = 14;
/** How many requests the other work may earn in advance: less than half a millisecond of work. */
export const MOST_AHEAD = 8;
/** So long without other work means that there is none: peers need a part of it to answer. Milliseconds. */
export const QUIET_MS = 1;
/** How far the count of other work may be behind, packets. */
const MOST_TAKEN_OFF = 128;

/**
 * Shares the event loop between HTTP and what else it serves. Without it, a loop that is never idle
 * begins a request of every connection in each turn, however long the others wait for theirs.
 *
 * While nothing else happens, requests begin as they come. Otherwise the other work earns turns for
 * them, and the rest wait in line, in the order in which they came. When nothing else has happened for
 * a moment, all begin.
 */
export class RequestTurns {
  readonly #parts: TurnParts;
  #waiting: TurnWaiter[] = [];
  /** Other work that no request has been begun for, packets. */
  #earned = 0;
  #workSeen = 0;
  /** There was no other work for a moment, and none has come since. */
  #isQuiet = true;
  /** There was some since the moment began. */
  #hasWorked = false;
  #awaitsMoment = false;
  #awaitsTurn = false;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether a request may begin now; otherwise `turnCame` will be called, once. */
  admits(waiter: TurnWaiter): boolean {
    if (this.#waiting.length === 0) {
      // What nobody has waited for was done before: it does not count beyond the bound.
      const most = MOST_AHEAD * WORK_PER_REQUEST;
      this.#earned = Math.min(most, this.#earned + this.#newWork());
      if (this.#isQuiet) return true;
      if (this.#earned >= WORK_PER_REQUEST) {
        this.#earned -= WORK_PER_REQUEST;
        return true;
      }
    }
    this.#waiting.push(waiter);
    this.#waitForMoment();
    return false;
  }

  /** To be called when other work may have been done: who waits gets the turns that it has earned. */
  workDone(): void {
    if (this.#waiting.length === 0 || this.#awaitsTurn) return;
    if (this.#parts.otherWork() <= this.#workSeen) return;
    this.#awaitsTurn = true;
    this.#parts.afterTurn(() => {
      this.#awaitsTurn = false;
      this.#begin(this.#requestsEarned());
    });
  }

  #waitForMoment(): void {
    if (this.#awaitsMoment) return;
    this.#awaitsMoment = true;
    this.#hasWorked = false;
    this.#parts.later(QUIET_MS, () => this.#momentOver());
  }

  #momentOver(): void {
    this.#awaitsMoment = false;
    const earned = this.#requestsEarned();
    this.#isQuiet = !this.#hasWorked;
    // At least one, so that nothing keeps requests waiting for ever.
    this.#begin(this.#isQuiet ? this.#waiting.length : Math.max(1, earned));
    if (this.#waiting.length > 0) this.#waitForMoment();
  }

  #begin(count: number): void {
    this.#earned = Math.max(0, this.#earned - count * WORK_PER_REQUEST);
    for (const waiter of this.#waiting.splice(0, count)) waiter.turnCame();
  }

  #requestsEarned(): number {
    this.#earned += this.#newWork();
    return Math.floor(this.#earned / WORK_PER_REQUEST);
  }

  /** Other work since the last look. */
  #newWork(): number {
    const work = this.#parts.otherWork();
    if (work <= this.#workSeen) {
      this.#workSeen = Math.min(this.#workSeen, work + MOST_TAKEN_OFF);
      return 0;
    }
    const done = work - this.#workSeen;
    this.#workSeen = work;
    this.#isQuiet = false;
    this.#hasWorked = true;
    return done;
  }
}
