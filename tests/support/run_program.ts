import { spawn } from "node:child_process";
import { Buffer } from "node:buffer";
import { basename } from "node:path";
import process from "node:process";

export interface RunOptions {
  /** Bytes or text for its standard input, which then ends. Default: empty. */
  readonly stdin?: string | Uint8Array;
  /** After this many milliseconds it and its children are killed. Default 120 000. */
  readonly timeoutMs?: number;
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Begin with an empty environment. */
  readonly bareEnvironment?: boolean;
  /** Kills it and its children when aborted. */
  readonly abort?: AbortSignal;
  /** Is shown every piece of output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** For programs that take a second; many of them start at the same time on a busy machine. */
const DEFAULT_LIMIT_MS = 120_000;

export interface ProgramResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
  /** Standard output and error as they came, one stream. */
  readonly output: string;
}

/** The environment for a child process, from this process's own and what should differ. */
export function childEnvironment(
  changes: Readonly<Record<string, string | undefined>> = {},
  bare = false,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...(bare ? {} : process.env), ...changes })) {
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/**
 * Runs a program to its end. Never rejects because of the program's exit code or a time-out, only
 * when the program cannot be started.
 */
export function runProgram(
  command: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const program = startable(command, args);
    const child = spawn(program.command, program.args, {
      cwd: options.cwd,
      env: childEnvironment(options.env, options.bareEnvironment),
      stdio: ["pipe", "pipe", "pipe"],
      // A process group of its own, so that a time-out ends its children too.
      detached: true,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const both: Buffer[] = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, options.timeoutMs ?? DEFAULT_LIMIT_MS);
    const abort = () => killGroup(child.pid);
    options.abort?.addEventListener("abort", abort);
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      into.push(chunk);
      both.push(chunk);
      options.onOutput?.(chunk.toString());
    };
    child.stdout.on("data", collect(stdout));
    child.stderr.on("data", collect(stderr));
    // A program may end without reading its input: that is its own business.
    child.stdin.on("error", () => {});
    child.on("error", (cause) => {
      clearTimeout(timer);
      reject(new Error(`Cannot run ${command}: ${cause.message}`, { cause }));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      options.abort?.removeEventListener("abort", abort);
      resolve({
        code,
        signal,
        timedOut,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        stdoutBytes: Buffer.concat(stdout),
        output: Buffer.concat(both).toString(),
      });
    });
    child.stdin.end(options.stdin ?? "");
  });
}

/**
 * How to start a program from a test. Deno's `node:child_process` takes the arguments of a Deno
 * executable for Node's and rewrites them, so there a shell stands in between. It steps aside at once
 * (`exec`): the process is the program's own.
 */
export function startable(
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  if (basename(command) !== "deno") return { command, args };
  return { command: "/bin/sh", args: ["-c", 'exec "$0" "$@"', command, ...args] };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}
