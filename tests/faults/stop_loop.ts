import assert from "node:assert/strict";
import {
  type CogdFlavour,
  deadline,
  type Exit,
  Random,
  type RunningCogd,
  startCogd,
  WireClient,
} from "../support/mod.ts";
import type { Faults, Totals } from "./books.ts";
import { drain } from "./drain.ts";
import { inspect, jobCount } from "./inspection.ts";
import type { StopKind } from "./job_log.ts";
import { Ledger } from "./ledger.ts";
import { Load } from "./load.ts";

export interface StopLoopOptions {
  readonly flavour: CogdFlavour;
  readonly rounds: number;
  readonly seed: number;
  /** How the server is ended, in turn. */
  readonly stops: readonly StopKind[];
  /** Holds the queue, from the first round to the last. */
  readonly dataDir: string;
  /** Further options of the server. */
  readonly args?: readonly string[];
}

export interface StopLoopReport extends Totals {
  readonly faults: Faults;
  /** Jobs that a restart found in the queue, of all rounds together. */
  readonly takenOver: number;
}

/** A round ends after this at the latest, milliseconds, however few events there were: disks may be slow. */
const ROUND_MS = 10_000;
/** How long a server may take to end. */
const END_MS = 120_000;
/** Jobs asked for after each restart; after the last, all are. */
const INSPECTED = 3000;

/**
 * Starts cogd on the same queue again and again, loads it, and ends it at a moment that the seed
 * chooses: after so many events (submissions, answers, assignments, results). At the end everything
 * is drained and the books are closed.
 */
export async function runStopLoop(options: StopLoopOptions): Promise<StopLoopReport> {
  return await new StopLoop(options).run();
}

class StopLoop {
  readonly #options: StopLoopOptions;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  readonly #log = this.#ledger.open("harness");
  readonly #functions: readonly string[];
  readonly #uniques: readonly string[];
  #takenOver = 0;

  constructor(options: StopLoopOptions) {
    this.#options = options;
    const random = new Random(options.seed);
    this.#random = random;
    this.#functions = ["resize", "mail", random.name(20).replaceAll("\n", "")];
    this.#uniques = Array.from({ length: 40 }, () => random.name(random.between(1, 64)));
  }

  async run(): Promise<StopLoopReport> {
    const { rounds, stops } = this.#options;
    for (let round = 0; round < rounds; round++) {
      try {
        await this.#round(stops[round % stops.length]!);
        this.#ledger.requireNoFault();
      } catch (cause) {
        throw new Error(`Round ${round + 1} of ${rounds}, seed ${this.#random.seed}: ${cause}`, {
          cause,
        });
      }
    }
    await this.#drain();
    const { totals, faults } = this.#ledger.close();
    this.#ledger.requireNoFault();
    return { ...totals, faults, takenOver: this.#takenOver };
  }

  async #round(how: StopKind): Promise<void> {
    const random = this.#random;
    const server = await this.#start();
    try {
      // Some are ended while they still take up the jobs of the queue.
      if (how === "kill -9" && random.chance(0.15)) await server.kill9();
      else await this.#loadAndStop(server, how);
    } finally {
      await server.kill9();
    }
    this.#log.add({ kind: "stopped", how });
  }

  async #loadAndStop(server: RunningCogd, how: StopKind): Promise<void> {
    const random = this.#random;
    await this.#inspect(server, INSPECTED);
    const load = new Load({
      port: server.port,
      ledger: this.#ledger,
      random,
      functions: this.#functions,
      uniques: this.#uniques,
      clients: random.between(1, 4),
      // Without workers the queue grows, with many it shrinks. A graceful stop needs one.
      workers: random.between(how === "SIGUSR1" ? 1 : 0, 5),
      deaths: true,
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ended = new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        forget();
        if (how === "SIGUSR1") load.windDown();
        else load.expectEnd();
        server.process.signal(how === "kill -9" ? "SIGKILL" : how);
        resolve();
      };
      const forget = this.#ledger.atTick(this.#ledger.ticks + this.#eventsOfRound(), end);
      timer = setTimeout(end, ROUND_MS);
    });
    const { exited } = server.process;
    try {
      await load.start();
      const crashed = exited.then((exit) => {
        throw new Error(`cogd ended of itself: ${JSON.stringify(exit)}\n${server.process.stderr}`);
      });
      crashed.catch(() => {});
      await Promise.race([ended, load.failed, crashed]);
      const gone = Promise.race([exited, load.failed]);
      const exit = await deadline(gone, END_MS, `cogd to end after ${how}`);
      this.#requireGoodEnd(how, exit, server);
      await Promise.race([load.over(), load.failed]);
    } finally {
      clearTimeout(timer);
      await load.close();
    }
  }

  /** From "at once" to "when thousands of jobs have come and gone". */
  #eventsOfRound(): number {
    const random = this.#random;
    const draw = random.below(10);
    if (draw === 0) return random.between(1, 50);
    return draw < 7 ? random.between(500, 10_000) : random.between(10_000, 40_000);
  }

  async #drain(): Promise<void> {
    const server = await this.#start();
    try {
      await this.#inspect(server, Infinity);
      await drain(server, this.#ledger, this.#functions);
      this.#requireGoodEnd("SIGTERM", await server.stop(), server);
      this.#log.add({ kind: "stopped", how: "SIGTERM" });
    } finally {
      await server.kill9();
    }
    await this.#requireEmpty();
  }

  /** What was done must not come back. */
  async #requireEmpty(): Promise<void> {
    const server = await this.#start();
    try {
      await this.#inspect(server, Infinity);
      await using client = await WireClient.connect(server.port);
      assert.equal(await jobCount(client), 0, "jobs came back after they were done");
      await client.close();
      this.#requireGoodEnd("SIGTERM", await server.stop(), server);
    } finally {
      await server.kill9();
    }
  }

  async #start(): Promise<RunningCogd> {
    const { flavour, dataDir, args = [] } = this.#options;
    return await startCogd({ flavour, dataDir, args: ["--job-handle-prefix=H:loop", ...args] });
  }

  /** Asks for jobs that must be there and for jobs that must not. */
  async #inspect(server: RunningCogd, most: number): Promise<void> {
    const owed = this.#ledger.owed();
    this.#takenOver += owed.length;
    const random = this.#random;
    const sample = (handles: string[]) =>
      handles.length <= most ? handles : handles.filter(() => random.chance(most / handles.length));
    await inspect(server.port, sample(owed), this.#log);
    await inspect(server.port, sample(this.#ledger.settled()), this.#log);
  }

  #requireGoodEnd(how: StopKind, exit: Exit, server: RunningCogd): void {
    const expected = how === "kill -9"
      ? { code: null, signal: "SIGKILL" }
      : { code: 0, signal: null };
    assert.deepEqual(exit, expected, server.process.stderr);
    const complaints = server.process.stderr.split("\n").filter((line) =>
      /^\s*(FATAL|ALERT|CRITICAL|ERROR|WARNING)\b/.test(line)
    );
    assert.deepEqual(complaints, []);
  }
}
