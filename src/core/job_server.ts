import { type ByteString, type Packet, PacketType, type QueueLimits } from "../protocol/mod.ts";
import { chooseJob } from "./assignment.ts";
import { deliver, deliverException, detach } from "./audience.ts";
import { Client, type ClientPort } from "./client.ts";
import { type DurableLog, NO_LOG } from "./durable_log.ts";
import { type FunctionQueue, NO_LIMITS } from "./function_queue.ts";
import type { Job, StoreWaiter } from "./job.ts";
import { JobLife } from "./job_life.ts";
import { JobTable } from "./job_table.ts";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { Schedule } from "./schedule.ts";
import { type ReplayedJob, Submissions } from "./submissions.ts";
import type { Admission, Submission } from "./submission.ts";
import { type WakeUpPolicy, WakeUps } from "./wake_ups.ts";
import type { JobWitness } from "./witness.ts";
import { Worker, type WorkerPort } from "./worker.ts";

export interface JobServerOptions {
  /** What stands before the number in a handle, with its colon: `H:host:`. */
  readonly handlePrefix: ByteString;
  readonly limits?: Limits;
  readonly wakeUps?: WakeUpPolicy;
  /** How often a job may be handed out before it is failed; -1 = without limit, 0 counts as 1. */
  readonly maxAttempts?: number;
  /** Clients get WORK_EXCEPTION without asking for it. */
  readonly exceptions?: boolean;
  readonly log?: DurableLog;
  readonly witness?: JobWitness | null;
  /** First number for handles and first key; both from 1. */
  readonly nextHandle?: number;
  readonly nextKey?: number;
}

/** `cancelled`: its clients know, and it will not run again. `running`: left alone, as was asked. */
export type Cancellation = "unknown" | "cancelled" | "running";

/** `in use`: it has workers or jobs. */
export type Drop = "dropped" | "not found" | "in use";

/**
 * The rules of the job server, without sockets, stores or clocks: every call is complete when it
 * returns, and the time is passed in as `now`, milliseconds since 1970. What has to be told to
 * peers goes through their ports during the call.
 */
export class JobServer {
  readonly table: JobTable;
  readonly #schedule = new Schedule();
  readonly #wakeUps: WakeUps;
  readonly #life: JobLife;
  readonly #submissions: Submissions;
  readonly #limits: Limits;
  readonly #exceptions: boolean;
  readonly #discard = (job: Job): void => this.#life.end(job, "abandoned");

