import type { RunningServer } from "../../server/mod.ts";
import { HttpFigures } from "./http_figures.ts";
import { JobFigures } from "./job_figures.ts";
import { LoopLag } from "./loop_lag.ts";
import { Stalls } from "./stalls.ts";

/** How often stalls are looked for and rates are brought up to date, seconds. */
const SWEEP_SECONDS = 5;

/** All that is counted while the server runs. */
export class Figures {
  readonly jobs: JobFigures;
  readonly http = new HttpFigures();
  readonly loop: LoopLag;
  readonly stalls = new Stalls();
  /** Jobs taken up from the store; null while that goes on. */
  loadedJobs: number | null = null;
  readonly #server: RunningServer;
  #unwatch: (() => void) | null = null;
  #sinceSweep = 0;

  /** `maxLabels`: functions with figures of their own. `monotonic`: milliseconds from any start. */
  constructor(
    server: RunningServer,
    maxLabels: number,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#server = server;
    server.loaded.then((count) => this.loadedJobs = count, () => {});
    this.jobs = new JobFigures(() => server.clock.now(), maxLabels);
    this.loop = new LoopLag(server.clock, monotonic, (seconds) => this.#beat(seconds));
  }

  /** Counts from now on. */
  start(): void {
    this.#unwatch ??= this.#server.watch(this.jobs);
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
    this.#unwatch?.();
    this.#unwatch = null;
  }

  /** Brings what is not counted as it happens up to date. */
  sweep(): void {
    const { table } = this.#server.jobServer;
    this.stalls.sweep(table, this.#server.clock.now());
    this.jobs.forget((name) => table.findFunction(name) === undefined);
  }

  #beat(seconds: number): void {
    this.#sinceSweep += seconds;
    if (this.#sinceSweep < SWEEP_SECONDS) return;
    this.jobs.updateRates(this.#sinceSweep);
    this.#sinceSweep = 0;
    this.sweep();
  }
}
