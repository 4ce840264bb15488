import { fileURLToPath } from "node:url";
import { deadline, type ServerProcess } from "../../tests/support/mod.ts";
import { startChild } from "./children.ts";
import { type Cores, onCore } from "./cores.ts";
import {
  ALL_ASLEEP,
  ALL_OPEN,
  type IdlePlan,
  type LoadPlan,
  type LoadResult,
  type StreamsPlan,
} from "./generator/plan.ts";

const GENERATOR = fileURLToPath(new URL("./generator/main.ts", import.meta.url));

/** Starts load generators: one process for each plan, so that no run inherits another's heap. */
export class Generator {
  readonly #bun: string;
  readonly #cores: Cores;

  /** `bun`: the program that runs it. */
  constructor(bun: string, cores: Cores) {
    this.#bun = bun;
    this.#cores = cores;
  }

  /** Runs a plan to its end. */
  async run(plan: LoadPlan, limitMs: number): Promise<LoadResult> {
    const child = await this.#start(plan);
    try {
      return await resultOf(child, limitMs);
    } finally {
      await child.kill9();
    }
  }

  /**
   * Opens the streams and does what should be done meanwhile, which can wait for `ended`: all streams
   * were told of their job's end. Measured is from when all were open.
   */
  async withStreams<Result>(
    plan: StreamsPlan,
    meanwhile: (ended: () => Promise<LoadResult>) => Promise<Result>,
  ): Promise<Result> {
    const child = await this.#start(plan);
    try {
      await child.waitForLog(ALL_OPEN, { ms: plan.limitMs });
      return await meanwhile(() => resultOf(child, plan.limitMs));
    } finally {
      await child.kill9();
    }
  }

  /** Connects the idle workers, does what should be done meanwhile, and lets them go. */
  async withIdleWorkers<Result>(plan: IdlePlan, meanwhile: () => Promise<Result>): Promise<Result> {
    const child = await this.#start(plan);
    try {
      await child.waitForLog(ALL_ASLEEP, { ms: plan.limitMs });
      return await meanwhile();
    } finally {
      await child.kill9();
    }
  }

  /** Runs a load that nobody asks the outcome of while something else is done, and ends it. */
  async during<Result>(plan: LoadPlan, meanwhile: () => Promise<Result>): Promise<Result> {
    const child = await this.#start(plan);
    try {
      return await meanwhile();
    } finally {
      await child.kill9();
    }
  }

  #start(plan: LoadPlan): Promise<ServerProcess> {
    const args = [GENERATOR, JSON.stringify(plan)];
    return startChild(onCore(this.#cores.generator, { command: this.#bun, args }));
  }
}

async function resultOf(child: ServerProcess, limitMs: number): Promise<LoadResult> {
  const { code } = await deadline(child.exited, limitMs, "the load generator", () => child.stderr);
  if (code !== 0) throw new Error(child.stderr.trim() || `load generator: exit code ${code}`);
  return JSON.parse(child.stdout) as LoadResult;
}
