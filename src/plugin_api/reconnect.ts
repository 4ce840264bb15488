import { backOffMs } from "./back_off.ts";
import {
  type Failure,
  type Operation,
  SESSION_TIMES,
  type SessionClock,
  type SessionDriver,
  type SessionSettings,
  type SessionTimes,
} from "./session_driver.ts";
import { StoreError, type StoreErrorCode } from "./store_error.ts";

const SYSTEM_CLOCK: SessionClock = {
  now: () => performance.now(),
  later(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

const MOST_DOUBLINGS = 3;

/** Codes for which an operation with patience is repeated. */
const PASSING: ReadonlySet<StoreErrorCode> = new Set(["AWAY", "UNKNOWN_OUTCOME", "LOCKED"]);

/**
 * One session with a database server that is there whenever it is needed: opened when it is missing,
 * asked whether it lives when it was idle, given up when it hangs, dropped when it fails. Operations
 * run one after the other.
 *
 * An operation makes one attempt and reports failure (`AWAY`, `UNKNOWN_OUTCOME`); the pauses between
 * attempts are those of the caller, the same for every store: for commits the server's `StoreWriter`,
 * with `backOffMs`. The session pauses by itself only where nobody waits for it (upkeep) and where
 * an operation asks for patience (replay).
 */
export class SteadySession<C> {
  readonly #driver: SessionDriver<C>;
  readonly #settings: SessionSettings;
  readonly #times: SessionTimes;
  readonly #clock: SessionClock;
  #connection: C | null = null;
  /** The session that wrote last, if it was lost and none has been opened since. */
  #previous: C | null = null;
  /** The present session has written. */
  #wrote = false;
  /** What waits for a connection just now, and how to fail it. */
  #waiting: { readonly connection: C; fail(error: unknown): void } | null = null;
  #lastUse = 0;
  #line: Promise<unknown> = Promise.resolve();
  /** How many are in the line. */
  #unfinished = 0;
  #cancelUpkeep: (() => void) | null = null;
  readonly #endPauses = new Set<() => void>();
  #awaySince: number | null = null;
  /** Failed attempts to connect in a row. */
  #failures = 0;
  /** Operations in a row that were given up as too slow. */
  #tooSlow = 0;
  #everOpen = false;
  #reconnects = 0;
  /** Settles when another server has the store: there is no way back. */
  readonly lost: Promise<StoreError>;
  #takenOver: StoreError | null = null;
  #onLost: (fault: StoreError) => void = () => {};
  #closing: Promise<void> | null = null;

  constructor(driver: SessionDriver<C>, settings: SessionSettings) {
    this.#driver = driver;
    this.#settings = settings;
    this.#times = { ...SESSION_TIMES, ...settings.times };
    this.#clock = settings.clock ?? SYSTEM_CLOCK;
    this.lost = new Promise((resolve) => this.#onLost = resolve);
  }

  /** The first connection: one attempt. Rejects with a `StoreError` of the code that `classify` gave. */
  async open(): Promise<void> {
    await this.#inLine(async () => void await this.#ready("open"));
    this.#upkeepIn(this.#times.upkeepMs);
  }

  /** Whether the last that was heard of the server was good. */
  get healthy(): boolean {
    return this.#awaySince === null;
  }

  /** How often it was connected again after the first time. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * Runs an operation on the session. Rejects with a `StoreError`: that of `classify`, `AWAY` when there
   * is no session to be had, `UNKNOWN_OUTCOME` when the session was lost under a write.
   * After a deadline the operation's promise is left to itself.
   */
  async run<T>(operation: Operation, work: (connection: C) => Promise<T>): Promise<T> {
    const giveUpAt = this.#clock.now() + (operation.patienceMs ?? 0);
    for (let failures = 1;; failures++) {
      try {
        return await this.#inLine(() => this.#attempt(operation, work));
      } catch (error) {
        if (!(error instanceof StoreError) || !PASSING.has(error.code)) throw error;
        const pause = backOffMs(failures);
        if (this.#clock.now() + pause > giveUpAt) throw error;
        await this.#pause(pause);
      }
    }
  }

  /** Waits for the operation under way, then closes the session. Operations are refused from then on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#cancelUpkeep?.();
    for (const end of this.#endPauses) end();
    await this.#line;
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    await this.#bounded(connection, this.#times.connectMs, () => this.#driver.end(connection))
      .catch(() => {});
    this.#driver.destroy(connection);
  }

  async #attempt<T>(operation: Operation, work: (connection: C) => Promise<T>): Promise<T> {
    const connection = this.#fresh ?? await this.#ready(operation.action);
    if (operation.writes) this.#wrote = true;
    const deadlineMs = operation.deadlineMs * 2 ** Math.min(this.#tooSlow, MOST_DOUBLINGS);
    try {
      const result = await this.#bounded(connection, deadlineMs, () => work(connection));
      this.#tooSlow = 0;
      this.#lastUse = this.#clock.now();
      return result;
    } catch (error) {
      if (error instanceof TooSlow) this.#tooSlow++;
      const failure = this.#classify(error);
      if (failure.lost) this.#drop(connection);
      const code = failure.lost && operation.writes && failure.code === "AWAY"
        ? "UNKNOWN_OUTCOME"
        : failure.code;
      throw this.#storeError(code, operation.action, failure.text, error);
    }
  }

  /** The session, if it answered so lately that it need not be asked again. */
  get #fresh(): C | null {
    if (this.#closing !== null || this.#takenOver !== null) return null;
    return this.#clock.now() - this.#lastUse <= this.#times.freshMs ? this.#connection : null;
  }

  /** The session, asked whether it lives, or a new one. */
  async #ready(action: string): Promise<C> {
    if (this.#closing !== null) {
      throw new StoreError("CLOSED", `Cannot ${action} ${this.#driver.place}: it is closed`);
    }
    if (this.#takenOver !== null) throw this.#takenOver;
    const present = this.#connection;
    if (present !== null) {
      const { pingMs } = this.#times;
      const ping = this.#driver.ping ?? this.#driver.upkeep;
      try {
        await this.#bounded(present, pingMs, () => ping.call(this.#driver, present));
        return present;
      } catch (error) {
        this.#drop(present);
        this.#note(`Lost the idle connection to ${this.#driver.place}`, error);
      }
    }
    return await this.#connect(action);
  }

  async #connect(action: string): Promise<C> {
    let created: C | null = null;
    try {
      const connection = this.#driver.create((error) => this.#noticeLoss(created, error));
      created = connection;
      await this.#bounded(
        connection,
        this.#times.connectMs,
        () => this.#driver.start(connection, this.#previous),
      );
      this.#connection = connection;
      this.#previous = null;
      this.#wrote = false;
      this.#lastUse = this.#clock.now();
      this.#returned();
      return connection;
    } catch (error) {
      if (created !== null) this.#driver.destroy(created);
      const { code, text } = this.#classify(error);
      // Whatever it was (a server may refuse a login for many reasons): there may be a session later.
      const fault = this.#storeError(code === "FAILED" ? "AWAY" : code, action, text, error);
      this.#missed(fault);
      throw fault;
    }
  }

  /** The driver says that a connection has ended: at rest that is remembered, else it fails what runs. */
  #noticeLoss(connection: C | null, error: unknown): void {
    if (connection === null) return;
    if (this.#waiting?.connection === connection) return this.#waiting.fail(error);
    if (connection !== this.#connection) return;
    this.#drop(connection);
    if (this.#closing === null) this.#note(`${this.#driver.place} closed the connection`, error);
  }

  #drop(connection: C): void {
    if (connection !== this.#connection) return;
    this.#connection = null;
    if (this.#wrote) this.#previous = connection;
    this.#driver.destroy(connection);
  }

  /** The promise's outcome; rejects after `ms` milliseconds and when the driver reports a loss. */
  async #bounded<T>(connection: C, ms: number, work: () => Promise<T>): Promise<T> {
    let cancel = () => {};
    const cut = new Promise<never>((_, reject) => {
      this.#waiting = { connection, fail: reject };
      cancel = this.#clock.later(ms, () => reject(new TooSlow(ms)));
    });
    try {
      const working = work();
      // Drivers may settle, or fail, long after everybody has stopped waiting.
      working.catch(() => {});
      return await Promise.race([working, cut]);
    } finally {
      cancel();
      this.#waiting = null;
    }
  }

  /** One at a time, in the order of the calls; at once when nothing is under way. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const isFree = this.#unfinished === 0;
    this.#unfinished++;
    const turn = isFree ? work() : this.#line.then(work);
    const end = () => {
      this.#unfinished--;
    };
    this.#line = turn.then(end, end);
    return turn;
  }

  // Upkeep

  #upkeepIn(ms: number): void {
    if (this.#closing !== null) return;
    this.#cancelUpkeep = this.#clock.later(ms, () => void this.#keepUp());
  }

  async #keepUp(): Promise<void> {
    this.#cancelUpkeep = null;
    try {
      await this.#inLine(() => this.#upkeep());
    } catch (error) {
      if (error instanceof StoreError && error.code === "CLOSED") return;
    }
    if (this.#takenOver !== null) return;
    this.#upkeepIn(this.#awaySince === null ? this.#times.upkeepMs : backOffMs(this.#failures));
  }

  async #upkeep(): Promise<void> {
    const present = this.#closing === null && this.#takenOver === null ? this.#connection : null;
    if (present !== null) {
      try {
        await this.#bounded(
          present,
          this.#times.connectMs,
          () => this.#driver.upkeep(present),
        );
        this.#lastUse = this.#clock.now();
        return;
      } catch (error) {
        const { code, lost, text } = this.#classify(error);
        if (code === "TAKEN_OVER") throw this.#storeError(code, "keep", text, error);
        // A server that answers is there; what it cannot do now (a lock) it is asked again next time.
        if (!lost) return;
        this.#drop(present);
        this.#note(`Lost the idle connection to ${this.#driver.place}`, error);
      }
    }
    await this.#ready("reach");
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#endPauses.delete(end);
        resolve();
      };
      const cancel = this.#clock.later(ms, end);
      this.#endPauses.add(end);
    });
  }

  // Words for the operator: one line when the server goes, one when it is back.

  #missed(fault: StoreError): void {
    this.#failures++;
    if (!this.#everOpen || this.#awaySince !== null || this.#takenOver !== null) return;
    this.#awaySince = this.#clock.now();
    this.#settings.log("WARNING", `${fault.message}; trying again until it is back`);
  }

  #returned(): void {
    this.#failures = 0;
    if (this.#everOpen) this.#reconnects++;
    this.#everOpen = true;
    if (this.#awaySince === null) return;
    const seconds = ((this.#clock.now() - this.#awaySince) / 1000).toFixed(1);
    this.#awaySince = null;
    this.#settings.log("NOTICE", `Connected to ${this.#driver.place} again after ${seconds} s`);
  }

  /** A loss that may cost nothing: the next connection is tried at once. */
  #note(what: string, error: unknown): void {
    this.#settings.log("INFO", `${what} (${this.#classify(error).text}); connecting again`);
  }

  #classify(error: unknown): Failure {
    if (error instanceof TooSlow) return { code: "AWAY", lost: true, text: error.message };
    const failure = this.#driver.classify(error);
    return { ...failure, text: this.#withoutSecrets(failure.text) };
  }

  #storeError(code: StoreErrorCode, action: string, text: string, cause: unknown): StoreError {
    const options = this.#carriesSecret(cause) ? {} : { cause };
    const message = `Cannot ${action} ${this.#driver.place}: ${text}`;
    const fault = new StoreError(code, message, options);
    if (code === "TAKEN_OVER" && this.#takenOver === null) {
      this.#takenOver = fault;
      this.#settings.log("FATAL", message);
      this.#onLost(fault);
    }
    return fault;
  }

  #withoutSecrets(text: string): string {
    let shown = text;
    for (const secret of this.#settings.secrets ?? []) {
      if (secret !== "") shown = shown.replaceAll(secret, "***");
    }
    return shown;
  }

  #carriesSecret(cause: unknown): boolean {
    return cause instanceof Error && this.#withoutSecrets(cause.message) !== cause.message;
  }
}

/** The session's own deadline has passed. Says nothing of what the server will still do. */
class TooSlow extends Error {
  constructor(ms: number) {
    super(`no answer within ${(ms / 1000).toFixed(1)} s`);
    this.name = "TooSlow";
  }
}
