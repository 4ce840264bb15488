import type { Failure, SessionClock, SessionDriver } from "../../src/plugin_api/mod.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";

/** Time that stands still until a test moves it. Timers ring in their order. */
export class ManualClock implements SessionClock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  later(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Moves time on in small steps, with all that follows from each. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined || due.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets promises that have settled run their continuations. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

export class DriverError extends Error {
  readonly lost: boolean;
  constructor(message: string, lost: boolean) {
    super(message);
    this.lost = lost;
  }
}

/** One connection that the test sees through. */
export interface ScriptedConnection {
  readonly number: number;
  destroyed: boolean;
  ended: boolean;
  readonly lose: (error: unknown) => void;
}

type Behaviour = "answers" | "fails" | "hangs";

/** A driver whose every step the test decides. */
export class ScriptedDriver implements SessionDriver<ScriptedConnection> {
  readonly place = "scripted db:1";
  readonly connections: ScriptedConnection[] = [];
  /** What happened: `start 2 after 1`, `upkeep 1`, `ping 1`. */
  readonly seen: string[] = [];
  starting: Behaviour | StoreError = "answers";
  keeping: Behaviour | StoreError = "answers";

  create(lost: (error: unknown) => void): ScriptedConnection {
    const number = this.connections.length + 1;
    const connection = { number, destroyed: false, ended: false, lose: lost };
    this.connections.push(connection);
    return connection;
  }

  start(connection: ScriptedConnection, previous: ScriptedConnection | null): Promise<void> {
    this.seen.push(`start ${connection.number} after ${previous?.number ?? "none"}`);
    return behave(this.starting, "connection refused, password=hunter2");
  }

  upkeep(connection: ScriptedConnection): Promise<void> {
    this.seen.push(`upkeep ${connection.number}`);
    return behave(this.keeping, "gone away");
  }

  ping(connection: ScriptedConnection): Promise<void> {
    this.seen.push(`ping ${connection.number}`);
    return behave(this.keeping, "gone away");
  }

  end(connection: ScriptedConnection): Promise<void> {
    connection.ended = true;
    return Promise.resolve();
  }

  destroy(connection: ScriptedConnection): void {
    connection.destroyed = true;
  }

  classify(error: unknown): Failure {
    if (error instanceof DriverError) {
      return { code: error.lost ? "AWAY" : "FULL", lost: error.lost, text: error.message };
    }
    if (error instanceof StoreError) {
      return { code: error.code, lost: false, text: error.message };
    }
    return { code: "FAILED", lost: false, text: String(error) };
  }
}

function behave(behaviour: Behaviour | StoreError, text: string): Promise<void> {
  if (behaviour instanceof StoreError) return Promise.reject(behaviour);
  if (behaviour === "answers") return Promise.resolve();
  if (behaviour === "hangs") return new Promise(() => {});
  return Promise.reject(new DriverError(text, true));
}
