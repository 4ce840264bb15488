import assert from "node:assert/strict";
import {
  type Admission,
  type Client,
  type ClientPort,
  DEFAULT_LIMITS,
  type DurableLog,
  type Job,
  JobServer,
  type JobServerOptions,
  type Limits,
  Priority,
  type StoreWaiter,
  type Submission,
  type Worker,
  type WorkerPort,
} from "../../src/core/mod.ts";
import {
  bytesOf,
  byteStringFrom,
  encodeRequest,
  type Packet,
  type PacketContent,
  PacketDecoder,
  PacketType,
} from "../../src/protocol/mod.ts";

export interface SceneOptions extends Omit<Partial<JobServerOptions>, "limits"> {
  readonly limits?: Partial<Limits>;
}

/** A submission with ordinary values for what a test does not care about. */
export interface Asked extends Omit<Partial<Submission>, "workload" | "functionName"> {
  readonly workload?: string;
}

/** A job server, its peers, and time that only a test moves. */
export class Scene {
  readonly server: JobServer;
  /** Milliseconds since 1970. */
  now = 1_700_000_000_000;

  constructor(options: SceneOptions = {}) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.server = new JobServer({ handlePrefix: "H:t:", ...options, limits });
  }

  peer(): Peer {
    return new Peer(this);
  }

  /** A worker for these functions, named as in CAN_DO: the last one is the newest. */
  worker(...functions: string[]): Peer {
    const peer = new Peer(this);
    for (const name of functions) peer.canDo(name);
    return peer;
  }

  /** Epoch seconds that are reached after `seconds` from now. */
  epochIn(seconds: number): number {
    return Math.floor(this.now / 1000) + seconds;
  }

  /** Moves time on, and calls `advance` only when `nextWake` asked for it, as the shell does. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let rounds = 0; this.server.nextWake() <= end; rounds++) {
      assert.ok(rounds < 10_000, "nextWake() asks again and again for the same time");
      this.now = Math.max(this.now, this.server.nextWake());
      this.server.advance(this.now);
    }
    this.now = end;
  }

  cancel(handle: string): boolean {
    return this.server.cancel(handle) !== "unknown";
  }

  /** The columns of `status`: total, running, workers. */
  status(name: string): [total: number, running: number, workers: number] {
    const queue = this.server.table.findFunction(name);
    assert.ok(queue !== undefined, `function '${name}' is not known`);
    return [queue.total, queue.running, queue.workers];
  }

  job(handle: string): Job {
    const job = this.server.table.findJob(handle);
    assert.ok(job !== undefined, `job ${handle} is not known`);
    return job;
  }

  /** The columns of `show jobs`. */
  row(handle: string): [retries: number, ignored: boolean, persisted: boolean] {
    const { attempts, ignored, persisted } = this.job(handle);
    return [attempts, ignored, persisted];
  }

  knows(handle: string): boolean {
    return this.server.table.findJob(handle) !== undefined;
  }

  /** Handles of all jobs, in the order in which a new worker for these functions gets them. */
  drain(...functions: string[]): string[] {
    const worker = this.worker(...functions);
    const handles: string[] = [];
    for (let handle = worker.grab(); handle !== null; handle = worker.grab()) {
      handles.push(handle);
      worker.complete(handle);
    }
    worker.leave();
    return handles;
  }
}

