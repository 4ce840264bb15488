import type { ByteString } from "../../src/protocol/mod.ts";
import { Books, type Faults, type Totals } from "./books.ts";
import { type JobEvent, JobLog, type LoggedEvent } from "./job_log.ts";

/** The logs of all clients and workers, in one order, and the books about them. */
export class Ledger {
  readonly #books = new Books();
  readonly #logs: JobLog[] = [];
  #ticks = 0;
  #attempts = 0;
  readonly #watches = new Set<{ readonly tick: number; readonly callback: () => void }>();

  /** A new log. */
  open(owner: string): JobLog {
    const log = new JobLog(owner, (event) => this.#place(event));
    this.#logs.push(log);
    return log;
  }

  /** A number for an attempt, never given before. */
  nextAttempt(): number {
    return ++this.#attempts;
  }

  /** How many events there are so far. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Calls back within the event that makes the count reach `tick`. Answers how to call that off. */
  atTick(tick: number, callback: () => void): () => void {
    const watch = { tick, callback };
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  /** Handles of jobs that must still be done. */
  owed(): ByteString[] {
    return this.#books.owed();
  }

  /** Handles of jobs that must never be seen again. */
  settled(): ByteString[] {
    return this.#books.settled();
  }

  /** A ledger of its own that begins with all that is in this one. */
  fork(): Ledger {
    const fork = new Ledger();
    const events = this.#logs.flatMap((log) => log.events).sort((a, b) => a.tick - b.tick);
    const log = fork.open("before");
    for (const event of events) log.add(event);
    fork.#attempts = this.#attempts;
    return fork;
  }

  /** To be called after a full drain. */
  close(): { totals: Totals; faults: Faults } {
    return { totals: this.#books.close(), faults: this.#books.faults };
  }

  /** Throws with what is known about the first faults, when there are any. */
  requireNoFault(): void {
    const found = Object.entries(this.#books.faults).filter(([, list]) => list.length > 0);
    if (found.length === 0) return;
    const texts = found.map(([name, list]: [string, string[]]) => {
      const first = list[0]!;
      const history = this.#historyOf(first.slice(0, first.indexOf(": ")));
      return `${name} (${list.length}):\n  ${list.slice(0, 5).join("\n  ")}\n${history}`;
    });
    throw new Error(texts.join("\n"));
  }

  /** All that was logged about a job. */
  #historyOf(handle: ByteString): string {
    const attempts = new Set<number>();
    const lines: [tick: number, line: string][] = [];
    const note = (log: JobLog, event: LoggedEvent) =>
      lines.push([event.tick, `${event.tick} ${log.owner}: ${JSON.stringify(event)}`]);
    this.#each((log, event) => {
      if (event.kind === "stopped") note(log, event);
      if (!("handle" in event) || event.handle !== handle) return;
      note(log, event);
      if ("attempt" in event && event.attempt !== undefined) attempts.add(event.attempt);
    });
    this.#each((log, event) => {
      if (event.kind === "attempted" && attempts.has(event.attempt.number)) note(log, event);
    });
    return lines.sort(([a], [b]) => a - b).map(([, line]) => line).join("\n");
  }

  #each(visit: (log: JobLog, event: LoggedEvent) => void): void {
    for (const log of this.#logs) for (const event of log.events) visit(log, event);
  }

  #place(event: JobEvent): LoggedEvent {
    const logged = { ...event, tick: ++this.#ticks };
    this.#books.enter(logged);
    for (const watch of this.#watches) {
      if (watch.tick > this.#ticks) continue;
      this.#watches.delete(watch);
      watch.callback();
    }
    return logged;
  }
}
