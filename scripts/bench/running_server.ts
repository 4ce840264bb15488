import { connect } from "node:net";
import { deadline, freePort, type ServerProcess } from "../../tests/support/mod.ts";
import { startChild } from "./children.ts";
import { type Cores, onCore } from "./cores.ts";
import { requestFrame, Type } from "./generator/frames.ts";
import type { Place, Queue, ServerKind } from "./server_kinds.ts";

/** How long a server may take from its start to its first answer, queue replay included. */
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 30_000;
/** Between two attempts to connect to a server that starts. */
const ATTEMPT_PAUSE_MS = 1;

export interface StartOptions {
  readonly queue: Queue;
  readonly dataDir: string;
  readonly cores: Cores;
  /** Also with HTTP. */
  readonly http?: boolean;
  readonly startLimitMs?: number;
}

/** Milliseconds from the start of the process. */
export interface StartTimes {
  /** A connection came to stand. */
  readonly listeningMs: number;
  /** The first ECHO_REQ was answered. */
  readonly answerMs: number;
}

/** A server under test: a child process that has answered its first request. */
export class RunningServer {
  readonly kind: ServerKind;
  readonly port: number;
  /** 0 without HTTP. */
  readonly httpPort: number;
  readonly pid: number;
  readonly start: StartTimes;
  readonly #process: ServerProcess;

  private constructor(
    kind: ServerKind,
    { port, httpPort = 0 }: Pick<Place, "port" | "httpPort">,
    start: StartTimes,
    process: ServerProcess,
  ) {
    this.kind = kind;
    this.port = port;
    this.httpPort = httpPort;
    this.pid = process.pid;
    this.start = start;
    this.#process = process;
  }

  /** Rejects when the server does not have this queue, ends early, or does not answer in time. */
  static async start(kind: ServerKind, options: StartOptions): Promise<RunningServer> {
    const port = await freePort();
    const httpPort = options.http === true ? await freePort() : undefined;
    const { dataDir, queue } = options;
    const line = kind.commandLine({ port, dataDir, queue, httpPort });
    if (line === undefined) throw new Error(httpPort === undefined ? "no such queue" : "no HTTP");
    const startedAt = performance.now();
    const child = await startChild(onCore(options.cores.server, line), {
      env: { GEARMAND_PORT: undefined, NOTIFY_SOCKET: undefined },
    });
    try {
      const limitMs = options.startLimitMs ?? START_LIMIT_MS;
      const times = await startTimes(port, child, startedAt, limitMs);
      if (httpPort !== undefined) await deadline(untilListening(httpPort), limitMs, "HTTP");
      return new RunningServer(kind, { port, httpPort }, times, child);
    } catch (error) {
      await child.kill9();
      throw error;
    }
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

async function startTimes(
  port: number,
  child: ServerProcess,
  startedAt: number,
  limitMs: number,
): Promise<StartTimes> {
  for (;;) {
    const leftMs = startedAt + limitMs - performance.now();
    if (!child.running) throw new Error(`the server ended at its start: ${child.stderr.trim()}`);
    if (leftMs <= 0) throw new Error(`the server did not answer in time: ${child.stderr.trim()}`);
    const listeningAt = await echo(port, leftMs);
    if (listeningAt !== undefined) {
      return {
        listeningMs: listeningAt - startedAt,
        answerMs: performance.now() - startedAt,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_PAUSE_MS));
  }
}

/** HTTP is opened behind the binary port. */
async function untilListening(port: number): Promise<void> {
  while (!await accepts(port)) {
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_PAUSE_MS));
  }
}

function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  const accepted = new Promise<boolean>((resolve) => {
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
  });
  return accepted.finally(() => socket.destroy());
}

/**
 * Asks for an ECHO_RES and tells when the connection stood; undefined when nobody listens yet. A server
 * that listens may keep the answer waiting until its queue is there.
 */
function echo(port: number, limitMs: number): Promise<number | undefined> {
  const socket = connect({ port, host: "127.0.0.1" });
  let connectedAt: number | undefined;
  const answered = new Promise<number | undefined>((resolve) => {
    socket.on("connect", () => {
      connectedAt = performance.now();
      socket.write(requestFrame(Type.ECHO_REQ, "ready"));
    });
    socket.on("data", () => resolve(connectedAt));
    socket.on("error", () => resolve(undefined));
    socket.on("close", () => resolve(undefined));
  });
  return deadline(answered, limitMs, "an answer to ECHO_REQ").finally(() => socket.destroy());
}
