import { JobServer, type Limits, type WakeUpPolicy } from "../core/mod.ts";
import type { JobStore } from "../plugin_api/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type {
  Connection,
  ConnectionHandler,
  KeepAlive,
  Listen,
  ListenAddress,
  Listener,
} from "../runtime/mod.ts";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import { replay } from "./replay.ts";
import { type ServerFacts, Session, type SessionHost } from "./session.ts";
import { SessionRegistry } from "./session_registry.ts";
import { Slab } from "./slab.ts";
import { StoreWriter } from "./store_writer.ts";
import { Traffic } from "./traffic.ts";
import { WorkloadPool } from "./workload_pool.ts";

export interface ServerConfig {
  /** Where to listen, one listener each. */
  readonly listen: readonly ListenAddress[];
  readonly backlog: number;
  readonly keepAlive: KeepAlive;
  readonly limits: Limits;
  readonly wakeUps: WakeUpPolicy;
  /** How often a job may be handed out before it is failed; -1 = without limit. */
  readonly maxAttempts: number;
  /** Every connection receives WORK_EXCEPTION. */
  readonly exceptions: boolean;
  /** What stands before the number in a handle, with its colon. */
  readonly handlePrefix: ByteString;
  /** Keeps the jobs of several servers in one store apart. */
  readonly namespace: string;
  readonly facts: ServerFacts;
}

export type ServerLogLevel = "ERROR" | "WARNING" | "NOTICE" | "INFO" | "DEBUG";

/** What the server is built on. */
export interface ServerParts {
  readonly listen: Listen;
  /** Calls back when all sockets that had something to read in this turn have been read. */
  afterTurn(callback: () => void): void;
  readonly clock: Clock;
  /** Null or a store that survives nothing: jobs are kept in memory only. */
  readonly store: JobStore | null;
  log(level: ServerLogLevel, text: string): void;
  /** Whether lines of a level are written at all. */
  logs(level: ServerLogLevel): boolean;
}

/** A server that listens and answers. */
export interface RunningServer {
  readonly jobServer: JobServer;
  /** The addresses really bound. */
  readonly addresses: readonly ListenAddress[];
  /** Settles when the store's jobs are all taken up; until then connections wait. */
  readonly loaded: Promise<number>;
  /** Stops listening; settles when no job is left that would be lost or is being run. */
  drain(): Promise<void>;
  /** Closes listeners and connections without a word, writes what the store still has to know. */
  stop(): Promise<void>;
}

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
  readonly slab = new Slab();
  readonly workloads = new WorkloadPool();
  readonly traffic = new Traffic();
  readonly facts: ServerFacts;
  readonly logSubmission: SessionHost["logSubmission"];
  readonly addresses: ListenAddress[] = [];
  loaded: Promise<number> = Promise.resolve(0);
  readonly #config: ServerConfig;
  readonly #parts: ServerParts;
  readonly #sessions = new SessionRegistry();
  readonly #listeners: Listener[] = [];
  readonly #writer: StoreWriter | null;
  readonly #alarm: Alarm;
  #loading = true;
  #turnScheduled = false;
  #stopped = false;
  #onDrained: (() => void) | null = null;

  constructor(config: ServerConfig, parts: ServerParts) {
    this.#config = config;
    this.#parts = parts;
    this.limits = config.limits;
    this.facts = config.facts;
    const { store, clock } = parts;
    this.#writer = store === null || store.traits.durability === "nothing"
      ? null
      : new StoreWriter({
        store,
        limits: config.limits,
        namespace: config.namespace,
        now: clock.now,
        later: clock.later,
        afterTurn: (callback) => parts.afterTurn(callback),
        log: (level, text) => parts.log(level, text),
      });
    this.jobServer = new JobServer({
      handlePrefix: config.handlePrefix,
      limits: config.limits,
      wakeUps: config.wakeUps,
      maxAttempts: config.maxAttempts,
      exceptions: config.exceptions,
      ...(this.#writer === null ? {} : { log: this.#writer }),
    });
    this.#alarm = new Alarm(clock, () => {
      this.jobServer.advance(this.now());
      this.#scheduleTurnEnd();
    });
    this.logSubmission = parts.logs("NOTICE")
      ? (name, unique, suffix) => parts.log("NOTICE", `accepted,${name},${unique},${suffix}`)
      : null;
  }

  async start(): Promise<void> {
    try {
      for (const address of this.#config.listen) await this.#listen(address);
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
    const count = store === null ? 0 : await replay(store, this.jobServer, () => this.now());
    await this.#writer?.serve(this.jobServer);
    this.#loading = false;
    this.#sessions.forEach((session) => session.resume());
    this.#scheduleTurnEnd();
    return count;
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

  // For sessions

  now(): number {
    return this.#parts.clock.now();
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
    this.#alarm.setFor(this.jobServer.nextWake());
    this.#writer?.reserveNumbers();
    if (this.#onDrained !== null && this.#isDrained()) this.#onDrained();
  }

  // The end

  async drain(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    const drained = new Promise<void>((resolve) => this.#onDrained = resolve);
    this.#scheduleTurnEnd();
    await drained;
  }

  /** Jobs that wait in the store run after the restart, ignored ones never: others are waited for. */
  #isDrained(): boolean {
    const { functions, jobs } = this.jobServer.table;
    for (const { running } of functions) if (running > 0) return false;
    for (const { row, ignored } of jobs) if (row !== "stored" && !ignored) return false;
    return true;
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
