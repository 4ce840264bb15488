import { cogdCommand, type CogdFlavour, ownFlavour } from "./cogd_flavour.ts";
import { deadline, PATIENCE_MS } from "./deadline.ts";
import { type Exit, ServerProcess } from "./server_process.ts";
import { temporaryFolder } from "./temporary_folder.ts";

export interface StartCogdOptions {
  /** Default: the runtime that runs the test, from source. */
  readonly flavour?: CogdFlavour;
  /** Command-line options beside port, address and data folder. */
  readonly args?: readonly string[];
  /** Default 0: the system chooses. `null` leaves `--port` and `--listen` to `args`. */
  readonly port?: number | null;
  readonly listen?: string;
  /** With HTTP, on a port that the system chooses. Default: without. `null` leaves it to `args`. */
  readonly http?: boolean | null;
  /** Default: a new folder, removed by `stop` and `kill9`. A given one stays. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Begin with an empty environment. */
  readonly bareEnvironment?: boolean;
  readonly cwd?: string;
  /** Run this file instead of the flavour's own (a copy of an executable, say). */
  readonly program?: string;
  /** How long the start may take; default `PATIENCE_MS`. */
  readonly readyMs?: number;
}

export interface RunningCogd {
  readonly port: number;
  /** Numeric address of the first listener, without brackets. */
  readonly address: string;
  /** Port of HTTP; 0 without it. */
  readonly httpPort: number;
  /** Address of HTTP, as `http://127.0.0.1:8080` (with TLS `https:`); empty without it. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** The line that announced it. */
  readonly startLine: string;
  /** The process: its log, `waitForLog`, `signal`, `exited`. */
  readonly process: ServerProcess;
  /** SIGTERM; resolves when it has ended and its own data folder is gone. */
  stop(): Promise<Exit>;
  /** SIGKILL, likewise. */
  kill9(): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts cogd and waits for its start line, `cogd VERSION listening on ADDRESS:PORT, …`, which holds
 * the port that was really bound.
 */
export async function startCogd(options: StartCogdOptions = {}): Promise<RunningCogd> {
  const { command, args } = cogdCommand(options.flavour ?? ownFlavour());
  const own = options.dataDir === undefined ? await temporaryFolder() : undefined;
  const dataDir = options.dataDir ?? own!.path;
  const where = options.port === null
    ? []
    : [`--port=${options.port ?? 0}`, `--listen=${options.listen ?? "127.0.0.1"}`];
  const server = await ServerProcess.start(options.program ?? command, [
    ...(options.program === undefined ? args : []),
    ...where,
    ...httpOptions(options.http),
    `--data-dir=${dataDir}`,
    ...(options.args ?? []),
  ], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: {
      ...(options.bareEnvironment === true
        ? {}
        : { GEARMAND_PORT: undefined, NOTIFY_SOCKET: undefined }),
      ...options.env,
    },
    bareEnvironment: options.bareEnvironment ?? false,
  });
  const end = async (how: () => Promise<Exit>) => {
    try {
      return await how();
    } finally {
      await own?.remove();
    }
  };
  try {
    const startLine = await server.waitForLog(START_LINE, { ms: options.readyMs ?? PATIENCE_MS });
    const match = START_LINE.exec(startLine)!;
    return {
      port: Number(match[2]),
      address: match[1]!.replace(/^\[|\]$/g, ""),
      ...httpPlace(startLine),
      pid: server.pid,
      dataDir,
      startLine,
      process: server,
      stop: () => end(() => server.stop()),
      kill9: () => end(() => server.kill9()),
      [Symbol.asyncDispose]: async () => {
        await end(() => server.stop());
      },
    };
  } catch (error) {
    await end(() => server.kill9());
    throw error;
  }
}

function httpOptions(http: boolean | null = false): string[] {
  if (http === null) return [];
  return http ? ["--http-port=0", "--http-listen=127.0.0.1"] : ["--no-http"];
}

/** Where HTTP listens, by the start line. */
function httpPlace(startLine: string): { httpPort: number; url: string } {
  const [url = "", port = "0"] = /https?:\/\/[^,; ]+:(\d+)/.exec(startLine) ?? [];
  return { httpPort: Number(port), url };
}

const START_LINE = /cogd \S+ listening on (\[[0-9a-f:.%\w]+\]|[0-9.]+):(\d+)/i;

/** Waits until nothing of `server` runs any more, without ending it. */
export function waitForExit(server: RunningCogd, ms = PATIENCE_MS): Promise<Exit> {
  return deadline(
    server.process.exited,
    ms,
    "cogd to end by itself",
    () => server.process.stderr,
  );
}
