import assert from "node:assert/strict";
import { bytesOf, byteStringFrom } from "../../src/protocol/mod.ts";
import { Random, WireClient } from "../support/mod.ts";

export interface CanaryReport {
  /** Echoes and jobs that were answered rightly. */
  readonly rounds: number;
  /** The longest that one of them took, milliseconds. */
  readonly worstMs: number;
}

/** Between two rounds, milliseconds: others shall have the machine, too. */
const PAUSE_MS = 5;

/**
 * An innocent client and worker: as long as it sings, the server serves those that do nothing
 * wrong. Each round is an echo and a foreground job, whose content must come back as it should.
 */
export class Canary {
  readonly #client: WireClient;
  readonly #worker: WireClient;
  readonly #functionName: string;
  readonly #random: Random;
  #rounds = 0;
  #worstMs = 0;
  #singing = true;
  readonly #song: Promise<void>;

  private constructor(
    client: WireClient,
    worker: WireClient,
    functionName: string,
    random: Random,
  ) {
    this.#client = client;
    this.#worker = worker;
    this.#functionName = functionName;
    this.#random = random;
    this.#song = this.#sing();
    // Reported by `dead` and `stop`; nobody may be listening yet.
    this.#song.catch(() => {});
  }

  /** `boundMs`: how long any answer may take. */
  static async start(port: number, boundMs: number, seed = 1): Promise<Canary> {
    const random = new Random(seed);
    const functionName = `canary ${random.uint32()}`;
    const client = await WireClient.connect(port, { patienceMs: boundMs });
    const worker = await WireClient.connect(port, { patienceMs: boundMs });
    worker.send("CAN_DO", { args: [functionName] });
    return new Canary(client, worker, functionName, random);
  }

  /** Rejects as soon as an answer is wrong or late; else never settles. */
  get dead(): Promise<never> {
    return this.#song.then(() => new Promise<never>(() => {}));
  }

  /** Ends it; rejects when an answer was wrong or late. */
  async stop(): Promise<CanaryReport> {
    this.#singing = false;
    try {
      await this.#song;
    } finally {
      await this.#client.close();
      await this.#worker.close();
    }
    assert.ok(this.#rounds > 0, "the canary did not get a single answer");
    return { rounds: this.#rounds, worstMs: Math.round(this.#worstMs) };
  }

  async #sing(): Promise<void> {
    while (this.#singing) {
      const began = performance.now();
      await this.#echo();
      const between = performance.now();
      await this.#job();
      const ended = performance.now();
      this.#worstMs = Math.max(this.#worstMs, between - began, ended - between);
      this.#rounds++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #echo(): Promise<void> {
    const data = this.#random.bytes(this.#random.below(200));
    const { data: echoed } = await this.#client.ask("ECHO_REQ", { data }, "ECHO_RES");
    assert.deepEqual([...echoed], [...data], "the canary's echo");
  }

  async #job(): Promise<void> {
    const workload = this.#random.bytes(this.#random.below(200));
    const { args: [handle] } = await this.#client.ask("SUBMIT_JOB_HIGH", {
      args: [this.#functionName, ""],
      data: workload,
    }, "JOB_CREATED");
    const given = await this.#worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    assert.deepEqual(given.args, [handle, this.#functionName], "the canary's job");
    assert.deepEqual([...given.data], [...workload], "the canary's workload");
    const result = bytesOf(byteStringFrom(workload).split("").reverse().join(""));
    this.#worker.send("WORK_COMPLETE", { args: [handle!], data: result });
    const done = await this.#client.expect("WORK_COMPLETE");
    assert.deepEqual(done.args, [handle], "the canary's job");
    assert.deepEqual([...done.data], [...result], "the canary's result");
  }
}
