import { GearmanWorker, JobFailure, type WorkerEvent } from "../client/mod.ts";
import type { Leash } from "./leash.ts";
import type { JobOutcome } from "./outcome.ts";
import { PerJobRunner } from "./per_job_runner.ts";
import { PoolRunner } from "./pool_runner.ts";
import { ProcessBudget } from "./process_budget.ts";
import type { Job, Runner } from "./runner.ts";
import type { FunctionSettings, WorkSettings } from "./settings.ts";
import type { WorkLog } from "./work_log.ts";
import type { WorkloadFiles } from "./workload_files.ts";

/** What all functions share. */
export interface SharedParts {
  readonly log: WorkLog;
  readonly leash: Leash;
  readonly files: WorkloadFiles;
  /** `HOST-PID`: what the ids of workers begin with. */
  readonly idPrefix: string;
}

/** Which servers, and how they are spoken to. */
type JobServers = Pick<WorkSettings, "servers" | "tls">;

/** The connections to one set of servers. */
interface Attendance {
  readonly worker: GearmanWorker;
  /** Jobs of these servers that are being done. */
  jobs: number;
  /** Settles when the worker has stopped. */
  readonly over: Promise<void>;
}

/** Servers take no longer client ids, bytes. */
const MAX_ID_BYTES = 127;

/**
 * One function at its servers. Its definition and its servers can change while it works: jobs that run are
 * finished as they began, and there are never more processes than the newest definition allows beside those.
 */
export class ServedFunction {
  readonly #parts: SharedParts;
  readonly #budget: ProcessBudget;
  readonly #retiring = new Set<{ readonly runner: Runner; readonly gone: Promise<void> }>();
  readonly #leaving = new Set<Attendance>();
  #settings: FunctionSettings;
  #servers: JobServers;
  #runner: Runner;
  /** Set by the end of the constructor. */
  #attendance: Attendance | undefined;
  #offered = true;
  #stopping = false;

