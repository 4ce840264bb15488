import type { Session } from "./session.ts";

/** The open sessions, and those that have something to send at the end of the turn. */
export class SessionRegistry {
  readonly #open = new Set<Session>();
  #toFlush: Session[] = [];
  #numbers = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Newest first, as the reference lists connections. */
  newestFirst(): Session[] {
    return [...this.#open].reverse();
  }

  find(number: number): Session | undefined {
    for (const session of this.#open) if (session.number === number) return session;
    return undefined;
  }

  nextNumber(): number {
    return ++this.#numbers;
  }

  add(session: Session): void {
    this.#open.add(session);
  }

  remove(session: Session): void {
    this.#open.delete(session);
  }

  /** Answers true for the first session of a turn: somebody has to call `flush`. */
  flushLater(session: Session): boolean {
    this.#toFlush.push(session);
    return this.#toFlush.length === 1;
  }

  flush(): void {
    const sessions = this.#toFlush;
    this.#toFlush = [];
    for (const session of sessions) session.flush();
  }

  forEach(visit: (session: Session) => void): void {
    for (const session of [...this.#open]) visit(session);
  }
}
