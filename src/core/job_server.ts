import type { ByteString, Packet, QueueLimits } from "../protocol/mod.ts";
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
  /** First number for handles and first key; both from 1. */
  readonly nextHandle?: number;
  readonly nextKey?: number;
}

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
  readonly #discard = (job: Job): void => this.#life.end(job);

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

  /** `cancel job`: answers false when there is no such job. */
  cancel(handle: ByteString): boolean {
    const job = this.table.findJob(handle);
    if (job === undefined) return false;
    this.#life.cancel(job);
    return true;
  }

  // Workers

  connectWorker(port: WorkerPort): Worker {
    return new Worker(port);
  }

  /** CAN_DO and CAN_DO_TIMEOUT; a second registration replaces the first. `timeoutMs` 0 = none. */
  canDo(worker: Worker, name: ByteString, timeoutMs: number, now: number): void {
    const queue = this.table.functionNamed(name);
    const at = worker.abilities.findIndex((ability) => ability.queue === queue);
    if (at >= 0) worker.abilities.splice(at, 1);
    else queue.workers++;
    worker.abilities.unshift({ queue, timeoutMs });
    this.#wakeUps.abilityAdded(worker, queue, now);
  }

  /** CANT_DO: jobs of the function that the worker holds go back to the queue. */
  cantDo(worker: Worker, name: ByteString, now: number): void {
    const queue = this.table.findFunction(name);
    const at = worker.abilities.findIndex((ability) => ability.queue === queue);
    if (queue === undefined || at < 0) return;
    worker.abilities.splice(at, 1);
    queue.workers--;
    this.#wakeUps.abilityRemoved(worker, queue, now);
    this.#life.requeueAll(worker, (job) => job.queue === queue, now);
  }

  /** RESET_ABILITIES. */
  resetAbilities(worker: Worker, now: number): void {
    for (const { queue } of worker.abilities.splice(0)) {
      queue.workers--;
      this.#wakeUps.abilityRemoved(worker, queue, now);
    }
    this.#life.requeueAll(worker, () => true, now);
  }

  workerGone(worker: Worker, now: number): void {
    this.#wakeUps.wakeOver(worker, now);
    this.resetAbilities(worker, now);
  }

  /** PRE_SLEEP: a NOOP at once if there is work, else the worker sleeps until there is. */
  preSleep(worker: Worker, now: number): void {
    this.#life.releaseDue(now);
    this.#wakeUps.wakeOver(worker, now);
    if (worker.abilities.some((ability) => ability.queue.runnable > 0)) worker.port.wake();
    else this.#wakeUps.sleep(worker);
  }

  /** GRAB_JOB*: a job for the worker, which holds it from now on; undefined when there is none. */
  grab(worker: Worker, now: number): Job | undefined {
    this.#life.releaseDue(now);
    const choice = chooseJob(worker, this.#discard);
    if (choice !== undefined) this.#life.assign(choice.job, worker, choice.ability, now);
    this.#wakeUps.wakeOver(worker, now);
    return choice?.job;
  }

  /** WORK_DATA and WORK_WARNING. Answers false when the worker does not hold the job. */
  workUpdate(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = worker.running.get(handle);
    if (job === undefined) return false;
    deliver(job, packet);
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
    const job = worker.running.get(handle);
    if (job === undefined) return false;
    job.numerator = numerator;
    job.denominator = denominator;
    deliver(job, packet);
    return true;
  }

  /** WORK_COMPLETE and WORK_FAIL. Answers false when the worker does not hold the job. */
  workDone(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = worker.running.get(handle);
    if (job === undefined) return false;
    deliver(job, packet);
    this.#life.end(job);
    return true;
  }

  /** WORK_EXCEPTION ends the job (section 7). Answers false when the worker does not hold it. */
  workException(worker: Worker, handle: ByteString, packet: Packet): boolean {
    const job = worker.running.get(handle);
    if (job === undefined) return false;
    deliverException(job, packet);
    this.#life.end(job);
    return true;
  }

  // Functions

  createFunction(name: ByteString): FunctionQueue {
    return this.table.functionNamed(name);
  }

  /** Forgets a function that has no workers and no jobs. */
  dropFunction(name: ByteString): "dropped" | "not found" | "in use" {
    const queue = this.table.findFunction(name);
    if (queue === undefined) return "not found";
    this.#life.clearIgnored(queue);
    if (queue.workers > 0 || queue.total > 0) return "in use";
    this.table.dropFunction(queue);
    return "dropped";
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

  /** When `advance` has something to do at the earliest, milliseconds since 1970; Infinity = never. */
  nextWake(): number {
    return Math.min(
      this.#schedule.next(),
      this.#wakeUps.nextRepeat(this.#limits.wakeUpRepeatMs),
    );
  }
}
