import { Buffer } from "node:buffer";
import { existsSync, statSync } from "node:fs";
import type { Program, ProgramEnd, ProgramHandlers, ProgramOptions } from "./program.ts";

/**
 * The program that begins a session and then becomes another one. Deno's own way (`detached`) copies the
 * page tables of this process first, which takes ten times as long as the rest of a start.
 */
const SETSID_PATHS = ["/usr/bin/setsid", "/bin/setsid"];
/** What setsid writes when it cannot become that program, though the file was there. */
const SETSID_FAILED = "setsid: failed to execute ";
/** How long the last words of a program that has ended may take to be read. */
const LAST_WORDS_MS = 5000;
const SETSID_CODES: readonly number[] = [126, 127];

/**
 * By `Deno.Command`: Deno's `node:child_process` rewrites the arguments of programs that it takes for Deno or
 * Node. Throws what Deno and `node:fs` throw.
 */
export function startProgramOnDeno(options: ProgramOptions, handlers: ProgramHandlers): Program {
  const { path, folder } = options;
  const setsid = SETSID_PATHS.find((candidate) => existsSync(candidate));
  if (setsid !== undefined) refuse(path, folder);
  const child = new Deno.Command(setsid ?? path, {
    args: setsid === undefined ? [...options.args] : [path, ...options.args],
    ...(folder === undefined ? {} : { cwd: folder }),
    clearEnv: true,
    env: { ...options.environment },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: setsid === undefined,
  }).spawn();
  const input = child.stdin.getWriter();
  // A program may end without reading its input.
  input.closed.catch(() => {});
  const firstErrors = new Uint8Array(SETSID_FAILED.length);
  let errorBytes = 0;
  const errors = (bytes: Uint8Array) => {
    if (errorBytes < firstErrors.length) {
      firstErrors.set(bytes.subarray(0, firstErrors.length - errorBytes), errorBytes);
    }
    errorBytes += bytes.length;
    handlers.errors(bytes);
  };
  const readers = [
    { reader: child.stdout.getReader(), take: (bytes: Uint8Array) => handlers.output(bytes) },
    { reader: child.stderr.getReader(), take: errors },
  ] as const;
  let abandoned = false;
  const read = async ({ reader, take }: (typeof readers)[number]) => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || abandoned) return;
        const taken = take(value);
        if (taken !== undefined) await taken;
      }
    } catch {
      // A pipe that cannot be read has ended.
    }
  };
  const outputClosed = Promise.all(readers.map(read)).then(() => {});
  return {
    pid: child.pid,
    ended: child.status.then(async ({ code, signal }): Promise<ProgramEnd> => {
      if (signal !== null) return { code: null, signal, neverRan: false };
      if (setsid === undefined || !SETSID_CODES.includes(code)) {
        return { code, signal, neverRan: false };
      }
      // setsid's output ends with it, that of another program's children may not.
      await settledWithin(LAST_WORDS_MS, outputClosed);
      const neverRan = Buffer.from(firstErrors).toString("latin1") === SETSID_FAILED;
      return { code, signal, neverRan };
    }),
    outputClosed,
    write: (bytes) => input.write(bytes).then(() => !abandoned, () => false),
    endInput: () => void input.close().catch(() => {}),
    abandon: () => {
      if (abandoned) return;
      abandoned = true;
      void input.abort().catch(() => {});
      for (const { reader } of readers) void reader.cancel().catch(() => {});
    },
  };
}

async function settledWithin(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/**
 * What the system would refuse setsid, which can tell of it only in words. Whether this user is among those who
 * may run a file is left to the system: Deno's `access` does not know all groups.
 */
function refuse(path: string, folder: string | undefined): void {
  const program = statSync(path);
  if (!program.isFile() || (program.mode & 0o111) === 0) {
    throw Object.assign(new Error("it is no program"), { code: "EACCES" });
  }
  if (folder !== undefined && !statSync(folder).isDirectory()) {
    throw new Error(`"${folder}" is no folder`);
  }
}
