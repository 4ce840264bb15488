import { ProgramStartError } from "../runtime/mod.ts";
import { BackOff } from "./back_off.ts";
import { BoundedOutput } from "./bounded_output.ts";
import { jobFacts } from "./job_facts.ts";
import { JobReports } from "./job_reports.ts";
import { failed, type JobOutcome, outcomeOf } from "./outcome.ts";
import { programPath } from "./program_path.ts";
import { RunningProgram } from "./running_program.ts";
import type { Job, Runner, RunnerHost, RunResult } from "./runner.ts";
import type { FunctionSettings } from "./settings.ts";

/** Starts a program for every job. */
export class PerJobRunner implements Runner {
  readonly #settings: FunctionSettings;
  readonly #host: RunnerHost;
  readonly #backOff = new BackOff();
  readonly #programs = new Set<RunningProgram>();
  #retired = false;
  #killed = false;
  /** Jobs that are waiting for the program to be startable again. */
  readonly #held = new Set<() => void>();
  /** Settles when it is retired and has no job any more. */
  readonly #idle = Promise.withResolvers<void>();
  /** Jobs that are not over, held ones included. */
  #jobs = 0;
  /** Jobs whose program is being started or runs. */
  #begun = 0;
  #recheck: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: FunctionSettings, host: RunnerHost) {
    this.#settings = settings;
    this.#host = host;
  }

  start(): void {
    try {
      programPath(this.#settings);
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      this.#cannotStart(error);
    }
  }

  async run(job: Job): Promise<RunResult> {
    this.#jobs++;
    try {
      return await this.#run(job);
    } finally {
      this.#jobs--;
      this.#suspendIfOnlyHeld();
      if (this.#jobs === 0 && this.#retired) this.#idle.resolve();
    }
  }

  retire(): Promise<void> {
    if (!this.#retired) {
      this.#retired = true;
      clearTimeout(this.#recheck);
      this.#letGo();
      if (this.#jobs === 0) this.#idle.resolve();
    }
    return this.#idle.promise;
  }

  kill(): void {
    this.#killed = true;
    for (const program of this.#programs) program.kill();
  }

  async #run(job: Job): Promise<RunResult> {
    for (;;) {
      if (job.signal.aborted) return "given up";
      if (this.#retired) return "not begun";
      if (this.#recheck !== undefined) {
        await this.#hold(job.signal);
        continue;
      }
      if (!await this.#host.budget.take(job.signal)) continue;
      const result = await this.#onceMore(job);
      this.#host.budget.release();
      if (!(result instanceof ProgramStartError)) return result;
      this.#cannotStart(result);
    }
  }

  async #onceMore(job: Job): Promise<RunResult | ProgramStartError> {
    if (this.#retired || this.#recheck !== undefined) return "not begun";
    this.#begun++;
    try {
      return await this.#once(job);
    } catch (error) {
      if (error instanceof ProgramStartError) return error;
      throw error;
    } finally {
      this.#begun--;
    }
  }

  /** One start of the program. Rejects with `ProgramStartError` when the job has not begun. */
  async #once(job: Job): Promise<RunResult> {
    const { files, leash, log } = this.#host;
    const settings = this.#settings;
    const asFile = settings.workload === "file";
    const file = asFile ? await files.write(job.workload) : undefined;
    try {
      const output = new BoundedOutput(settings.maxOutputBytes);
      const reports = new JobReports(settings, job, log);
      const running: { program?: RunningProgram } = {};
      const program = await RunningProgram.start(settings, jobFacts(job, file), {
        output: (bytes) => {
          if (!output.push(bytes)) running.program?.kill();
        },
        errors: (bytes) => reports.push(bytes),
      }, leash);
      running.program = program;
      if (!asFile) void program.write(job.workload);
      program.endInput();
      const { end, late } = await this.#untilGone(program, job.signal);
      const lastLines = reports.end();
      if (job.signal.aborted) return "given up";
      if (end.neverRan) throw new ProgramStartError("FAILED", lastLines.join(" "));
      this.#backOff.reset();
      return this.#broken(late, output, lastLines) ??
        outcomeOf(settings, end, output.take(), lastLines);
    } finally {
      if (file !== undefined) await files.remove(file);
    }
  }

  async #untilGone(program: RunningProgram, signal: AbortSignal) {
    const { timeoutMs } = this.#settings;
    let late = false;
    const stop = () => program.stop();
    const timer = timeoutMs === 0 ? undefined : setTimeout(() => {
      late = true;
      stop();
    }, timeoutMs);
    this.#programs.add(program);
    if (this.#killed) program.kill();
    else if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const end = await program.gone;
    signal.removeEventListener("abort", stop);
    this.#programs.delete(program);
    clearTimeout(timer);
    return { end, late };
  }

  /** The outcome of a job whose program went over a bound. */
  #broken(
    late: boolean,
    output: BoundedOutput,
    lastLines: readonly string[],
  ): JobOutcome | undefined {
    const { onError, timeoutMs, maxOutputBytes } = this.#settings;
    if (late) return failed(onError, `not done in ${timeoutMs} ms`, lastLines);
    if (!output.tooMuch) return undefined;
    return failed(onError, `it wrote more than ${maxOutputBytes} bytes`, lastLines);
  }

  #cannotStart(error: ProgramStartError): void {
    if (this.#recheck === undefined) {
      const pause = this.#backOff.next();
      const { name } = this.#settings;
      this.#host.log("ERROR", `${name}: ${error.message}; trying again in ${pause / 1000} s`);
      this.#recheck = setTimeout(() => this.#lookAgain(), pause);
    }
    this.#suspendIfOnlyHeld();
  }

  /** Jobs that run would be taken away, too, so it waits for their ends. */
  #suspendIfOnlyHeld(): void {
    if (this.#recheck !== undefined && this.#begun === 0) this.#host.suspend();
  }

  #lookAgain(): void {
    this.#recheck = undefined;
    try {
      programPath(this.#settings);
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      return this.#cannotStart(error);
    }
    this.#letGo();
    this.#host.resume();
  }

  async #hold(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = () => {
        signal.removeEventListener("abort", go);
        this.#held.delete(go);
        resolve();
      };
      this.#held.add(go);
      signal.addEventListener("abort", go, { once: true });
    });
  }

  #letGo(): void {
    for (const go of [...this.#held]) go();
  }
}
