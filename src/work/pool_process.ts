import { memoryOf, type ProgramEnd } from "../runtime/mod.ts";
import { FrameError, FrameReader, jobFrame, type Reply } from "./frame.ts";
import { JobReports } from "./job_reports.ts";
import { LineReader } from "./line_reader.ts";
import { completed, endText, failed, type JobOutcome } from "./outcome.ts";
import { RunningProgram } from "./running_program.ts";
import type { Job, RunnerHost } from "./runner.ts";
import type { FunctionSettings } from "./settings.ts";

/** `starting`: not ready yet. `ending`: it gets no more jobs. */
export type PoolProcessState = "starting" | "idle" | "busy" | "ending";

/** A job in the hands of a process. */
interface Current {
  readonly job: Job;
  readonly reports: JobReports;
  /** Bytes of the replies to this job. */
  bytes: number;
  /** Why the process is killed for it, if it is. */
  reason: string | undefined;
  end(outcome: JobOutcome): void;
}

const decoder = new TextDecoder();

/** A long-running program of a pool: gets jobs one after the other. */
export class PoolProcess {
  readonly settings: FunctionSettings;
  /** Settles with whether it became ready; false: it ended before. */
  readonly ready: Promise<boolean>;
  /** Settles when nothing of it is left. */
  readonly gone: Promise<ProgramEnd>;
  readonly startedAt = performance.now();
  readonly #host: RunnerHost;
  readonly #program: RunningProgram;
  readonly #lines = new LineReader((line) => this.#strayLine(line));
  readonly #becomeReady: (yes: boolean) => void;
  #state: PoolProcessState = "starting";
  #current: Current | undefined;
  #jobs = 0;
  #idleSince = 0;
  #starting: ReturnType<typeof setTimeout> | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;
  /** The last line that belongs to no job, and what was wrong with what it said. */
  #lastWords = "";

