import { connect } from "node:net";
import { deadline, freePort, type ServerProcess } from "../../tests/support/mod.ts";
import { startChild } from "./children.ts";
import { type Cores, onCore } from "./cores.ts";
import { requestFrame, Type } from "./generator/frames.ts";
import type { Queue, ServerKind } from "./server_kinds.ts";

/** How long a server may take from its start to its first answer, queue replay included. */
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 30_000;
/** Between two attempts to connect to a server that starts. */
const ATTEMPT_PAUSE_MS = 1;

export interface StartOptions {
  readonly queue: Queue;
  readonly dataDir: string;
  readonly cores: Cores;
  readonly startLimitMs?: number;
}

/** A server under test: a child process that has answered its first request. */
export class RunningServer {
  readonly kind: ServerKind;
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to the answer to a first ECHO_REQ, milliseconds. */
  readonly startMs: number;
  readonly #process: ServerProcess;

  private constructor(kind: ServerKind, port: number, startMs: number, process: ServerProcess) {
    this.kind = kind;
    this.port = port;
    this.pid = process.pid;
    this.startMs = startMs;
    this.#process = process;
  }

  /** Rejects when the server does not have this queue, ends early, or does not answer in time. */
  static async start(kind: ServerKind, options: StartOptions): Promise<RunningServer> {
    const port = await freePort();
    const line = kind.commandLine({ port, dataDir: options.dataDir, queue: options.queue });
    if (line === undefined) throw new Error(`no ${options.queue} queue`);
    const startedAt = performance.now();
    const child = await startChild(onCore(options.cores.server, line), {
      env: { GEARMAND_PORT: undefined, NOTIFY_SOCKET: undefined },
    });
    try {
      await firstAnswer(port, child, startedAt + (options.startLimitMs ?? START_LIMIT_MS));
    } catch (error) {
      await child.kill9();
      throw error;
    }
    return new RunningServer(kind, port, performance.now() - startedAt, child);
  }

  /** What it has printed on stderr. */
  get log(): string {
    return this.#process.stderr;
  }

  /** Orderly. */
  async stop(): Promise<void> {
    await this.#process.stop(STOP_LIMIT_MS);
  }

  /** When nothing it holds is needed any more: quicker with a long queue. */
  async kill(): Promise<void> {
    await this.#process.kill9();
  }
}

async function firstAnswer(port: number, child: ServerProcess, until: number): Promise<void> {
  for (;;) {
    if (!child.running) throw new Error(`the server ended at its start: ${child.stderr.trim()}`);
    const left = until - performance.now();
    if (left <= 0) throw new Error(`the server did not answer in time: ${child.stderr.trim()}`);
    if (await echo(port, left)) return;
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_PAUSE_MS));
  }
}

/** Whether somebody listens on the port and answers; a listener may keep the answer waiting. */
function echo(port: number, limitMs: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  const answered = new Promise<boolean>((resolve) => {
    socket.on("connect", () => socket.write(requestFrame(Type.ECHO_REQ, "ready")));
    socket.on("data", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => resolve(false));
  });
  return deadline(answered, limitMs, "an answer to ECHO_REQ").finally(() => socket.destroy());
}
