import process from "node:process";
import { startProgramOnBun } from "./bun_program.ts";
import { startProgramOnDeno } from "./deno_program.ts";

/** What to start. It gets a session and a process group of its own, and no terminal. */
export interface ProgramOptions {
  /** Absolute path of the program; search paths are the caller's business. */
  readonly path: string;
  readonly args: readonly string[];
  /** Its working folder. Default: that of this process. */
  readonly folder?: string | undefined;
  /** All of its environment: nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * What is told of a program's output. Bytes belong to the receiver. Nothing comes after `abandon`. A promise
 * that `output` answers is waited for before more is read: the program waits, too, once its pipe is full. It
 * must not reject.
 */
export interface ProgramHandlers {
  output(bytes: Uint8Array): void | Promise<void>;
  errors(bytes: Uint8Array): void;
}

/** How a program ended: one of `code` and `signal` is null. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** The file was there, but the system could not run it (its interpreter is missing, say). */
  readonly neverRan: boolean;
}

/** A program that was started. */
export interface Program {
  /** Its number, which is also that of its process group. */
  readonly pid: number;
  /** Settles when the program itself is gone and its number free. Never rejects. */
  readonly ended: Promise<ProgramEnd>;
  /**
   * Settles when both outputs are closed, or were abandoned. What the program has started may hold them open
   * longer than the program lives. Never rejects.
   */
  readonly outputClosed: Promise<void>;
  /** Gives it input. Settles with whether it was taken: not by a program that has ended or closed it. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Closes its input, once all that was written is taken. */
  endInput(): void;
  /** Neither reads nor writes any more, and closes the pipes. */
  abandon(): void;
}

/** Why a program could not be started. `FAILED`: no memory, no process, no descriptor, or no program at all. */
export type ProgramStartErrorCode = "NOT_FOUND" | "NOT_PERMITTED" | "FAILED";

export class ProgramStartError extends Error {
  readonly code: ProgramStartErrorCode;
  constructor(code: ProgramStartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramStartError";
    this.code = code;
  }
}

const CODES: Readonly<Record<string, ProgramStartErrorCode>> = {
  ENOENT: "NOT_FOUND",
  NotFound: "NOT_FOUND",
  EACCES: "NOT_PERMITTED",
  PermissionDenied: "NOT_PERMITTED",
  NotCapable: "NOT_PERMITTED",
};

/** Starts a program. Rejects with `ProgramStartError`. */
export async function startProgram(
  options: ProgramOptions,
  handlers: ProgramHandlers,
): Promise<Program> {
  try {
    return typeof Deno === "undefined"
      ? await startProgramOnBun(options, handlers)
      : startProgramOnDeno(options, handlers);
  } catch (cause) {
    const { code, name, message } = cause as NodeJS.ErrnoException;
    throw new ProgramStartError(
      CODES[code ?? ""] ?? CODES[name] ?? "FAILED",
      `Cannot start "${options.path}": ${message}`,
      { cause },
    );
  }
}

/**
 * Sends a signal to all of a program's process group, for a program that has not ended. In the moment
 * before it has a group, to the program.
 */
export function signalProgram({ pid }: Program, name: NodeJS.Signals): void {
  if (!signalled(-pid, name)) signalled(pid, name);
}

/** Kills what a program that has ended left behind in its process group. */
export function killRemains({ pid }: Program): void {
  signalled(-pid, "SIGKILL");
}

/** Answers whether anything was there to get it. */
function signalled(target: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(target, name);
    return true;
  } catch (error) {
    // Somebody who has become another user (EPERM) is there, too.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return false;
    if (code === "EPERM") return true;
    throw error;
  }
}

/**
 * Gives up for good the permission to start programs and to send signals, where the runtime has one to
 * give up: for the job server, which does neither once it serves.
 */
export async function giveUpStartingPrograms(): Promise<void> {
  if (typeof Deno !== "undefined") await Deno.permissions.revoke({ name: "run" });
}
