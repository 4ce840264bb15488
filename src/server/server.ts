import { JobServer, type JobWitness, type Limits } from "../core/mod.ts";
import type { JobStore } from "../plugin_api/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type { Connection, ConnectionHandler, ListenAddress, Listener } from "../runtime/mod.ts";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import { ClockWatch } from "./clock_watch.ts";
import { connectionView } from "./connection_view.ts";
import { givenUpLog } from "./given_up_log.ts";
import { type KeptEntry, KeptOutcomes } from "./kept_outcomes.ts";
import { KnownKeys } from "./known_keys.ts";
import { KnownRecords } from "./known_records.ts";
import { isMinted } from "./minted_handles.ts";
import { NO_OUTCOME_LOG, OutcomeKeeper, type OutcomeLog } from "./outcome_keeper.ts";
import { EndWatch, isDrained } from "./end_watch.ts";
import { replay } from "./replay.ts";
import type {
  ConnectionView,
  RunningServer,
  ServerPhase,
  SettledCommit,
  StoreCondition,
} from "./running_server.ts";
import type { ServerConfig, ServerLogLevel, ServerParts } from "./server_parts.ts";
import { type ServerFacts, Session, type SessionHost } from "./session.ts";
import { SessionRegistry } from "./session_registry.ts";
import { Slab } from "./slab.ts";
import { storeCondition } from "./store_condition.ts";
import { StoreWriter } from "./store_writer.ts";
import { StoredPolicies } from "./stored_policies.ts";
import { Traffic } from "./traffic.ts";
import { Witnesses } from "./witnesses.ts";
import { WorkloadPool } from "./workload_pool.ts";

/**
 * Opens the listeners and begins to take up the store's jobs; connections are accepted at once and
 * served when that is done. Rejects when an address can't be bound or the store can't be written.
 */
export async function startServer(
  config: ServerConfig,
  parts: ServerParts,
): Promise<RunningServer> {
  const server = new Server(config, parts);
  await server.start();
  return server;
}

class Server implements RunningServer, SessionHost {
  readonly jobServer: JobServer;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly slab = new Slab();
  readonly workloads = new WorkloadPool();
  readonly traffic = new Traffic();
  readonly facts: ServerFacts;
  readonly logSubmission: SessionHost["logSubmission"];
  readonly addresses: ListenAddress[] = [];
  readonly outcomes: KeptOutcomes;
  readonly idempotencyKeys: KnownKeys;
  readonly queuePolicies: StoredPolicies;
  readonly records: KnownRecords;
  readonly lost: Promise<Error>;
  loaded: Promise<number> = Promise.resolve(0);
  readonly #config: ServerConfig;
  readonly #parts: ServerParts;
  readonly #sessions = new SessionRegistry();
  readonly #listeners: Listener[] = [];
  readonly #writer: StoreWriter | null;
  readonly #keeper: OutcomeKeeper;
  readonly #witnesses = new Witnesses();
  readonly #commitWatchers = new Set<(commit: SettledCommit) => void>();
  readonly #watch: ClockWatch;
  readonly #alarm: Alarm;
  #keeping = false;
  #loading = true;
  /** An operator wants no more jobs. */
  #draining = false;
  /** Nobody is listened to any more. */
  #ending = false;
  #turnScheduled = false;
  #stopped = false;
  #onDrained: (() => void) | null = null;
  /** Null once the store is lost. */
  #onLost: ((error: Error) => void) | null = null;

