/** The process itself, where the runtimes differ. */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { basename } from "node:path";
import process from "node:process";
import { libC } from "./libc.ts";

/** The name that this program was called by, without folders: that of a link, where it was one. */
export function calledName(): string {
  return basename(process.argv0);
}

/** The words behind the program's name. */
export function processArguments(): string[] {
  return process.argv.slice(2);
}

/**
 * These environment variables, where they are set. Only listed names are asked for, because an
 * executable may be permitted to see no others.
 */
export function readEnvironment(names: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/** A child that lives on when this process ends: in a session of its own, without a terminal. */
export interface DetachedChild {
  readonly pid: number;
  /** What it writes to standard output. Its standard error goes nowhere. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Settles with the exit code, or 128 when a signal ended it. */
  readonly exited: Promise<number>;
}

/** Starts this same program again, with these arguments and additions to the environment. */
export function startDetachedSelf(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): DetachedChild {
  return typeof Deno === "undefined"
    ? startOnBun(args, environment)
    : startOnDeno(args, environment);
}

/** Names the process in process lists, where the system lets it. Up to 15 bytes. */
export function nameProcess(name: string): void {
  const PR_SET_NAME = 15;
  try {
    libC().prctl(PR_SET_NAME, Buffer.from(`${name}\0`));
  } catch {
    // Only a name: without the permission it keeps the one it has.
  }
}

// node:child_process of a compiled Deno takes our options for Node's and rewrites them.
function startOnDeno(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): DetachedChild {
  const all = Deno.build.standalone ? args : ["run", "-A", process.argv[1]!, ...args];
  const options: Deno.CommandOptions = {
    args: [...all],
    env: { ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    detached: true,
  };
  const child = spawnPermitted([Deno.execPath(), "/proc/self/exe"], options);
  return {
    pid: child.pid,
    output: child.stdout,
    exited: child.status.then((status) => status.signal === null ? status.code : 128),
  };
}

/** An executable may be permitted to start itself under the name /proc/self/exe only. */
function spawnPermitted(
  [program, ...others]: readonly string[],
  options: Deno.CommandOptions,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program!, options).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable) || others.length === 0) throw error;
    return spawnPermitted(others, options);
  }
}

function startOnBun(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): DetachedChild {
  const main = process.argv[1]!;
  const compiled = main.startsWith("/$bunfs/");
  const child = spawn(process.execPath, compiled ? args : [main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const exited = new Promise<number>((resolve, reject) => {
    child.on("exit", (code) => resolve(code ?? 128));
    child.on("error", reject);
  });
  return { pid: child.pid ?? 0, output: child.stdout, exited };
}
