import { type ByteString, byteStringFrom } from "../../src/protocol/mod.ts";
import { WireClient } from "../support/mod.ts";
import { eventually } from "./eventually.ts";

/** Submissions under way at once: enough to fill commits, few enough to answer soon. */
const WINDOW = 40;
export const LOAD_FUNCTION = "load";

/** A client that submits background jobs without a pause, and knows what it was told of each. */
export class SubmitLoad {
  readonly #client: WireClient;
  #next = 0;
  #stopping = false;
  #failure: unknown = null;
  #running: Promise<void> = Promise.resolve();
  /** Workloads by the handles of the jobs that were acknowledged. */
  readonly acknowledged = new Map<ByteString, string>();
  /** Workloads of jobs that were refused. */
  readonly refused: string[] = [];
  /** The longest time that an answer took, milliseconds. */
  slowestMs = 0;

  private constructor(client: WireClient) {
    this.#client = client;
  }

  static async connect(port: number): Promise<SubmitLoad> {
    // An answer may take as long as the server waits for its store.
    return new SubmitLoad(await WireClient.connect(port, { patienceMs: 120_000 }));
  }

  start(): void {
    this.#running = this.#run();
    this.#running.catch((error) => this.#failure = error);
  }

  /** Settles when so many more jobs are acknowledged. */
  progress(jobs: number, ms?: number): Promise<void> {
    return this.reached(this.acknowledged.size + jobs, ms);
  }

  /** Settles when so many jobs in all are acknowledged. */
  async reached(jobs: number, ms = 120_000): Promise<void> {
    await eventually(
      () => {
        if (this.#failure !== null) throw this.#failure;
        return this.acknowledged.size >= jobs;
      },
      `${jobs} acknowledged jobs`,
      ms,
    );
  }

  /** Settles when all that was submitted is answered; then closes the connection. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    this.#client.close();
  }

  async #run(): Promise<void> {
    const underWay: { workload: string; sentAt: number }[] = [];
    while (!this.#stopping || underWay.length > 0) {
      while (!this.#stopping && underWay.length < WINDOW) underWay.push(this.#submit());
      const { name, args } = await this.#client.readPacket();
      const { workload, sentAt } = underWay.shift()!;
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sentAt);
      if (name === "JOB_CREATED") this.acknowledged.set(args[0]!, workload);
      else if (name === "ERROR") this.refused.push(workload);
      else throw new Error(`unexpected ${name}`);
    }
  }

  #submit(): { workload: string; sentAt: number } {
    const workload = `job ${this.#next++} \xff`;
    this.#client.send("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, ""], data: workload });
    return { workload, sentAt: performance.now() };
  }
}

/** Takes up jobs and completes them until there are none; answers handle and workload of each. */
export async function drainQueue(
  port: number,
  most = Infinity,
): Promise<{ handle: ByteString; workload: ByteString }[]> {
  const worker = await WireClient.connect(port);
  worker.send("CAN_DO", { args: [LOAD_FUNCTION] });
  const done = [];
  while (done.length < most) {
    worker.send("GRAB_JOB");
    const packet = await worker.readPacket();
    if (packet.name === "NO_JOB") break;
    const handle = packet.args[0]!;
    done.push({ handle, workload: byteStringFrom(packet.data) });
    worker.send("WORK_COMPLETE", { args: [handle], data: "" });
  }
  worker.send("ECHO_REQ", { data: "end" });
  await worker.expect("ECHO_RES");
  worker.close();
  return done;
}
