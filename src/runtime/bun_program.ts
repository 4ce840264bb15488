import type { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import type { Program, ProgramEnd, ProgramHandlers, ProgramOptions } from "./program.ts";

/** By `node:child_process`. Rejects with what that reports. */
export function startProgramOnBun(
  options: ProgramOptions,
  handlers: ProgramHandlers,
): Promise<Program> {
  const child = spawn(options.path, [...options.args], {
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    env: { ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const { stdin, stdout, stderr } = child;
  // A program may end without reading its input.
  stdin.on("error", () => {});
  // The callbacks of a pipe that is destroyed may never come.
  const writes = new Set<(taken: boolean) => void>();
  stdin.on("close", () => {
    for (const settle of writes) settle(false);
  });
  const ended = new Promise<ProgramEnd>((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal, neverRan: false }));
  });
  let abandoned = false;
  const read = (stream: typeof stdout, take: (bytes: Uint8Array) => void | Promise<void>) =>
    new Promise<void>((resolve) => {
      stream.on("data", (bytes: Buffer) => {
        const taken = abandoned ? undefined : take(new Uint8Array(bytes));
        if (taken === undefined) return;
        stream.pause();
        void taken.then(() => stream.resume());
      });
      stream.on("error", () => resolve());
      stream.on("end", () => resolve());
      stream.on("close", () => resolve());
    });
  const outputClosed = Promise.all([
    read(stdout, (bytes) => handlers.output(bytes)),
    read(stderr, (bytes) => handlers.errors(bytes)),
  ]).then(() => {});
  const program = (pid: number): Program => ({
    pid,
    ended,
    outputClosed,
    write: (bytes) =>
      new Promise((resolve) => {
        const settle = (taken: boolean) => {
          writes.delete(settle);
          resolve(taken);
        };
        writes.add(settle);
        stdin.write(bytes, (error) => settle(!error && !abandoned));
      }),
    endInput: () => void stdin.end(),
    abandon: () => {
      if (abandoned) return;
      abandoned = true;
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(program(child.pid!)));
  });
}