/** One connection as the core sees it, client and worker at once, and all that it was told. */
export class Peer implements ClientPort, WorkerPort {
  readonly #scene: Scene;
  readonly #told: string[] = [];
  readonly client: Client;
  readonly workerRole: Worker;
  /** NOOPs received. */
  noops = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.client = scene.server.connectClient(this);
    this.workerRole = scene.server.connectWorker(this);
  }

  /** What it was told since the last call: `WORK_DATA H:t:1 some data`. */
  told(): string[] {
    return this.#told.splice(0);
  }

  workPacket(job: Job, packet: Packet): void {
    const body = byteStringFrom(packet.buffer, packet.bodyStart, packet.bodyEnd);
    assert.equal(packet.argument(0), job.handle);
    this.#told.push(`${packet.shape.name} ${body.replaceAll("\0", " ")}`);
  }

  workFailed(job: Job): void {
    this.#told.push(`WORK_FAIL ${job.handle}`);
  }

  wake(): void {
    this.noops++;
  }

  /** NOOPs received since the last call. */
  takeNoops(): number {
    const { noops } = this;
    this.noops = 0;
    return noops;
  }

  // As a client

  /** Submits and waits for the result. */
  submit(functionName: string, asked: Asked = {}): Admission {
    return this.#submit(functionName, asked, this.client);
  }

  /** Submits in the background. */
  submitBackground(functionName: string, asked: Asked = {}): Admission {
    return this.#submit(functionName, { ...asked, background: true }, null);
  }

  #submit(functionName: string, asked: Asked, client: Client | null): Admission {
    const { server, now } = this.#scene;
    const admission = server.submit(
      {
        functionName,
        unique: "",
        priority: Priority.NORMAL,
        notBefore: 0,
        reducer: "",
        background: false,
        extras: null,
        ...asked,
        workload: bytesOf(asked.workload ?? "work"),
      },
      client,
      now,
    );
    if (admission.kind === "awaits store") server.awaitStore(admission.job, this.#waiter);
    return admission;
  }

  readonly #waiter: StoreWaiter = {
    jobStored: (job) => void this.#told.push(`JOB_CREATED ${job.handle}`),
    jobRefused: (job) => void this.#told.push(`REFUSED ${job.handle}`),
  };

  /** The connection ends, in both roles, in the order of a session. */
  leave(): void {
    this.#scene.server.workerGone(this.workerRole, this.#scene.now);
    this.#scene.server.clientGone(this.client);
  }

  // As a worker

  canDo(name: string, timeoutMs = 0): void {
    this.#scene.server.canDo(this.workerRole, name, timeoutMs, this.#scene.now);
  }

  cantDo(name: string): void {
    this.#scene.server.cantDo(this.workerRole, name, this.#scene.now);
  }

  resetAbilities(): void {
    this.#scene.server.resetAbilities(this.workerRole, this.#scene.now);
  }

  /** Functions in the order of assignment. */
  functions(): string[] {
    return this.workerRole.abilities.map((ability) => ability.queue.name);
  }

  /** GRAB_JOB: the handle of the job, or null. */
  grab(): string | null {
    return this.#scene.server.grab(this.workerRole, this.#scene.now)?.handle ?? null;
  }

  sleep(): void {
    this.#scene.server.preSleep(this.workerRole, this.#scene.now);
  }

  complete(handle: string, result = ""): boolean {
    const content = { args: [handle], data: result };
    return this.#report(
      PacketType.WORK_COMPLETE,
      content,
      (packet) => this.#scene.server.workDone(this.workerRole, handle, packet),
    );
  }

  fail(handle: string): boolean {
    return this.#report(
      PacketType.WORK_FAIL,
      { args: [handle] },
      (packet) => this.#scene.server.workDone(this.workerRole, handle, packet),
    );
  }

  exception(handle: string, text: string): boolean {
    const content = { args: [handle], data: text };
    return this.#report(
      PacketType.WORK_EXCEPTION,
      content,
      (packet) => this.#scene.server.workException(this.workerRole, handle, packet),
    );
  }

  data(handle: string, data: string): boolean {
    return this.#update(PacketType.WORK_DATA, handle, data);
  }

  warning(handle: string, data: string): boolean {
    return this.#update(PacketType.WORK_WARNING, handle, data);
  }

  #update(type: PacketType, handle: string, data: string): boolean {
    const content = { args: [handle], data };
    return this.#report(
      type,
      content,
      (packet) => this.#scene.server.workUpdate(this.workerRole, handle, packet),
    );
  }

  status(handle: string, numerator: number, denominator: number): boolean {
    const { server } = this.#scene;
    const content = { args: [handle, `${numerator}`, `${denominator}`] };
    return this.#report(
      PacketType.WORK_STATUS,
      content,
      (packet) => server.workStatus(this.workerRole, handle, numerator, denominator, packet),
    );
  }

  #report(type: PacketType, content: PacketContent, use: (packet: Packet) => boolean): boolean {
    const found: boolean[] = [];
    const unexpected = () => assert.fail("a whole packet is expected");
    new PacketDecoder(
      { packet: (packet) => found.push(use(packet)), malformed: unexpected, line: unexpected },
      DEFAULT_LIMITS,
    ).push(encodeRequest(type, content));
    assert.equal(found.length, 1);
    return found[0]!;
  }
}

/** The job of an admission that is no refusal. */
export function jobOf(admission: Admission): Job {
  assert.ok(admission.kind !== "refused", "the submission was refused");
  return admission.job;
}

/** A store that answers when a test says so. */
export class RecordingLog implements DurableLog {
  readonly durable = true;
  /** True: no further job is taken. */
  full = false;
  readonly #calls: string[] = [];
  #waiting: Job[] = [];

  /** What was asked of it since the last call: `add H:t:1`. */
  calls(): string[] {
    return this.#calls.splice(0);
  }

  /** Jobs that were added and not answered yet, in order. */
  get waiting(): readonly Job[] {
    return this.#waiting;
  }

  /** Takes a job off the list of those to be answered. */
  answered(job: Job): void {
    assert.ok(this.#waiting.includes(job), `${job.handle} does not wait for the store`);
    this.#waiting = this.#waiting.filter((other) => other !== job);
  }

  add(job: Job): boolean {
    if (this.full) return false;
    this.#calls.push(`add ${job.handle}`);
    this.#waiting.push(job);
    return true;
  }

  update(job: Job): void {
    this.#calls.push(`update ${job.handle} attempts ${job.attempts}`);
  }

  remove(job: Job): void {
    assert.ok(job.end !== null, `${job.handle} is removed before its end was told`);
    this.#calls.push(`remove ${job.handle}`);
  }
}
