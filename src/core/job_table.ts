import type { ByteString } from "../protocol/mod.ts";
import { FunctionQueue } from "./function_queue.ts";
import { HandleTable } from "./handle_table.ts";
import type { Job } from "./job.ts";
import { workloadKey } from "./workload_key.ts";

/** All functions and all jobs by their names: who is known, and which job a submission joins. */
export class JobTable {
  readonly #functions = new Map<ByteString, FunctionQueue>();
  readonly #jobs: HandleTable;
  /** All functions with a job that is found by its unique ID, and some that had one. */
  readonly #withUniques = new Set<FunctionQueue>();

  /** `handlePrefix`: what the handles of new jobs begin with. */
  constructor(handlePrefix: ByteString) {
    this.#jobs = new HandleTable(handlePrefix);
  }

  get functions(): Iterable<FunctionQueue> {
    return this.#functions.values();
  }

  get functionCount(): number {
    return this.#functions.size;
  }

  get jobs(): Iterable<Job> {
    return this.#jobs.values();
  }

  /** Jobs with a greater key, in accept order. Must be used up, or left, before a job comes or goes. */
  jobsAfter(key: number): Iterable<Job> {
    return this.#jobs.after(key);
  }

  /** Jobs with a lesser key, the newest first. Must be used up, or left, before a job comes or goes. */
  jobsBefore(key: number): Iterable<Job> {
    return this.#jobs.before(key);
  }

  get jobCount(): number {
    return this.#jobs.size;
  }

  findFunction(name: ByteString): FunctionQueue | undefined {
    return this.#functions.get(name);
  }

  /** The function's queue; it comes into being when it is first named (protocol section 6). */
  functionNamed(name: ByteString): FunctionQueue {
    let queue = this.#functions.get(name);
    if (queue === undefined) {
      queue = new FunctionQueue(name);
      this.#functions.set(name, queue);
    }
    return queue;
  }

  dropFunction(queue: FunctionQueue): void {
    this.#functions.delete(queue.name);
    this.#withUniques.delete(queue);
  }

  /** Jobs of a function that match, in no order. Looks at every job there is. */
  jobsOf(queue: FunctionQueue, matches: (job: Job) => boolean): Job[] {
    const found: Job[] = [];
    for (const job of this.#jobs.values()) {
      if (job.queue === queue && matches(job)) found.push(job);
    }
    return found;
  }

  findJob(handle: ByteString): Job | undefined {
    return this.#jobs.get(handle);
  }

  /**
   * The job that a submission joins: same function and same unique ID, or with `-` the same
   * workload. An empty unique ID joins nothing, nor does `-` with an empty workload (section 6).
   */
  findJoinable(queue: FunctionQueue, unique: ByteString, workload: Uint8Array): Job | undefined {
    if (unique.length === 0) return undefined;
    if (unique !== "-") return queue.byUnique.get(unique);
    return workload.length === 0 ? undefined : queue.byWorkload.get(workloadKey(workload));
  }

  /** The job with a unique ID in any function; of several the newest (section 6). */
  findUnique(unique: ByteString): Job | undefined {
    let newest: Job | undefined;
    for (const queue of this.#withUniques) {
      if (queue.byUnique.size === 0) this.#withUniques.delete(queue);
      const job = queue.byUnique.get(unique);
      if (job !== undefined && (newest === undefined || job.key > newest.key)) newest = job;
    }
    return newest;
  }

  add(job: Job): void {
    this.#jobs.add(job);
    job.queue.total++;
    job.queue.bytes += job.workload.length;
    const { byUnique, byWorkload } = job.queue;
    if (job.unique === "-") {
      const key = job.workload.length === 0 ? undefined : workloadKey(job.workload);
      if (key !== undefined && !byWorkload.has(key)) byWorkload.set(key, job);
    } else if (job.unique.length > 0 && !byUnique.has(job.unique)) {
      byUnique.set(job.unique, job);
      if (byUnique.size === 1) this.#withUniques.add(job.queue);
    }
  }

  /** The next submission with the job's unique ID makes a new job. */
  releaseUnique(job: Job): void {
    const { byUnique, byWorkload } = job.queue;
    if (job.unique === "-") {
      if (byWorkload.size === 0 || job.workload.length === 0) return;
      const key = workloadKey(job.workload);
      if (byWorkload.get(key) === job) byWorkload.delete(key);
    } else if (job.unique.length > 0 && byUnique.get(job.unique) === job) {
      byUnique.delete(job.unique);
    }
  }

  forget(job: Job): void {
    this.releaseUnique(job);
    this.#jobs.delete(job);
    job.queue.total--;
    job.queue.bytes -= job.workload.length;
  }
}
