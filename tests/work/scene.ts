import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { bytesCodec, WorkerJob } from "../../src/client/mod.ts";
import { byteStringFromText } from "../../src/protocol/mod.ts";
import { Leash } from "../../src/work/leash.ts";
import type { JobOutcome } from "../../src/work/outcome.ts";
import { PerJobRunner } from "../../src/work/per_job_runner.ts";
import { PoolRunner } from "../../src/work/pool_runner.ts";
import { ProcessBudget } from "../../src/work/process_budget.ts";
import { FUNCTION_DEFAULTS } from "../../src/work/read_function.ts";
import type { Job, RunnerHost, RunResult } from "../../src/work/runner.ts";
import type { FunctionSettings } from "../../src/work/settings.ts";
import { WorkloadFiles } from "../../src/work/workload_files.ts";
import { deadline, PATIENCE_MS, PROJECT_ROOT } from "../support/mod.ts";

/** A program of a pool that does as its workloads say. */
export const POOL_WORKER = join(PROJECT_ROOT, "tests/testdata/perl/pool_worker.pl");

/** Machines get busy: starts of programs take their time. */
export const LONG_MS = 2 * PATIENCE_MS;

const ENVIRONMENT = { PATH: "/usr/local/bin:/usr/bin:/bin" };

export function functionSettings(
  command: readonly [string, ...string[]],
  changes: Partial<FunctionSettings> = {},
): FunctionSettings {
  return { ...FUNCTION_DEFAULTS, environment: ENVIRONMENT, name: "test", command, ...changes };
}

/** What a runner told its host, and what it is built on. */
export class TestHost implements RunnerHost {
  readonly lines: string[] = [];
  readonly budget: ProcessBudget;
  readonly leash: Leash;
  readonly files: WorkloadFiles;
  suspended = false;
  /** Jobs whose signals abort when the function is suspended, as the library does it. */
  readonly aborts = new Set<AbortController>();

  private constructor(most: number, leash: Leash, files: WorkloadFiles) {
    this.budget = new ProcessBudget(most);
    this.leash = leash;
    this.files = files;
  }

  static async open(most: number): Promise<TestHost> {
    const files = await WorkloadFiles.create();
    const leash = await Leash.start(files.folder, () => {});
    return new TestHost(most, leash, files);
  }

  readonly log = (level: string, text: string): void => void this.lines.push(`${level} ${text}`);

  suspend(): void {
    this.suspended = true;
    for (const abort of this.aborts) abort.abort();
  }

  resume(): void {
    this.suspended = false;
  }

  async close(): Promise<void> {
    await this.leash.close();
    await this.files.close();
  }
}

/** A job without a server, and what was sent for it. */
export interface TestJob {
  readonly job: Job;
  readonly abort: AbortController;
  readonly sent: string[];
}

let jobs = 0;

export function testJob(workload: string | Uint8Array = ""): TestJob {
  const abort = new AbortController();
  const sent: string[] = [];
  const assignment = {
    handle: byteStringFromText(`H:test:${++jobs}`),
    functionName: byteStringFromText("test"),
    unique: byteStringFromText("unique"),
    reducer: "",
    workload: typeof workload === "string" ? new TextEncoder().encode(workload) : workload,
  };
  const job = new WorkerJob(assignment, "none", bytesCodec, abort.signal, {
    send: (type, content) => {
      const args = (content.args ?? []).slice(1).map(String);
      const data = content.data === undefined ? [] : [Buffer.from(content.data).toString()];
      sent.push([type, ...args, ...data].join(" "));
    },
    drained: () => Promise.resolve(),
  });
  return { job, abort, sent };
}

/** Runs a test with one runner, and sees that nothing is left of it. */
export async function withRunner(
  settings: FunctionSettings,
  use: (runner: PerJobRunner | PoolRunner, host: TestHost) => Promise<void>,
): Promise<void> {
  const host = await TestHost.open(settings.most);
  const runner = settings.mode === "pool"
    ? new PoolRunner(settings, host)
    : new PerJobRunner(settings, host);
  try {
    runner.start();
    await use(runner, host);
  } finally {
    runner.kill();
    await deadline(runner.retire(), LONG_MS, "the runner to end", () => host.lines.join("\n"));
    await host.close();
  }
  assert.equal(host.budget.used, 0);
  await until(() => zombiesOf(process.pid).length === 0, "the ended processes to be reaped");
}

/** The outcome of a job that must have one. */
export async function outcomeOfJob(result: Promise<RunResult>): Promise<JobOutcome> {
  const outcome = await deadline(result, LONG_MS, "the job to end");
  assert.ok(typeof outcome === "object", `no outcome: ${String(outcome)}`);
  return outcome;
}

export function resultText({ end, result, reason }: JobOutcome): string {
  assert.equal(end, "complete", reason);
  return Buffer.from(result).toString();
}

/** Waits until something is so. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  ms = LONG_MS,
): Promise<void> {
  const end = performance.now() + ms;
  while (!await condition()) {
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface ProcessState {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** When it began, in ticks of the system. */
  readonly began: number;
}

/** All processes of the machine. */
export function processes(): ProcessState[] {
  return readdirSync("/proc").map(Number).filter((pid) => pid > 0).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The name, in brackets, may hold anything.
      const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
      const [state = "", parent, group] = fields;
      return [{
        pid,
        state,
        parent: Number(parent),
        group: Number(group),
        began: Number(fields[19]),
      }];
    } catch {
      return [];
    }
  });
}

export function zombiesOf(parent: number): number[] {
  return processes().filter((each) => each.parent === parent && each.state === "Z")
    .map(({ pid }) => pid);
}

/** Whether a process runs: zombies do not. */
export function isAlive(pid: number): boolean {
  return processes().some((each) => each.pid === pid && each.state !== "Z");
}
