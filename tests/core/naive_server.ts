import { type JobEnd, PRIORITIES, type Priority } from "../../src/core/mod.ts";
import type { QueueLimits } from "../../src/protocol/mod.ts";

/** A connection in the model: a number, its abilities, and what it must have been told. */
export interface NaivePeer {
  readonly wantsExceptions: boolean;
  /** It gets no more jobs. */
  draining: boolean;
  /** In the order of assignment. */
  abilities: { readonly name: string; readonly timeoutMs: number }[];
  /** Jobs it waits for, in the order in which it first did. */
  readonly waitingFor: Set<NaiveJob>;
  readonly told: string[];
}

export interface NaiveJob {
  readonly handle: string;
  /** Empty when its function was dropped while it ran. */
  name: string;
  readonly unique: string;
  readonly workload: string;
  readonly priority: Priority;
  readonly notBefore: number;
  order: number;
  /** `waiting`: for a worker, or for its time. */
  state: "storing" | "waiting" | "running" | "ended";
  background: boolean;
  persisted: boolean;
  ignored: boolean;
  /** Its end was told: it is over, or was cancelled. */
  over: boolean;
  joinable: boolean;
  attempts: number;
  /** One entry per submission that waits for the result. */
  audience: NaivePeer[];
  /** Submissions that wait for the store; null when it is not being asked. */
  asking: NaivePeer[] | null;
  holder: NaivePeer | null;
  deadline: number;
}

export interface NaiveSubmission {
  readonly name: string;
  readonly unique: string;
  readonly workload: string;
  readonly priority: Priority;
  readonly notBefore: number;
  readonly background: boolean;
}

const ENDS: Readonly<Record<string, JobEnd>> = {
  WORK_COMPLETE: "complete",
  WORK_FAIL: "fail",
  WORK_EXCEPTION: "exception",
};

export interface NaiveOptions {
  readonly durable: boolean;
  readonly maxAttempts: number;
  readonly maxIgnoredJobs: number;
}

/**
 * The rules of protocol sections 6 to 11 once more, in the plainest form: one list of jobs that is
 * searched for everything. It knows nothing of wake-ups. Slow, and easy to compare with the text.
 */
export class NaiveServer {
  readonly #options: NaiveOptions;
  #nextNumber = 1;
  #nextOrder = 1;
  /** Jobs in the order of their last assignment. */
  #assigned: NaiveJob[] = [];
  readonly functions = new Set<string>();
  readonly limits = new Map<string, QueueLimits>();
  readonly paused = new Set<string>();
  jobs: NaiveJob[] = [];
  now: number;
  storeFull = false;
  /** What the durable log must have been asked. */
  readonly logged: string[] = [];
  /** Ends that the witness must have been told: `H:t:1 complete`. */
  readonly ends: string[] = [];

  constructor(options: NaiveOptions, now: number) {
    this.#options = options;
    this.now = now;
  }

  isDelayed(job: NaiveJob): boolean {
    return job.state === "waiting" && job.notBefore > Math.floor(this.now / 1000);
  }

  isRunnable(job: NaiveJob): boolean {
    return job.state === "waiting" && !job.ignored && !this.isDelayed(job);
  }

  jobsOf(name: string): NaiveJob[] {
    return this.jobs.filter((job) => job.name === name);
  }

  /** The jobs that a worker holds, in the order of assignment. */
  heldBy(peer: NaivePeer): NaiveJob[] {
    return this.#assigned.filter((job) => job.state === "running" && job.holder === peer);
  }