  constructor(options: JobServerOptions) {
    const log = options.log ?? NO_LOG;
    this.table = new JobTable(options.handlePrefix);
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#exceptions = options.exceptions ?? false;
    this.#wakeUps = new WakeUps(options.wakeUps ?? "one per job");
    this.#life = new JobLife({
      table: this.table,
      schedule: this.#schedule,
      wakeUps: this.#wakeUps,
      log,
      maxAttempts: options.maxAttempts ?? -1,
      maxIgnoredJobs: this.#limits.maxIgnoredJobs,
    });
    this.#life.witness = options.witness ?? null;
    this.#submissions = new Submissions({
      table: this.table,
      life: this.#life,
      log,
      handlePrefix: options.handlePrefix,
      nextHandle: options.nextHandle ?? 1,
      nextKey: options.nextKey ?? 1,
    });
  }

  /** Numbers that were certainly not used yet, for the store's high-water marks. */
  get nextHandle(): number {
    return this.#submissions.nextHandle;
  }
  get nextKey(): number {
    return this.#submissions.nextKey;
  }

  /** Goes on from the store's high-water marks; never backwards. */
  raiseNumbers(nextHandle: number, nextKey: number): void {
    this.#submissions.raiseNumbers(nextHandle, nextKey);
  }

  /** Who is shown every step of every job; null = nobody, which costs nothing. */
  get witness(): JobWitness | null {
    return this.#life.witness;
  }
  set witness(witness: JobWitness | null) {
    this.#life.witness = witness;
  }

  // Clients

  connectClient(port: ClientPort): Client {
    return new Client(port, this.#exceptions);
  }

  /** Ends a client's waiting. Jobs that nobody else waits for are abandoned (section 11). */
  clientGone(client: Client): void {
    for (const job of [...client.waitingFor]) {
      detach(job, client);
      if (job.audience === null && !job.background) this.#life.ignore(job);
    }
  }

  /**
   * Forgets the abandoned and cancelled jobs of a function that no worker has, when they are half of
   * its jobs: then it costs next to nothing for each. Others are forgotten when they are reached.
   */
  forgetIgnored(queue: FunctionQueue): void {
    if (queue.ignored * 2 >= queue.total) this.#life.clearIgnored(queue);
  }

  /** Takes a job in. `client` waits for its result; null for background jobs. */
  submit(submission: Submission, client: Client | null, now: number): Admission {
    return this.#submissions.submit(submission, client, now);
  }

  /** Lets the answer to a submission wait for the job it was about (`awaits store`). */
  awaitStore(job: Job, waiter: StoreWaiter): void {
    this.#submissions.awaitStore(job, waiter);
  }

  /** A job that was added to the log is durable: it may run, and its submitters are told. */
  jobStored(job: Job, now: number): void {
    this.#submissions.jobStored(job, now);
  }

  /** A job that was added to the log could not be stored. */
  jobRefused(job: Job, now: number): void {
    this.#submissions.jobRefused(job, now);
  }

  /** Takes up a job that the store held when the server started. */
  replay(stored: ReplayedJob, now: number): void {
    this.#submissions.replay(stored, now);
  }

  /**
   * `cancel job`. A running job is only given up by those who wait for it: its worker is told nothing
   * (section 11). With `running: false` it is left alone.
   */
  cancel(handle: ByteString, { running = true }: { running?: boolean } = {}): Cancellation {
    const job = this.table.findJob(handle);
    if (job === undefined) return "unknown";
    if (job.state === "running" && job.end === null && !running) return "running";
    this.#life.cancel(job);
    return "cancelled";
  }

  // Workers

  connectWorker(port: WorkerPort): Worker {
    return new Worker(port);
  }

  /** CAN_DO and CAN_DO_TIMEOUT; a second registration replaces the first. `timeoutMs` 0 = none. */
  canDo(worker: Worker, name: ByteString, timeoutMs: number, now: number): void {
    const queue = this.table.functionNamed(name);
    if (queue.capable.has(worker)) {
      worker.abilities.splice(worker.abilities.findIndex((ability) => ability.queue === queue), 1);
    } else {
      queue.capable.add(worker);
    }
    worker.abilities.unshift({ queue, timeoutMs });
    this.#wakeUps.abilityAdded(worker, queue, now);
  }

  /** CANT_DO: jobs of the function that the worker holds go back to the queue. */
  cantDo(worker: Worker, name: ByteString, now: number): void {
    const queue = this.table.findFunction(name);
    if (queue === undefined || !queue.capable.delete(worker)) return;
    worker.abilities.splice(worker.abilities.findIndex((ability) => ability.queue === queue), 1);
    this.#wakeUps.abilityRemoved(worker, queue, now);
    this.#life.requeueAll(worker, (job) => job.queue === queue, now);
  }

  /** RESET_ABILITIES. */
  resetAbilities(worker: Worker, now: number): void {
    for (const { queue } of worker.abilities.splice(0)) {
      queue.capable.delete(worker);
      this.#wakeUps.abilityRemoved(worker, queue, now);
    }
    this.#life.requeueAll(worker, () => true, now);
  }

  workerGone(worker: Worker, now: number): void {
    this.#wakeUps.wakeOver(worker, now);
    this.resetAbilities(worker, now);
  }

  /** Gives a worker no more jobs, or jobs again; those it holds go on. */
  drainWorker(worker: Worker, draining: boolean, now: number): void {
    if (worker.draining === draining) return;
    worker.draining = draining;
    if (draining) this.#wakeUps.drain(worker, now);
    else this.#wakeUps.undrain(worker, now);
  }

  /** PRE_SLEEP: a NOOP at once if there is work, else the worker sleeps until there is. */
  preSleep(worker: Worker, now: number): void {
    this.#life.releaseDue(now);
    const hasWork = !worker.draining && worker.abilities.some(({ queue }) => queue.offered > 0);
    if (worker.state === "sleeping" && !hasWork) return;
    this.#wakeUps.wakeOver(worker, now);
    if (hasWork) worker.port.wake();
    else this.#wakeUps.sleep(worker);
  }

  /** GRAB_JOB*: a job for the worker, which holds it from now on; undefined when there is none. */
  grab(worker: Worker, now: number): Job | undefined {
    this.#life.releaseDue(now);
    const choice = worker.draining ? undefined : chooseJob(worker, this.#discard);
    if (choice !== undefined) this.#life.assign(choice.job, worker, choice.ability, now);
    this.#wakeUps.wakeOver(worker, now);
    return choice?.job;
  }

  /**
   * The job with that handle, if the worker holds it. Found in the table: a map of handles for every worker would
   * have V8 take each handle into its table of unique strings.
   */
  heldBy(worker: Worker, handle: ByteString): Job | undefined {
    const job = this.table.findJob(handle);
    return job?.worker === worker ? job : undefined;
  }

  /** WORK_DATA and WORK_WARNING. Answers false when the worker does not hold the job. */
  workUpdate(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = this.heldBy(worker, handle);
    if (job === undefined) return false;
    this.#report(job, packet);
    return true;
  }

  /** WORK_STATUS. Answers false when the worker does not hold the job. */
  workStatus(
    worker: Worker,
    handle: ByteString,
    numerator: number,
    denominator: number,
    packet: Packet,
  ): boolean {
    const job = this.heldBy(worker, handle);
    if (job === undefined) return false;
    job.numerator = numerator;
    job.denominator = denominator;
    this.#report(job, packet);
    return true;
  }

  #report(job: Job, packet: Packet): void {
    deliver(job, packet);
    if (job.end === null) this.#life.witness?.reported(job, packet);
  }

  /** WORK_COMPLETE and WORK_FAIL. Answers false when the worker does not hold the job. */
  workDone(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = this.heldBy(worker, handle);
    if (job === undefined) return false;
    deliver(job, packet);
    const end = packet.shape.type === PacketType.WORK_FAIL ? "fail" : "complete";
    this.#life.end(job, end, packet);
    return true;
  }

  /** WORK_EXCEPTION ends the job (section 7). Answers false when the worker does not hold it. */
  workException(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = this.heldBy(worker, handle);
    if (job === undefined) return false;
    deliverException(job, packet);
    this.#life.end(job, "exception", packet);
    return true;
  }

  // Functions

  createFunction(name: ByteString): FunctionQueue {
    return this.table.functionNamed(name);
  }

  /**
   * Forgets a function that has no workers and no jobs. With `force` its jobs are cancelled, those
   * that run included, and its workers lose it until they register for it again.
   */
  dropFunction(name: ByteString, { force = false }: { force?: boolean } = {}): Drop {
    const queue = this.table.findFunction(name);
    if (queue === undefined) return "not found";
    if (force) this.#empty(queue);
    this.#life.clearIgnored(queue);
    if (!force && (queue.workers > 0 || queue.total > 0)) return "in use";
    this.table.dropFunction(queue);
    return "dropped";
  }

  #empty(queue: FunctionQueue): void {
    this.#life.purge(queue, this.table.jobsOf(queue, isWaiting));
    for (const job of this.table.jobsOf(queue, () => true)) this.#life.cancel(job);
    this.#wakeUps.functionDropped(queue);
    for (const { abilities } of queue.capable) {
      abilities.splice(abilities.findIndex((ability) => ability.queue === queue), 1);
    }
    queue.capable.clear();
  }

  /**
   * Cancels the jobs of a function that no worker has and that match: also delayed ones and those on
   * their way to the store. Answers how many.
   */
  purge(name: ByteString, matches: (job: Job) => boolean = () => true): number {
    const queue = this.table.findFunction(name);
    if (queue === undefined) return 0;
    const jobs = this.table.jobsOf(queue, (job) => isWaiting(job) && matches(job));
    this.#life.purge(queue, jobs);
    return jobs.length;
  }

  /** Workers get no more jobs of a function; all else goes on. It comes into being when it is not there. */
  pause(name: ByteString): void {
    this.table.functionNamed(name).paused = true;
  }

  /** Ends a pause, and wakes workers for the jobs that wait. */
  resume(name: ByteString, now: number): void {
    const queue = this.table.findFunction(name);
    if (queue === undefined || !queue.paused) return;
    queue.paused = false;
    if (queue.runnable > 0) this.#wakeUps.jobArrived(queue, now);
  }

  /** `maxqueue`: 0 = no limit. A function that does not exist is not created (admin section 3). */
  setQueueLimits(name: ByteString, limits: QueueLimits = NO_LIMITS): void {
    const queue = this.table.findFunction(name);
    if (queue !== undefined) queue.limits = limits;
  }

  // Time

  /** Does what is due: releases delayed jobs, takes jobs from workers that are too slow, repeats NOOPs. */
  advance(now: number): void {
    this.#life.releaseDue(now);
    this.#life.requeueExpired(now);
    this.#wakeUps.repeat(now, this.#limits.wakeUpRepeatMs);
  }

  /**
   * The clock that `now` is read from was set by so many milliseconds. Times that something may take do
   * not change by that; jobs that wait for a date follow the clock.
   */
  clockSet(byMs: number): void {
    this.#schedule.clockSet(byMs);
    this.#wakeUps.clockSet(byMs);
  }

  /** When `advance` has something to do at the earliest, milliseconds since 1970; Infinity = never. */
  nextWake(): number {
    return Math.min(
      this.#schedule.next(),
      this.#wakeUps.nextRepeat(this.#limits.wakeUpRepeatMs),
    );
  }
}

/** No worker has it, and somebody still wants it. */
function isWaiting(job: Job): boolean {
  return job.state !== "running" && !job.ignored;
}
