import { ProgramStartError } from "../runtime/mod.ts";
import { BackOff } from "./back_off.ts";
import { endText } from "./outcome.ts";
import { PoolProcess } from "./pool_process.ts";
import type { Job, Runner, RunnerHost, RunResult } from "./runner.ts";
import type { FunctionSettings } from "./settings.ts";

/** A process that lived this long was no failed start. */
const SOUND_AGE_MS = 10_000;
/** How often idle processes are looked at. */
const SWEEP_MS = 1000;

/** Takes a process for its job, or nothing: look again. */
type Waiter = (process: PoolProcess | undefined) => void;

/** Keeps long-running programs that get jobs one after the other. */
export class PoolRunner implements Runner {
  readonly #settings: FunctionSettings;
  readonly #host: RunnerHost;
  readonly #backOff = new BackOff();
  readonly #processes = new Set<PoolProcess>();
  /** Those that have nothing to do; the last one is taken first, so that others may end. */
  readonly #idle: PoolProcess[] = [];
  readonly #waiting = new Set<Waiter>();
  readonly #retired = new AbortController();
  /** Processes that are being started and are not among `#processes` yet. */
  #starting = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #sweep: ReturnType<typeof setInterval> | undefined;
  #suspended = false;
  #killed = false;
  /** Settles when it is retired and has no process any more. */
  readonly #empty = Promise.withResolvers<void>();

  constructor(settings: FunctionSettings, host: RunnerHost) {
    this.#settings = settings;
    this.#host = host;
  }

  start(): void {
    this.#sweep = setInterval(() => this.#lookAtIdle(), SWEEP_MS);
    this.#grow();
  }