  submit(submission: NaiveSubmission, peer: NaivePeer): string {
    const { name, unique, workload, background, priority } = submission;
    this.functions.add(name);
    const known = this.jobs.find((job) =>
      job.joinable && job.name === name && job.unique === unique && unique !== "" &&
      (unique !== "-" || (workload !== "" && job.workload === workload))
    );
    if (known !== undefined) return this.#join(known, background, peer);
    const limit = this.limits.get(name)?.[priority] ?? 0;
    if (limit > 0 && this.jobsOf(name).length >= limit) return "queue full";
    const handle = `H:t:${this.#nextNumber++}`;
    const order = this.#nextOrder++;
    if (background && !this.#log(`add ${handle}`)) return "store full";
    const stores = background && this.#options.durable;
    const job: NaiveJob = {
      ...submission,
      handle,
      order,
      state: stores ? "storing" : "waiting",
      persisted: background,
      ignored: false,
      over: false,
      joinable: true,
      attempts: 0,
      audience: [],
      asking: stores ? [peer] : null,
      holder: null,
      deadline: Infinity,
    };
    this.jobs.push(job);
    if (!background) this.#attach(job, peer);
    return `${stores ? "awaits store" : "queued"} ${handle}`;
  }

  #join(job: NaiveJob, background: boolean, peer: NaivePeer): string {
    if (background && !job.background) {
      if (!this.#log(`add ${job.handle}`)) return "store full";
      job.background = true;
      job.persisted = true;
      if (this.#options.durable) job.asking = [];
    }
    if (!background) this.#attach(job, peer);
    job.ignored = false;
    const asks = job.asking !== null && (background || job.state === "storing");
    if (asks) job.asking!.push(peer);
    return `${asks ? "awaits store" : "joined"} ${job.handle}`;
  }

  #attach(job: NaiveJob, peer: NaivePeer): void {
    job.audience.push(peer);
    peer.waitingFor.add(job);
  }

  #log(call: string): boolean {
    if (!this.#options.durable) return true;
    if (this.storeFull && call.startsWith("add")) return false;
    this.logged.push(call);
    return true;
  }

  storeAnswered(job: NaiveJob, good: boolean): void {
    const asking = job.asking!;
    job.asking = null;
    let accepted = good;
    if (job.state === "storing") {
      if (job.ignored) accepted = true;
      if (!accepted) job.persisted = false;
      if (accepted && !job.ignored) job.state = "waiting";
      else this.#end(job, "refused");
    } else if (!good) {
      job.persisted = false;
      job.background = false;
      if (job.state !== "ended" && job.audience.length === 0) this.#ignore(job);
    }
    for (const peer of asking) {
      peer.told.push(`${accepted ? "JOB_CREATED" : "REFUSED"} ${job.handle}`);
    }
  }

  canDo(peer: NaivePeer, name: string, timeoutMs: number): void {
    this.functions.add(name);
    const others = peer.abilities.filter((ability) => ability.name !== name);
    peer.abilities = [{ name, timeoutMs }, ...others];
  }

  cantDo(peer: NaivePeer, name: string): void {
    if (!peer.abilities.some((ability) => ability.name === name)) return;
    peer.abilities = peer.abilities.filter((ability) => ability.name !== name);
    this.#giveBack(peer, (job) => job.name === name);
  }

  workerGone(peer: NaivePeer): void {
    peer.abilities = [];
    this.#giveBack(peer, () => true);
  }

  clientGone(peer: NaivePeer): void {
    for (const job of peer.waitingFor) {
      job.audience = job.audience.filter((other) => other !== peer);
      if (job.audience.length === 0 && !job.background) this.#ignore(job);
    }
    peer.waitingFor.clear();
  }

  grab(peer: NaivePeer): NaiveJob | undefined {
    if (peer.draining) return undefined;
    for (const priority of PRIORITIES) {
      for (const ability of peer.abilities.filter(({ name }) => !this.paused.has(name))) {
        const own = this.jobsOf(ability.name).filter((job) =>
          job.priority === priority && job.state === "waiting"
        );
        const due = own.filter((job) => !this.isDelayed(job)).sort((a, b) => a.order - b.order);
        const found = due.find((job) => !job.ignored);
        for (const passed of due.slice(0, found === undefined ? undefined : due.indexOf(found))) {
          this.#end(passed, "abandoned");
        }
        if (found !== undefined || own.length > due.length) {
          peer.abilities = [...peer.abilities.filter((other) => other !== ability), ability];
        }
        if (found === undefined) continue;
        found.state = "running";
        found.holder = peer;
        found.deadline = ability.timeoutMs > 0 ? this.now + ability.timeoutMs : Infinity;
        this.#assigned = [...this.#assigned.filter((job) => job !== found), found];
        return found;
      }
    }
    return undefined;
  }

  report(peer: NaivePeer, job: NaiveJob | undefined, kind: string, data: string): boolean {
    if (job === undefined || job.state !== "running" || job.holder !== peer) return false;
    for (const client of job.audience) {
      const asFail = kind === "WORK_EXCEPTION" && !client.wantsExceptions;
      const body = kind === "WORK_FAIL" ? job.handle : `${job.handle} ${data}`;
      client.told.push(asFail ? `WORK_FAIL ${job.handle}` : `${kind} ${body}`);
    }
    const end = ENDS[kind];
    if (end !== undefined) this.#end(job, end);
    return true;
  }

  cancel(job: NaiveJob): void {
    this.#fail(job);
    this.#tellEnd(job, "cancelled");
    if (job.persisted) this.#log(`remove ${job.handle}`);
    job.persisted = false;
    job.joinable = false;
    if (!job.ignored) this.#ignore(job);
  }

  drop(name: string, hasWorkers: boolean): string {
    if (!this.functions.has(name)) return "not found";
    this.#clear(name);
    if (hasWorkers || this.jobsOf(name).length > 0) return "in use";
    this.#forget(name);
    return "dropped";
  }

  dropByForce(name: string, peers: readonly NaivePeer[]): string {
    if (!this.functions.has(name)) return "not found";
    this.purge(name);
    for (const job of this.jobsOf(name)) {
      this.cancel(job);
      job.name = "";
    }
    for (const peer of peers) {
      peer.abilities = peer.abilities.filter((ability) => ability.name !== name);
    }
    this.#forget(name);
    return "dropped";
  }

  #forget(name: string): void {
    this.functions.delete(name);
    this.limits.delete(name);
    this.paused.delete(name);
  }

