import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { type ProgramResult, PROJECT_ROOT, runProgram } from "../tests/support/mod.ts";
import { readJUnit, type StepReport, total } from "./gate_report.ts";
import { bundleForNode } from "./node_bundles.ts";
import { bunProgram, denoProgram } from "./toolchain.ts";
import { installTestPrograms } from "./toolchain_debian.ts";
import { prepareNodeModules } from "./toolchain_node_modules.ts";

/** Aborting it ends the program that runs now, with all that it started. */
export const interruption = new AbortController();

/** What a step gets to know. */
export interface StepContext {
  /** Only tests whose name contains this text. */
  readonly filter?: string | undefined;
  /** Folder for reports, removed afterwards. */
  readonly reports: string;
}

/** What a step found. `output` is shown whole when something failed. */
export interface StepOutcome extends StepReport {
  readonly output: string;
}

/** One part of the gate. */
export interface Step {
  readonly name: string;
  readonly title: string;
  run(context: StepContext): Promise<StepOutcome>;
}

/** A command that counts as one test: it passes when it exits with 0. */
export function commandStep(
  name: string,
  title: string,
  args: readonly string[],
  limitMinutes: number,
): Step {
  return {
    name,
    title,
    run: async () => {
      const result = await run(await denoProgram(), args, limitMinutes);
      const failed = result.code === 0 ? [] : [title];
      const reasons = failed.map((test) => ({ test, text: lastLines(result) }));
      return { passed: 1 - failed.length, failed, skipped: [], reasons, output: explain(result) };
    },
  };
}

/** The test files of `select`, run by Deno or Bun, or bundled and run by Node. */
export function testStep(
  name: string,
  title: string,
  runtime: keyof typeof TEST_COMMANDS,
  select: () => readonly string[],
  limitMinutes: number,
): Step {
  return {
    name,
    title,
    run: async ({ filter, reports }) => {
      const files = select();
      if (files.length === 0) {
        return { passed: 0, failed: [], skipped: [], reasons: [], output: "" };
      }
      const junit = join(reports, `${name.replaceAll(":", "-")}.xml`);
      const [program, ...args] = await TEST_COMMANDS[runtime](junit, filter);
      await installTestPrograms();
      const runnable = runtime === "node" ? await bundleForNode(files) : files;
      const result = await run(program!, [...args, ...runnable], limitMinutes, await searchPath());
      const report = outcome(result, junit, title);
      // What a filter leaves out is reported as skipped too.
      const skipped = filter === undefined ? report.skipped : [];
      return { ...report, skipped, output: explain(result) };
    },
  };
}

/** Steps that run at the same time and count as one: for those that wait more than they work. */
export function sideBySide(name: string, title: string, steps: readonly Step[]): Step {
  return {
    name,
    title,
    run: async (context) => {
      const outcomes = await Promise.all(steps.map((step) => step.run(context)));
      return { ...total(outcomes), output: outcomes.map(({ output }) => output).join("\n") };
    },
  };
}

function outcome(result: ProgramResult, junit: string, title: string): StepReport {
  const report = existsSync(junit)
    ? readJUnit(readFileSync(junit, "utf8"))
    : { passed: 0, failed: [], skipped: [], reasons: [] };
  if (result.code === 0 || report.failed.length > 0) return report;
  // A file that cannot be loaded, or a run that was cut off, is in no report.
  const test = `${title}: exit code ${result.code}`;
  return { ...report, failed: [test], reasons: [{ test, text: lastLines(result) }] };
}

/** Where a command that says no more than this says what is wrong. */
const LAST_LINES = 40;

function lastLines(result: ProgramResult): string {
  return explain(result).trimEnd().split("\n").slice(-LAST_LINES).join("\n");
}

async function denoTest(junit: string, filter: string | undefined): Promise<string[]> {
  return [
    await denoProgram(),
    "test",
    "--allow-all",
    "--no-check",
    ...FROZEN,
    `--junit-path=${junit}`,
    ...(filter === undefined ? [] : [`--filter=${filter}`]),
  ];
}

let nodeModules: Promise<void> | undefined;

async function bunTest(junit: string, filter: string | undefined): Promise<string[]> {
  // Once, also for steps that run side by side.
  nodeModules ??= prepareNodeModules(PROJECT_ROOT);
  await nodeModules;
  return [
    await bunProgram(),
    "test",
    "--only-failures",
    // Tests have deadlines of their own; Bun's 5 s would cut them short.
    "--timeout=300000",
    "--reporter=junit",
    `--reporter-outfile=${junit}`,
    ...(filter === undefined ? [] : [`--test-name-pattern=${escapeRegExp(filter)}`]),
  ];
}

function nodeTest(junit: string, filter: string | undefined): Promise<string[]> {
  return Promise.resolve([
    "node",
    "--test",
    "--test-reporter=junit",
    `--test-reporter-destination=${junit}`,
    // For what a failing run prints.
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    ...(filter === undefined ? [] : [`--test-name-pattern=${escapeRegExp(filter)}`]),
  ]);
}

const TEST_COMMANDS = { deno: denoTest, bun: bunTest, node: nodeTest } as const;

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The lock file must already say what is used. */
export const FROZEN: readonly string[] = existsSync(join(PROJECT_ROOT, "deno.lock"))
  ? ["--frozen"]
  : [];

/**
 * What tests choose at random is the same in each run of the gate: what it says of a change is about that
 * change. Longer series have seeds of their own (docs/fault-tests.md).
 */
const SEED = "20261123";

async function run(
  program: string,
  args: readonly string[],
  limitMinutes: number,
  path = process.env["PATH"],
): Promise<ProgramResult> {
  return await runProgram(program, args, {
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1", COGD_SEED: process.env["COGD_SEED"] ?? SEED, PATH: path },
    timeoutMs: limitMinutes * 60_000,
    abort: interruption.signal,
  });
}

/** Both runtimes under their own names, and Debian's server programs also for ordinary users. */
async function searchPath(): Promise<string> {
  const runtimes = [await denoProgram(), await bunProgram()].map((path) => dirname(path));
  return [...runtimes, process.env["PATH"] ?? "", "/usr/sbin"].join(":");
}

/** What a command printed, without the lines about tests that passed. */
function explain({ output, timedOut }: ProgramResult): string {
  const rest = output.replace(/^.* \.\.\. ok \(.*\)\n/gm, "");
  return timedOut ? `${rest}\nIt took too long and was killed.` : rest;
}
