import {
  killRemains,
  type Program,
  type ProgramEnd,
  type ProgramHandlers,
  signalProgram,
  startProgram,
} from "../runtime/mod.ts";
import type { Leash } from "./leash.ts";
import { programPath } from "./program_path.ts";
import type { FunctionSettings } from "./settings.ts";
import { within } from "./within.ts";

/**
 * How long the output of a program that has ended may stay open: when somebody holds it who has left the
 * program's process group.
 */
const LAST_WORDS_MS = 1000;

/** A program of a function, from its start until nothing of its process group is left. */
export class RunningProgram {
  readonly pid: number;
  /** Settles when it is gone, its output read, and what it left behind killed. */
  readonly gone: Promise<ProgramEnd>;
  readonly #program: Program;
  readonly #killGraceMs: number;
  #ended = false;
  #killing: ReturnType<typeof setTimeout> | undefined;

  private constructor(program: Program, killGraceMs: number, leash: Leash) {
    this.pid = program.pid;
    this.#program = program;
    this.#killGraceMs = killGraceMs;
    this.gone = this.#untilGone(leash);
  }

  /** Starts a function's program. Rejects with `ProgramStartError`. */
  static async start(
    settings: FunctionSettings,
    facts: Readonly<Record<string, string>>,
    handlers: ProgramHandlers,
    leash: Leash,
  ): Promise<RunningProgram> {
    const program = await startProgram({
      path: programPath(settings),
      args: settings.command.slice(1),
      folder: settings.folder,
      environment: { ...settings.environment, ...facts },
    }, handlers);
    leash.hold(program.pid);
    return new RunningProgram(program, settings.killGraceMs, leash);
  }

  /** Gives it input; settles with whether it took it. */
  write(bytes: Uint8Array): Promise<boolean> {
    return this.#program.write(bytes);
  }

  /** Its input ends here. */
  endInput(): void {
    this.#program.endInput();
  }

  /** SIGTERM for its process group, SIGKILL if it is still there after the grace. */
  stop(): void {
    if (this.#ended || this.#killing !== undefined) return;
    signalProgram(this.#program, "SIGTERM");
    this.#killing = setTimeout(() => this.kill(), this.#killGraceMs);
  }

  /** SIGKILL for its process group. */
  kill(): void {
    if (!this.#ended) signalProgram(this.#program, "SIGKILL");
  }

  async #untilGone(leash: Leash): Promise<ProgramEnd> {
    const end = await this.#program.ended;
    this.#ended = true;
    clearTimeout(this.#killing);
    killRemains(this.#program);
    leash.release(this.pid);
    await within(LAST_WORDS_MS, this.#program.outputClosed);
    this.#program.abandon();
    return end;
  }
}