  purge(name: string): number {
    const jobs = this.jobsOf(name).filter((job) => job.state !== "running" && !job.ignored);
    for (const job of jobs) this.cancel(job);
    this.#clear(name);
    return jobs.length;
  }

  /** Time goes on: what is due happens in the order of its time. */
  pass(ms: number): void {
    const end = this.now + ms;
    const ignored = this.jobs.filter((job) => job.ignored && this.isDelayed(job));
    while (true) {
      const late = this.jobs.filter((job) => job.state === "running" && job.deadline <= end)
        .sort((a, b) => a.deadline - b.deadline)[0];
      if (late === undefined) break;
      this.now = Math.max(this.now, late.deadline);
      this.#requeue(late);
    }
    this.now = end;
    for (const job of ignored) if (!this.isDelayed(job)) this.#end(job, "abandoned");
  }

  #giveBack(peer: NaivePeer, matches: (job: NaiveJob) => boolean): void {
    for (const job of this.heldBy(peer).reverse()) if (matches(job)) this.#requeue(job);
  }

  #requeue(job: NaiveJob): void {
    const { maxAttempts } = this.#options;
    job.attempts++;
    if (job.ignored) return this.#end(job, "abandoned");
    if (maxAttempts >= 0 && job.attempts >= maxAttempts) {
      this.#fail(job);
      return this.#end(job, "worker lost");
    }
    job.state = "waiting";
    job.holder = null;
    job.deadline = Infinity;
    job.order = this.#nextOrder++;
    if (job.persisted) this.#log(`update ${job.handle} attempts ${job.attempts}`);
  }

  #ignore(job: NaiveJob): void {
    job.ignored = true;
    if (job.state !== "waiting") return;
    const own = this.jobsOf(job.name);
    const ignored = own.filter((other) => other.ignored && other.state === "waiting").length;
    if (ignored > this.#options.maxIgnoredJobs && ignored > own.length / 2) this.#clear(job.name);
  }

  #clear(name: string): void {
    for (const job of this.jobsOf(name)) {
      if (job.ignored && job.state === "waiting") this.#end(job, "abandoned");
    }
  }

  #fail(job: NaiveJob): void {
    for (const client of job.audience) client.told.push(`WORK_FAIL ${job.handle}`);
    this.#dismiss(job);
  }

  #dismiss(job: NaiveJob): void {
    for (const client of job.audience) client.waitingFor.delete(job);
    job.audience = [];
  }

  #tellEnd(job: NaiveJob, end: JobEnd): void {
    if (!job.over) this.ends.push(`${job.handle} ${end}`);
    job.over = true;
  }

  #end(job: NaiveJob, end: JobEnd): void {
    this.#tellEnd(job, end);
    this.#dismiss(job);
    job.state = "ended";
    if (job.persisted) this.#log(`remove ${job.handle}`);
    this.jobs = this.jobs.filter((other) => other !== job);
    this.#assigned = this.#assigned.filter((other) => other !== job);
  }
}