  constructor(config: ServerConfig, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
    this.limits = config.limits;
    this.facts = config.facts;
    this.clock = parts.clock;
    this.#watch = new ClockWatch(parts.clock, (byMs) => this.#clockSet(byMs));
    this.startedAt = this.now();
    this.lost = new Promise((resolve) => this.#onLost = resolve);
    this.#writer = this.#newWriter();
    this.jobServer = new JobServer({
      handlePrefix: config.handlePrefix,
      limits: config.limits,
      wakeUps: config.wakeUps,
      maxAttempts: config.maxAttempts,
      exceptions: config.exceptions,
      ...(this.#writer === null ? {} : { log: this.#writer }),
    });
    if (config.maxAttempts >= 0) this.watch(givenUpLog(parts.log));
    const writer = this.#writer;
    this.records = new KnownRecords(
      writer === null ? null : (name, value) => writer.put(name, value),
    );
    this.queuePolicies = new StoredPolicies({
      jobServer: this.jobServer,
      limits: config.limits,
      act: (step) => this.#step(step),
    }, this.records);
    const log: OutcomeLog = writer ?? NO_OUTCOME_LOG;
    const { limits } = config;
    const now = () => this.now();
    this.idempotencyKeys = new KnownKeys({
      limits,
      table: this.jobServer.table,
      now,
      drop: (name) => log.putQuietly({ name, value: null }),
    });
    this.outcomes = new KeptOutcomes({
      limits,
      now,
      wasMinted: (handle) => isMinted(handle, config.handlePrefix, this.jobServer.nextHandle),
      gone: (entry) => this.#outcomeGone(entry, log),
    });
    this.#keeper = new OutcomeKeeper({
      limits,
      log,
      outcomes: this.outcomes,
      keys: this.idempotencyKeys,
      now,
    });
    this.#alarm = new Alarm(this.#watch, () => {
      this.jobServer.advance(this.now());
      this.outcomes.sweep(this.now());
      this.#scheduleTurnEnd();
    });
    this.logSubmission = parts.logs("NOTICE")
      ? (name, unique, suffix) => parts.log("NOTICE", `accepted,${name},${unique},${suffix}`)
      : null;
  }

  #newWriter(): StoreWriter | null {
    const { store, clock } = this.#parts;
    if (store === null || store.traits.durability === "nothing") return null;
    return new StoreWriter({
      store,
      limits: this.limits,
      namespace: this.#config.namespace,
      now: () => this.now(),
      later: clock.later,
      afterTurn: (callback) => this.#parts.afterTurn(callback),
      afterSending: (callback) => this.#parts.afterSending(callback),
      log: (level, text) => this.#parts.log(level, text),
      recordStored: (name, value) => this.records.stored(name, value),
      settled: (commit) => {
        for (const heard of this.#commitWatchers) heard(commit);
        this.#scheduleTurnEnd();
      },
      lost: (error) => this.#lose(error),
    });
  }

  async start(): Promise<void> {
    try {
      for (const address of this.#config.listen) await this.#listen(address);
      void this.#parts.store?.lost?.then((error) => this.#lose(error));
      this.loaded = this.#load();
      this.loaded.catch(() => {});
    } catch (error) {
      await Promise.all(this.#listeners.map((listener) => listener.close()));
      throw error;
    }
  }

  async #listen(address: ListenAddress): Promise<void> {
    const { backlog, keepAlive } = this.#config;
    const { listen, log } = this.#parts;
    const listener = await listen({ ...address, backlog, keepAlive }, {
      connection: (connection) => this.#accept(connection),
      acceptFailed: (cause) =>
        log("ERROR", `Cannot accept connections: ${textOf(cause)}; trying again`),
      acceptResumed: () => log("NOTICE", "Accepting connections again"),
    });
    this.#listeners.push(listener);
    this.addresses.push(listener.address);
  }

  /** Numbers and jobs of the store, then the sessions that waited for them. */
  async #load(): Promise<number> {
    const { store } = this.#parts;
    const count = store === null ? 0 : await this.#replay(store);
    this.queuePolicies.takeUp();
    await this.#writer?.serve(this.jobServer);
    this.#loading = false;
    this.#sessions.forEach((session) => session.resume());
    this.#scheduleTurnEnd();
    return count;
  }

  #replay(store: JobStore): Promise<number> {
    return replay(store, {
      jobServer: this.jobServer,
      writer: this.#writer,
      records: this.records,
      keys: this.idempotencyKeys,
      keeper: this.#keeper,
      now: () => this.now(),
      foundExtras: () => this.#keepOutcomes(),
    });
  }

  #accept(connection: Connection): ConnectionHandler {
    const session = new Session(this, connection, this.#sessions.nextNumber());
    this.#sessions.add(session);
    const most = this.limits.maxConnections;
    if (most > 0 && this.#sessions.size > most) {
      this.log("WARNING", `Refusing ${session.peer}: ${most} connections are open`);
      session.close("too many");
    } else if (this.#loading) {
      session.pause();
    }
    if (this.#parts.logs("INFO")) {
      this.log("INFO", `Accepted connection from ${session.peer}`);
    }
    return session;
  }

  // For peers without a socket

  get phase(): ServerPhase {
    if (this.#stopped || this.#onLost === null) return "stopped";
    if (this.#loading) return "loading";
    return this.#draining || this.#ending ? "draining" : "serving";
  }

  act<Result>(step: (jobServer: JobServer, now: number) => Result): Result {
    this.#keepOutcomes();
    return this.#step(step);
  }

  #step<Result>(step: (jobServer: JobServer, now: number) => Result): Result {
    this.#scheduleTurnEnd();
    return step(this.jobServer, this.now());
  }

  watch(witness: JobWitness): () => void {
    this.#witnesses.add(witness);
    this.jobServer.witness = this.#witnesses;
    return () => {
      this.#witnesses.remove(witness);
      if (this.#witnesses.size === 0) this.jobServer.witness = null;
    };
  }

  /** From the first job on that may have extras; servers of the binary port alone do without. */
  #keepOutcomes(): void {
    if (this.#keeping) return;
    this.#keeping = true;
    this.watch(this.#keeper);
  }

  /** An outcome is forgotten; its idempotency key counts on. */
  #outcomeGone({ outcome, idempotency }: KeptEntry, log: OutcomeLog): void {
    const key = idempotency === null
      ? undefined
      : this.idempotencyKeys.keepAlone(idempotency, outcome.handle);
    log.forget(outcome.key, key === undefined ? [] : [key]);
  }

  storeCondition(): StoreCondition {
    return storeCondition(this.#parts.store, this.#writer?.figures);
  }

  watchCommits(heard: (commit: SettledCommit) => void): () => void {
    this.#commitWatchers.add(heard);
    return () => this.#commitWatchers.delete(heard);
  }

  *connections(): Iterable<ConnectionView> {
    for (const session of this.#sessions.newestFirst()) yield connectionView(session);
  }

  disconnect(number: number): boolean {
    const session = this.#sessions.find(number);
    session?.close("ordered");
    return session !== undefined;
  }

  drainWorker(number: number, draining: boolean): boolean {
    const session = this.#sessions.find(number);
    if (session === undefined) return false;
    this.#step((jobServer, now) => jobServer.drainWorker(session.worker, draining, now));
    return true;
  }

  setDraining(draining: boolean): void {
    this.#draining = draining;
  }

  // For sessions

  now(): number {
    return this.#watch.now();
  }

  #clockSet(byMs: number): void {
    this.log("NOTICE", `The clock was set by ${byMs / 1000} s`);
    this.jobServer.clockSet(byMs);
    this.#scheduleTurnEnd();
  }

  flushLater(session: Session): void {
    if (this.#sessions.flushLater(session)) this.#scheduleTurnEnd();
  }

  ended(session: Session, cause: unknown): void {
    this.#sessions.remove(session);
    if (this.#parts.logs("INFO")) {
      this.log("INFO", `Disconnected ${session.peer}${cause ? `: ${textOf(cause)}` : ""}`);
    }
    this.#scheduleTurnEnd();
  }

  log(level: ServerLogLevel, text: string): void {
    this.#parts.log(level, text);
  }

  functionDropped(name: ByteString): void {
    this.queuePolicies.forget(name).catch((error) =>
      this.log("WARNING", `The limits of a dropped function stay stored: ${textOf(error)}`)
    );
  }

  sessions(): Iterable<Session> {
    return this.#sessions.newestFirst();
  }

  // Turns

  #scheduleTurnEnd(): void {
    if (this.#turnScheduled || this.#stopped) return;
    this.#turnScheduled = true;
    this.#parts.afterTurn(() => this.#endTurn());
  }

  /** Once for all that a turn brought: send, set the timer, look after the numbers. */
  #endTurn(): void {
    this.#turnScheduled = false;
    if (this.#stopped) return;
    this.#sessions.flush();
    this.#alarm.setFor(Math.min(this.jobServer.nextWake(), this.outcomes.nextSweep));
    this.#writer?.reserveNumbers();
    const heldRows = this.#writer?.heldRows ?? 0;
    if (this.#onDrained !== null && isDrained(this.jobServer.table, heldRows)) this.#onDrained();
  }

  // The end

  async drain(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    const drained = new Promise<void>((resolve) => this.#onDrained = resolve);
    // The end of a job whose only client has no socket sends nothing: nothing else would look then.
    this.watch(new EndWatch(() => this.#scheduleTurnEnd()));
    this.#scheduleTurnEnd();
    await drained;
  }

  /** Another server runs the store's jobs: this one must not give out any more of them. */
  #lose(error: Error): void {
    if (this.#stopped || this.#onLost === null) return;
    this.log("ERROR", `Ending all connections: ${error.message}`);
    this.#sessions.forEach((session) => session.drop());
    for (const listener of this.#listeners) void listener.close();
    this.#onLost(error);
    this.#onLost = null;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#alarm.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#sessions.forEach((session) => session.drop());
    await this.#writer?.close();
    await this.#parts.store?.close();
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
