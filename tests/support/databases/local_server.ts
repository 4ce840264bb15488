import { deadline } from "../deadline.ts";
import type { ServerProcess } from "../server_process.ts";
import type { TemporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";

/** A busy machine needs long for a first start. */
export const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = START_PATIENCE_MS;

/** What the servers have in common: one run of their program after the other, in one folder, with one log. */
export abstract class LocalServer implements DatabaseServer {
  readonly port: number;
  readonly #place: TemporaryFolder;
  #process: ServerProcess | null = null;
  #paused = false;
  #earlierLog = "";

  constructor(place: TemporaryFolder, port: number) {
    this.#place = place;
    this.port = port;
  }

  abstract get url(): string;
  abstract sql(text: string): Promise<string>;

  /** Starts the program; its stderr is the log. */
  protected abstract launch(): Promise<ServerProcess>;
  /** What the log says when it answers. */
  protected abstract readonly readyLine: RegExp;
  /** What ends it in good order. */
  protected readonly stopSignal: NodeJS.Signals = "SIGTERM";

  /** Reaches all processes of the server. */
  protected signalAll(server: ServerProcess, signal: NodeJS.Signals): void {
    server.signal(signal);
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.stderr ?? "");
  }

  async restart(): Promise<void> {
    await this.stop();
    const server = await this.launch();
    this.#process = server;
    await server.waitForLog(this.readyLine, { ms: START_PATIENCE_MS });
  }

  stop(): Promise<void> {
    return this.end(this.stopSignal);
  }

  kill9(): Promise<void> {
    return this.end("SIGKILL");
  }

  pause(): void {
    this.#paused = true;
    if (this.#process !== null) this.signalAll(this.#process, "SIGSTOP");
  }

  resume(): void {
    if (this.#paused && this.#process !== null) this.signalAll(this.#process, "SIGCONT");
    this.#paused = false;
  }

  /** To its first process alone. */
  protected signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  protected async end(signal: NodeJS.Signals): Promise<void> {
    this.resume();
    const server = this.#process;
    if (server === null) return;
    server.signal(signal);
    // Settles when its children have closed its log, too: until then it cannot be started again.
    await deadline(
      server.exited,
      STOP_PATIENCE_MS,
      `the server to end after ${signal}`,
      () => this.log,
    );
    this.#earlierLog = this.log;
    this.#process = null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#process !== null) this.signalAll(this.#process, "SIGKILL");
      await this.kill9();
    } finally {
      await this.#place.remove();
    }
  }
}

/** Answers the server when `prepare` has made it ready; nothing of it is left when that fails. */
export async function prepared<S extends LocalServer>(
  server: S,
  prepare: () => Promise<unknown>,
): Promise<S> {
  try {
    await prepare();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
