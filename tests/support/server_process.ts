import { spawn } from "node:child_process";
import type { Buffer } from "node:buffer";
import { deadline, PATIENCE_MS } from "./deadline.ts";
import { signalIfThere } from "./process_family.ts";
import { childEnvironment, startable } from "./run_program.ts";

export interface Exit {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ServerProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly bareEnvironment?: boolean;
}

/** A server that runs as a child process; what it prints on stderr is kept. */
export class ServerProcess {
  readonly pid: number;
  /** Settles when the process is gone. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly #name: string;
  #running = true;
  #stderr = "";
  #stdout = "";
  readonly #watchers = new Set<() => void>();

  constructor(
    name: string,
    pid: number,
    exited: Promise<Exit>,
    streams: { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream },
  ) {
    this.#name = name;
    this.pid = pid;
    this.exited = exited.then((exit) => {
      this.#running = false;
      this.#notify();
      return exit;
    });
    // A character may come in two pieces.
    const [errors, output] = [new TextDecoder(), new TextDecoder()];
    streams.stderr.on("data", (chunk: Buffer) => {
      this.#stderr += errors.decode(chunk, { stream: true });
      this.#notify();
    });
    streams.stdout.on("data", (chunk: Buffer) => {
      this.#stdout += output.decode(chunk, { stream: true });
    });
  }

  /** Starts the program; rejects when it cannot be started. */
  static start(
    command: string,
    args: readonly string[],
    options: ServerProcessOptions = {},
  ): Promise<ServerProcess> {
    return new Promise((resolve, reject) => {
      const program = startable(command, args);
      const child = spawn(program.command, program.args, {
        cwd: options.cwd,
        env: childEnvironment(options.env, options.bareEnvironment),
        stdio: ["ignore", "pipe", "pipe"],
      });
      const exited = new Promise<Exit>((settle) => {
        child.on("close", (code, signal) => settle({ code, signal }));
      });
      child.on("error", (cause) => {
        reject(new Error(`Cannot start ${command}: ${cause.message}`, { cause }));
      });
      child.on("spawn", () => {
        if (child.pid === undefined) return;
        resolve(new ServerProcess(command, child.pid, exited, child));
      });
    });
  }

  /** All that it has printed on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get running(): boolean {
    return this.#running;
  }

  /**
   * The first line on stderr that matches, already printed or still to come. `after` (a length of
   * `stderr` taken earlier) leaves out what was printed before. Rejects when the process ends first.
   */
  async waitForLog(
    pattern: string | RegExp,
    options: { after?: number; ms?: number } = {},
  ): Promise<string> {
    const matches = (line: string) =>
      typeof pattern === "string" ? line.includes(pattern) : pattern.test(line);
    const line = await this.#until(
      () => this.#stderr.slice(options.after ?? 0).split("\n").slice(0, -1).find(matches),
      options.ms ?? PATIENCE_MS,
      `a line with ${pattern} on stderr of ${this.#name}`,
    );
    return line;
  }

  /** Sends a signal, if it is still there. `ChildProcess.kill` of Deno delivers only the first one. */
  signal(name: NodeJS.Signals): void {
    if (this.#running) signalIfThere(this.pid, name);
  }

  /** SIGTERM, then waits for the end. Does nothing when it has ended already. */
  stop(ms = PATIENCE_MS): Promise<Exit> {
    return this.#endBy("SIGTERM", ms);
  }

  /** SIGKILL: no goodbye. */
  kill9(): Promise<Exit> {
    return this.#endBy("SIGKILL", PATIENCE_MS);
  }

  async #endBy(name: NodeJS.Signals, ms: number): Promise<Exit> {
    this.signal(name);
    try {
      return await deadline(
        this.exited,
        ms,
        `${this.#name} to end after ${name}`,
        () => this.#stderr,
      );
    } catch (error) {
      // Nothing that a test started may live longer than the test.
      this.signal("SIGKILL");
      throw error;
    }
  }

  async #until<T>(look: () => T | undefined, ms: number, what: string): Promise<T> {
    let watcher: (() => void) | undefined;
    const found = new Promise<T>((resolve, reject) => {
      watcher = () => {
        const value = look();
        if (value !== undefined) resolve(value);
        else if (!this.#running) {
          reject(new Error(`${this.#name} ended before ${what} came: ${this.#stderr}`));
        }
      };
    });
    this.#watchers.add(watcher!);
    watcher!();
    try {
      return await deadline(found, ms, what, () => this.#stderr);
    } finally {
      this.#watchers.delete(watcher!);
    }
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
