import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import {
  cogdCommand,
  deadline,
  ownFlavour,
  PATIENCE_MS,
  type ProgramResult,
  runProgram,
  ServerProcess,
  type ServerProcessOptions,
} from "../support/mod.ts";

const PROGRAM = fileURLToPath(new URL("small_server.ts", import.meta.url));
const START_LINE = /cogd \S+ listening on 127\.0\.0\.1:(\d+)/;

/** What a test of the small server never wants from the machine it runs on. */
const CLEAN: ServerProcessOptions = {
  env: { GEARMAND_PORT: undefined, NOTIFY_SOCKET: undefined, STATE_DIRECTORY: undefined },
};

function command(args: readonly string[]): { program: string; args: string[] } {
  const cogd = cogdCommand(ownFlavour());
  return { program: cogd.command, args: [...cogd.args.slice(0, -1), PROGRAM, ...args] };
}

/** Runs the small server to its end: for starts that fail, and for `--daemon`. */
export function runSmallServer(args: readonly string[]): Promise<ProgramResult> {
  const { program, args: all } = command(args);
  return runProgram(program, all, CLEAN);
}

/** The small server as a child process. */
export class StartedServer {
  readonly process: ServerProcess;
  readonly port: number;

  private constructor(process: ServerProcess, port: number) {
    this.process = process;
    this.port = port;
  }

  /** Starts it on a port of the system's choice and waits until it says that it listens. */
  static async start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<StartedServer> {
    const process = await StartedServer.launch(["--port=0", "--listen=127.0.0.1", ...args], env);
    try {
      const line = await process.waitForLog(START_LINE);
      return new StartedServer(process, Number(START_LINE.exec(line)![1]));
    } catch (error) {
      await process.kill9();
      throw error;
    }
  }

  /** Starts it without waiting for anything. */
  static launch(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ServerProcess> {
    const { program, args: all } = command(args);
    return ServerProcess.start(program, all, { env: { ...CLEAN.env, ...env } });
  }

  connect(): Promise<LineClient> {
    return LineClient.connect(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.kill9();
  }
}

/** Asks the small server a line at a time. */
export class LineClient {
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("close", () => this.#closed = true);
    socket.on("error", () => {});
  }

  static async connect(port: number): Promise<LineClient> {
    const socket = connect(port, "127.0.0.1");
    await deadline(once(socket, "connect"), PATIENCE_MS, `a connection to port ${port}`);
    return new LineClient(socket);
  }

  async ask(line: string): Promise<string> {
    this.#socket.write(`${line}\n`);
    const [bytes] = await deadline(once(this.#socket, "data"), PATIENCE_MS, `an answer to ${line}`);
    return String(bytes).trim();
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    if (this.#closed) return;
    await deadline(once(this.#socket, "close"), PATIENCE_MS, "the server to close the connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed();
  }
}
