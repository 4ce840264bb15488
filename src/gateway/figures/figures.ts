import type { RunningServer } from "../../server/mod.ts";
import { HttpFigures } from "./http_figures.ts";
import { JobFigures } from "./job_figures.ts";
import { LoopLag } from "./loop_lag.ts";
import { Stalls } from "./stalls.ts";
import { StoreFigures } from "./store_figures.ts";

/** How often stalls are looked for and rates are brought up to date, seconds. */
const SWEEP_SECONDS = 5;

/** All that is counted while the server runs. */
export class Figures {
  readonly jobs: JobFigures;
  readonly http = new HttpFigures();
  readonly store = new StoreFigures();
  readonly loop: LoopLag;
  readonly stalls = new Stalls();
  /** Jobs taken up from the store; null while that goes on. */
  loadedJobs: number | null = null;
  readonly #server: RunningServer;
  #unwatch: (() => void)[] = [];
  #sinceSweep = 0;

  /** `maxLabels`: functions with figures of their own. `monotonic`: milliseconds from any start. */
  constructor(
    server: RunningServer,
    maxLabels: number,
    monotonic: () => number = () => performance.now(),
  ) {
    this.#server = server;
    server.loaded.then((count) => this.#loaded(count), () => {});
    this.jobs = new JobFigures(() => server.clock.now(), maxLabels);
    this.loop = new LoopLag(server.clock, monotonic, (seconds) => this.#beat(seconds));
  }

  /** Counts from now on. */
  start(): void {
    if (this.#unwatch.length > 0) return;
    const { jobServer } = this.#server;
    this.jobs.takeUp(jobServer.table.jobs);
    this.#unwatch = [
      this.#server.watch(this.jobs),
      this.#server.watchCommits((commit) => this.store.committed(commit)),
    ];
    this.loop.start();
  }

  stop(): void {
    this.loop.stop();
    for (const end of this.#unwatch.splice(0)) end();
  }

  /** Brings what is not counted as it happens up to date. */
  sweep(): void {
    const { table } = this.#server.jobServer;
    this.stalls.sweep(table, this.#server.clock.now());
    this.jobs.forget((name) => table.findFunction(name) === undefined);
  }

  #loaded(count: number): void {
    this.loadedJobs = count;
    this.store.replayed(Math.max(0, this.#server.clock.now() - this.#server.startedAt));
  }

  #beat(seconds: number): void {
    this.#sinceSweep += seconds;
    if (this.#sinceSweep < SWEEP_SECONDS) return;
    this.jobs.updateRates(this.#sinceSweep);
    this.#sinceSweep = 0;
    this.sweep();
  }
}