  constructor(settings: FunctionSettings, servers: JobServers, parts: SharedParts) {
    this.#settings = settings;
    this.#servers = chosen(servers);
    this.#parts = parts;
    this.#budget = new ProcessBudget(settings.most);
    this.#runner = this.#newRunner();
    // A program that cannot be started is not offered in the first place.
    this.#runner.start();
    this.#attendance = this.#attend();
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Takes over a new definition, or new servers. Answers whether anything is different. */
  change(settings: FunctionSettings, jobServers: JobServers): boolean {
    const servers = chosen(jobServers);
    const sameProgram = equal(this.#settings, settings);
    const sameServers = equal(this.#servers, servers);
    if (!sameProgram) {
      const runner = this.#runner;
      this.#settings = settings;
      this.#budget.resize(settings.most);
      this.#runner = this.#newRunner();
      const entry = { runner, gone: runner.retire() };
      this.#retiring.add(entry);
      void entry.gone.then(() => this.#retiring.delete(entry));
      this.#offer(true);
      this.#runner.start();
    }
    if (!sameServers) {
      this.#servers = servers;
      this.#leave();
      this.#attendance = this.#attend();
    }
    this.#shareJobs();
    return !sameProgram || !sameServers;
  }

  /**
   * Takes no more jobs, finishes those that run, stops their programs after `graceMs`; settles when no
   * process is left.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    const all = this.#attendances;
    await Promise.all(all.map(({ worker }) => worker.stop(graceMs)));
    await Promise.all(all.map(({ over }) => over));
    await Promise.all([this.#runner.retire(), ...[...this.#retiring].map(({ gone }) => gone)]);
  }

  /** Leaves its servers and kills all its processes. Only beside `stop`. */
  async kill(): Promise<void> {
    // In this order: a program that is killed must not fail a job that its server can still give to another.
    await Promise.all(this.#attendances.map(({ worker }) => worker.stop(0)));
    for (const runner of [this.#runner, ...[...this.#retiring].map((each) => each.runner)]) {
      runner.kill();
    }
  }

  get #attendances(): Attendance[] {
    return [...(this.#attendance === undefined ? [] : [this.#attendance]), ...this.#leaving];
  }

  #leave(): void {
    const leaving = this.#attendance;
    if (leaving === undefined) return;
    this.#leaving.add(leaving);
    void leaving.worker.stop().then(() => this.#leaving.delete(leaving));
  }

  #newRunner(): Runner {
    const { log, leash, files } = this.#parts;
    const own: { runner?: Runner } = {};
    // A runner that was replaced has no say any more.
    const offer = (yes: boolean) => {
      if (own.runner === this.#runner) this.#offer(yes);
    };
    const host = {
      log,
      leash,
      files,
      budget: this.#budget,
      suspend: () => offer(false),
      resume: () => offer(true),
    };
    own.runner = this.#settings.mode === "pool"
      ? new PoolRunner(this.#settings, host)
      : new PerJobRunner(this.#settings, host);
    return own.runner;
  }

  #attend(): Attendance {
    const { idPrefix, log } = this.#parts;
    const worker: GearmanWorker = new GearmanWorker({
      servers: this.#servers.servers,
      tls: this.#servers.tls ?? false,
      concurrency: this.#settings.most,
      clientId: clientId(idPrefix, this.name),
      onEvent: (event) => this.#tell(event),
    });
    const over = worker.run().catch((error: unknown) => {
      log("ERROR", `${this.name}: ${error instanceof Error ? error.message : error}`);
    });
    const attendance = { worker, over, jobs: 0 };
    if (this.#offered) this.#add(attendance);
    return attendance;
  }

  #offer(yes: boolean): void {
    if (this.#offered === yes || this.#stopping) return;
    this.#offered = yes;
    if (this.#attendance !== undefined) {
      if (yes) this.#add(this.#attendance);
      else this.#attendance.worker.remove(this.name);
    }
    const text = yes ? "offered again" : "not offered for now: its program cannot be started";
    this.#parts.log("NOTICE", `${this.name}: ${text}`);
  }

  #add(attendance: Attendance): void {
    attendance.worker.add(this.name, async (job) => {
      attendance.jobs++;
      try {
        return await this.#do(job);
      } finally {
        attendance.jobs--;
        this.#shareJobs();
      }
    });
  }

  async #do(job: Job): Promise<Uint8Array> {
    const began = performance.now();
    const { log } = this.#parts;
    const outcome = await this.#run(job);
    const name = `${this.name} ${job.handle}`;
    if (outcome === undefined) {
      log("NOTICE", `${name}: given up; its server gives it to another worker`);
      throw new JobFailure("Given up");
    }
    if (outcome.end === "complete") {
      const ms = Math.round(performance.now() - began);
      log("DEBUG", `${name}: complete, ${outcome.result.length} bytes in ${ms} ms`);
      return outcome.result;
    }
    log("WARNING", `${name}: failed: ${outcome.reason}`);
    if (outcome.end === "fail") throw new JobFailure(outcome.reason);
    throw new Error(outcome.text);
  }

  async #run(job: Job): Promise<JobOutcome | undefined> {
    for (;;) {
      const result = await this.#runner.run(job);
      if (result === "given up") return undefined;
      if (result !== "not begun") return result;
    }
  }

  /** While servers change, jobs of the old ones count as jobs of the new ones. */
  #shareJobs(): void {
    let elsewhere = 0;
    for (const { jobs } of this.#leaving) elsewhere += jobs;
    this.#attendance?.worker.setConcurrency(this.#settings.most - elsewhere);
  }

  #tell(event: WorkerEvent): void {
    const { log } = this.#parts;
    switch (event.kind) {
      case "connected":
        return log("INFO", `${this.name}: connected to ${event.server}`);
      case "disconnected":
        return log("WARNING", `${this.name}: ${event.error.message}; trying again`);
      case "refused":
        return log("WARNING", `${this.name}: ${event.server} says: ${event.text}`);
    }
  }
}

function chosen({ servers, tls }: JobServers): JobServers {
  return { servers, tls };
}

/** `HOST-PID-FUNCTION`, without what servers do not take. */
function clientId(prefix: string, name: string): string {
  return `${prefix}-${name}`.replace(/[^\x21-\x7e]/g, "_").slice(0, MAX_ID_BYTES);
}

/** Settings are plain values, and maps of them. */
function equal(one: unknown, other: unknown): boolean {
  return plain(one) === plain(other);
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => part instanceof Map ? [...part] : part);
}