  private constructor(
    settings: FunctionSettings,
    host: RunnerHost,
    program: RunningProgram,
    reader: { read: (bytes: Uint8Array) => void; errors: (bytes: Uint8Array) => void },
  ) {
    this.settings = settings;
    this.#host = host;
    this.#program = program;
    const ready = Promise.withResolvers<boolean>();
    this.ready = ready.promise;
    this.#becomeReady = ready.resolve;
    const frames = new FrameReader(settings.maxOutputBytes, (reply) => this.#take(reply));
    reader.read = (bytes) => this.#read(frames, bytes);
    reader.errors = (bytes) => (this.#current?.reports ?? this.#lines).push(bytes);
    this.#starting = setTimeout(
      () => this.#breakOff(`not ready in ${settings.startTimeoutMs} ms`),
      settings.startTimeoutMs,
    );
    this.gone = this.#program.gone.then((end) => this.#over(end));
  }

  /** Starts one. Rejects with `ProgramStartError`. */
  static async start(settings: FunctionSettings, host: RunnerHost): Promise<PoolProcess> {
    const early: { output: Uint8Array[]; errors: Uint8Array[] } = { output: [], errors: [] };
    const reader = {
      read: (bytes: Uint8Array) => void early.output.push(bytes),
      errors: (bytes: Uint8Array) => void early.errors.push(bytes),
    };
    const program = await RunningProgram.start(
      settings,
      { GEARMAN_FUNCTION: settings.name },
      { output: (bytes) => reader.read(bytes), errors: (bytes) => reader.errors(bytes) },
      host.leash,
    );
    const started = new PoolProcess(settings, host, program, reader);
    for (const bytes of early.errors) reader.errors(bytes);
    for (const bytes of early.output) reader.read(bytes);
    return started;
  }

  get pid(): number {
    return this.#program.pid;
  }

  get state(): PoolProcessState {
    return this.#state;
  }

  /** Jobs that it has done. */
  get jobs(): number {
    return this.#jobs;
  }

  /** Since when it has nothing to do, on the clock of `performance`. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** What it said last when that belonged to no job. */
  get lastWords(): string {
    return this.#lastWords;
  }

  /** Does a job; it must be idle. Undefined when the job's signal aborted: then the process is stopped. */
  async do(job: Job): Promise<JobOutcome | undefined> {
    const { timeoutMs } = this.settings;
    const reports = new JobReports(this.settings, job, this.#host.log);
    const { promise, resolve } = Promise.withResolvers<JobOutcome>();
    const current: Current = { job, reports, bytes: 0, reason: undefined, end: resolve };
    this.#state = "busy";
    this.#current = current;
    const aborted = () => this.#breakOff("its job was taken away");
    const timer = timeoutMs === 0
      ? undefined
      : setTimeout(() => this.#breakOff(`not done in ${timeoutMs} ms`), timeoutMs);
    job.signal.addEventListener("abort", aborted, { once: true });
    void this.#program.write(jobFrame(job)).then((taken) => {
      if (!taken && this.#current === current) this.#breakOff("it does not read its input");
    });
    const outcome = await promise;
    job.signal.removeEventListener("abort", aborted);
    clearTimeout(timer);
    return job.signal.aborted ? undefined : outcome;
  }

  /** Why it should be replaced, if it should. */
  get wornOut(): string | undefined {
    const { jobsPerProcess, lifetimeMs, memoryLimitBytes } = this.settings;
    if (jobsPerProcess > 0 && this.#jobs >= jobsPerProcess) return `${this.#jobs} jobs done`;
    if (lifetimeMs > 0 && performance.now() - this.startedAt >= lifetimeMs) return "its age";
    if (memoryLimitBytes === 0) return undefined;
    const memory = memoryOf(this.pid) ?? 0;
    return memory < memoryLimitBytes ? undefined : `${Math.ceil(memory / 2 ** 20)} MiB of memory`;
  }

  /** Ends it without haste: its input ends, and it has the grace to end by itself. It must not be busy. */
  retire(): void {
    if (this.#ending !== undefined || this.#state === "ending") return;
    this.#state = "ending";
    this.#program.endInput();
    this.#ending = setTimeout(() => this.#program.stop(), this.settings.killGraceMs);
  }

  /** SIGKILL. */
  kill(): void {
    this.#program.kill();
  }

  /** Whether it was asked to end. */
  get retiring(): boolean {
    return this.#ending !== undefined;
  }

  #breakOff(reason: string): void {
    if (this.#current !== undefined) this.#current.reason ??= reason;
    else this.#lastWords = reason;
    this.#state = "ending";
    this.#program.stop();
  }

  #read(frames: FrameReader, bytes: Uint8Array): void {
    if (this.#state === "ending") return;
    try {
      frames.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#breakOff(`it wrote ${error.message}`);
    }
  }

  #take(reply: Reply): void {
    if (this.#state === "ending") return;
    if (reply.type === "ready") {
      if (this.#state !== "starting") throw new FrameError("ready twice");
      this.#rest();
      return this.#becomeReady(true);
    }
    const current = this.#current;
    if (current === undefined) throw new FrameError(`${reply.type} without a job`);
    const { job } = current;
    if (reply.type === "status") return job.sendStatus(reply.numerator, reply.denominator);
    current.bytes += reply.data.length;
    if (current.bytes > this.settings.maxOutputBytes) {
      throw new FrameError(`more than ${this.settings.maxOutputBytes} bytes for one job`);
    }
    if (reply.type === "data") return job.sendData(reply.data);
    if (reply.type === "warning") return job.sendWarning(reply.data);
    this.#current = undefined;
    this.#jobs++;
    this.#rest();
    const lastLines = current.reports.end();
    current.end(
      reply.type === "complete"
        ? completed(reply.data)
        : failed(reply.type, decoder.decode(reply.data) || "the program said so", lastLines),
    );
  }

  #rest(): void {
    clearTimeout(this.#starting);
    this.#state = "idle";
    this.#idleSince = performance.now();
  }

  #strayLine(line: string): void {
    this.#lastWords = line;
    const { name, stderr } = this.settings;
    if (stderr !== "none") this.#host.log("NOTICE", `${name}: process ${this.pid}: ${line}`);
  }

  #over(end: ProgramEnd): ProgramEnd {
    const diedByItself = this.#state !== "ending";
    this.#state = "ending";
    clearTimeout(this.#starting);
    clearTimeout(this.#ending);
    this.#lines.flush();
    this.#becomeReady(false);
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) {
      const lastLines = current.reports.end();
      const died = diedByItself ? "its process died: " : "";
      const reason = current.reason ?? `${died}${endText(end.code, end.signal)}`;
      current.end(failed(this.settings.onError, reason, lastLines));
    }
    return end;
  }
}