  async run(job: Job): Promise<RunResult> {
    for (;;) {
      if (job.signal.aborted) return "given up";
      if (this.#retired.signal.aborted) return "not begun";
      const process = this.#idle.pop() ?? await this.#waitForOne(job.signal);
      if (process?.state !== "idle") continue;
      if (job.signal.aborted) {
        this.#rest(process);
        return "given up";
      }
      const outcome = await process.do(job);
      if (outcome?.end === "complete") this.#backOff.reset();
      this.#rest(process);
      return outcome ?? "given up";
    }
  }

  retire(): Promise<void> {
    if (!this.#retired.signal.aborted) {
      this.#retired.abort();
      clearTimeout(this.#pause);
      clearInterval(this.#sweep);
      for (const waiter of [...this.#waiting]) waiter(undefined);
      for (const process of this.#idle.splice(0)) process.retire();
      for (const process of this.#processes) if (process.state === "starting") process.kill();
      this.#tellIfEmpty();
    }
    return this.#empty.promise;
  }

  kill(): void {
    this.#killed = true;
    for (const process of this.#processes) process.kill();
  }

  #waitForOne(signal: AbortSignal): Promise<PoolProcess | undefined> {
    const waiting = new Promise<PoolProcess | undefined>((resolve) => {
      const aborted = () => take(undefined);
      const take: Waiter = (process) => {
        this.#waiting.delete(take);
        signal.removeEventListener("abort", aborted);
        resolve(process);
      };
      this.#waiting.add(take);
      signal.addEventListener("abort", aborted, { once: true });
    });
    this.#grow();
    return waiting;
  }

  /** Starts as many processes as are kept ready or have jobs waiting for them. */
  #grow(): void {
    if (this.#killed || this.#retired.signal.aborted || this.#pause !== undefined) return;
    const { most, least } = this.#settings;
    const busy = this.#count("busy");
    const wanted = Math.max(least, busy + this.#waiting.size, this.#suspended ? 1 : 0);
    const alive = busy + this.#count("idle") + this.#count("starting");
    for (let there = alive + this.#starting; there < Math.min(most, wanted); there++) {
      void this.#startOne();
    }
  }

  #count(state: PoolProcess["state"]): number {
    let count = 0;
    for (const process of this.#processes) if (process.state === state) count++;
    return count;
  }

  async #startOne(): Promise<void> {
    const { budget } = this.#host;
    this.#starting++;
    const room = await budget.take(this.#retired.signal);
    try {
      if (room) await this.#startInRoom();
      else this.#starting--;
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      this.#failed(error.message);
    }
    this.#tellIfEmpty();
  }

  /** Uses and gives back the room for one process. Rejects with `ProgramStartError`. */
  async #startInRoom(): Promise<void> {
    let process: PoolProcess;
    try {
      process = await PoolProcess.start(this.#settings, this.#host);
    } catch (error) {
      this.#host.budget.release();
      throw error;
    } finally {
      this.#starting--;
    }
    this.#processes.add(process);
    if (this.#killed || this.#retired.signal.aborted) process.kill();
    const wasReady = await process.ready;
    if (wasReady) {
      this.#suspended = false;
      this.#host.resume();
      // However short its lifetime, it does a job first if there is one.
      this.#place(process);
    }
    const { code, signal } = await process.gone;
    this.#processes.delete(process);
    this.#host.budget.release();
    const at = this.#idle.indexOf(process);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#ended(process, wasReady, endText(code, signal));
  }

  #ended(process: PoolProcess, wasReady: boolean, how: string): void {
    if (this.#retired.signal.aborted) return;
    const words = process.lastWords === "" ? "" : `: ${process.lastWords}`;
    const text = `process ${process.pid} ended${wasReady ? "" : " before it was ready"}, ${how}`;
    const young = performance.now() - process.startedAt < SOUND_AGE_MS;
    if (!wasReady || (young && process.jobs === 0 && !process.retiring)) {
      return this.#failed(text + words);
    }
    const level = process.retiring ? "DEBUG" : "WARNING";
    this.#host.log(level, `${this.#settings.name}: ${text}${words}`);
    this.#grow();
  }

  /** A start that failed: the next one waits, and so do the jobs, at their servers if nobody works here. */
  #failed(reason: string): void {
    if (this.#retired.signal.aborted) return;
    const { name } = this.#settings;
    if (this.#pause === undefined) {
      const pause = this.#backOff.next();
      this.#host.log("ERROR", `${name}: ${reason}; trying again in ${pause / 1000} s`);
      this.#pause = setTimeout(() => {
        this.#pause = undefined;
        this.#grow();
      }, pause);
    } else {
      this.#host.log("DEBUG", `${name}: ${reason}`);
    }
    if (this.#count("idle") + this.#count("busy") > 0) return;
    this.#suspended = true;
    this.#host.suspend();
  }

  /** After a job. */
  #rest(process: PoolProcess): void {
    if (process.state !== "idle") return;
    const why = process.wornOut;
    if (why === undefined) this.#place(process);
    else this.#replace(process, why);
  }

  /** Gives it to the job that has waited longest. */
  #place(process: PoolProcess): void {
    if (process.state !== "idle") return;
    if (this.#retired.signal.aborted) return process.retire();
    const [waiter] = this.#waiting;
    if (waiter === undefined) this.#idle.push(process);
    else waiter(process);
  }

  #replace(process: PoolProcess, why: string): void {
    const { name } = this.#settings;
    if (why !== "") this.#host.log("INFO", `${name}: replacing process ${process.pid}: ${why}`);
    process.retire();
    this.#grow();
  }

  #lookAtIdle(): void {
    const now = performance.now();
    let spare = this.#count("idle") + this.#count("busy") - this.#settings.least;
    for (const process of [...this.#idle]) {
      if (now - process.startedAt > SOUND_AGE_MS) this.#backOff.reset();
      const why = process.wornOut;
      const tooMany = spare > 0 && now - process.idleSince > this.#settings.idleMs;
      if (why === undefined && !tooMany) continue;
      this.#idle.splice(this.#idle.indexOf(process), 1);
      spare--;
      this.#replace(process, why ?? "");
    }
  }

  #tellIfEmpty(): void {
    if (!this.#retired.signal.aborted) return;
    if (this.#processes.size + this.#starting === 0) this.#empty.resolve();
  }
}
