import { fileURLToPath } from "node:url";
import { deadline, ServerProcess } from "../../tests/support/mod.ts";
import { type Cores, onCore } from "./cores.ts";
import { ALL_ASLEEP, type IdlePlan, type LoadPlan, type LoadResult } from "./generator/plan.ts";
import type { CommandLine } from "./server_kinds.ts";

const GENERATOR = fileURLToPath(new URL("./generator/main.ts", import.meta.url));

/** Starts load generators: one process for each plan, so that no run inherits another's heap. */
export class Generator {
  readonly #runtime: CommandLine;
  readonly #cores: Cores;

  /** `runtime`: the program, and the arguments that stand before the script. */
  constructor(runtime: CommandLine, cores: Cores) {
    this.#runtime = runtime;
    this.#cores = cores;
  }

  /** Runs a plan to its end. */
  async run(plan: LoadPlan, limitMs: number): Promise<LoadResult> {
    const child = await this.#start(plan);
    try {
      const { code } = await deadline(
        child.exited,
        limitMs,
        "the load generator",
        () => child.stderr,
      );
      if (code !== 0) throw new Error(child.stderr.trim() || `load generator: exit code ${code}`);
      return JSON.parse(child.stdout) as LoadResult;
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

  async #start(plan: LoadPlan): Promise<ServerProcess> {
    const { command, args } = onCore(this.#cores.generator, {
      command: this.#runtime.command,
      args: [...this.#runtime.args, GENERATOR, JSON.stringify(plan)],
    });
    return await ServerProcess.start(command, args);
  }
}
