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
  /** Calls back once when all sockets that are ready by now have been read. */
  nextTurn(callback: () => void): void;
}

/**
 * How much other work goes before one request, where both never end. A packet of the binary port costs
 * 4 to 5 µs of processor time with all that follows from it, a small request 30 to 50.
 */
export const PACKETS_PER_REQUEST = 10;
/** However many packets came in one turn: about two milliseconds of requests. */
export const MOST_PER_TURN = 64;
/** Behind a turn without other work, whose peers may be about to answer. */
export const MOST_PER_IDLE_TURN = 4;
/** How far what was taken off may be ahead, packets. */
const MOST_TAKEN_OFF = 128;
/** So many turns without other work in a row mean that there is none. */
export const IDLE_TURNS = 8;

/**
 * Shares the event loop between HTTP and what else it serves. Without it, a loop that is never idle
 * begins a request of every connection in each turn, however little the others then get done in it.
 *
 * While nothing else happens, requests begin as they come. Otherwise they wait in line, in the order in
 * which they came. With each turn of the loop as many begin as its packets have earned, and a few when it
 * had none: a loop with time to spare turns within microseconds, so that nobody waits for long.
 */
export class RequestTurns {
  readonly #parts: TurnParts;
  #waiting: TurnWaiter[] = [];
  /** There is no other work, as far as is known. */
  #isFree = true;
  #workSeen = 0;
  #idleTurns = 0;
  /** Other work that no request has begun for, packets. */
  #earned = 0;
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
    if (this.#isFree) {
      if (this.#newWork() === 0) return true;
      this.#isFree = false;
      this.#idleTurns = 0;
    }
    this.#waiting.push(waiter);
    this.#awaitTurn();
    return false;
  }

  #awaitTurn(): void {
    if (this.#awaitsTurn) return;
    this.#awaitsTurn = true;
    // What was done before nobody has waited for.
    this.#newWork();
    this.#parts.nextTurn(() => this.#turned());
  }

  #turned(): void {
    this.#awaitsTurn = false;
    const beginning = this.#waiting.splice(0, this.#allowed(this.#newWork()));
    for (const waiter of beginning) waiter.turnCame();
    if (this.#waiting.length > 0) this.#awaitTurn();
  }

  /** How many requests may begin behind a turn in which so many packets came. */
  #allowed(packets: number): number {
    if (packets === 0) {
      this.#isFree = ++this.#idleTurns >= IDLE_TURNS;
      return this.#isFree ? this.#waiting.length : MOST_PER_IDLE_TURN;
    }
    this.#idleTurns = 0;
    this.#earned += packets;
    const requests = Math.floor(this.#earned / PACKETS_PER_REQUEST);
    this.#earned -= requests * PACKETS_PER_REQUEST;
    return Math.min(MOST_PER_TURN, requests);
  }

  /** Other work since the last look, packets. */
  #newWork(): number {
    const work = this.#parts.otherWork();
    const done = work - this.#workSeen;
    this.#workSeen = done > 0 ? work : Math.min(this.#workSeen, work + MOST_TAKEN_OFF);
    return Math.max(0, done);
  }
}
