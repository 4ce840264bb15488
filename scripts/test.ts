/**
 * The gate: `deno task test` runs every step, `deno task test unit compile` only the named ones.
 *
 * Options: --filter=TEXT (only tests whose name contains it), --list (names of the steps).
 * With CI=true a skipped test is a failure. What is wrong with tests that failed is told once more at the
 * end; the last line is `N passed, N failed`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { countLine, reasonLines, succeeded, total } from "./gate_report.ts";
import { interruption, type Step, type StepContext, type StepOutcome } from "./gate_step.ts";
import { STEPS } from "./gate_steps.ts";

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: {
      only: { type: "string" },
      filter: { type: "string" },
      list: { type: "boolean" },
    },
    allowPositionals: true,
  });
  if (values.list === true) {
    for (const { name, title } of STEPS) console.log(`${name.padEnd(16)} ${title}`);
    return true;
  }
  const steps = chosen([...positionals, ...(values.only?.split(",") ?? [])]);
  const reports = await mkdtemp(join(tmpdir(), "cogd-gate-"));
  try {
    const context = { filter: values.filter, reports };
    const outcomes: StepOutcome[] = [];
    for (const step of steps) outcomes.push(await runStep(step, context));
    return conclude(outcomes);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

function chosen(names: readonly string[]): readonly Step[] {
  const unknown = names.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    const known = STEPS.map(({ name }) => name).join(", ");
    throw new Error(`Cannot run step '${unknown}': the steps are ${known}`);
  }
  return names.length === 0 ? STEPS : STEPS.filter(({ name }) => names.includes(name));
}

async function runStep(step: Step, context: StepContext): Promise<StepOutcome> {
  console.log(`\n== ${step.name}: ${step.title}`);
  const began = performance.now();
  const outcome = await step.run(context).catch((error: Error): StepOutcome => ({
    passed: 0,
    failed: [step.title],
    skipped: [],
    reasons: [{ test: step.title, text: error.stack ?? String(error) }],
    output: error.stack ?? String(error),
  }));
  if (outcome.failed.length > 0) console.log(outcome.output.trimEnd());
  const remarks = new Set(outcome.output.match(/^(skipped|note): .*$/gm) ?? []);
  for (const remark of remarks) console.log(`   ${remark}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`   ${countLine(outcome)} in ${seconds} s`);
  // The same test may be in several steps, on several runtimes.
  const named = (test: string) => `${step.name}: ${test}`;
  const reasons = outcome.reasons.map(({ test, text }) => ({ test: named(test), text }));
  return { ...outcome, failed: outcome.failed.map(named), reasons };
}

function conclude(outcomes: readonly StepOutcome[]): boolean {
  const all = total(outcomes);
  const strict = process.env["CI"] === "true";
  const good = succeeded(all, strict);
  console.log(`\n${process.uptime().toFixed(0)} s`);
  if (all.skipped.length > 0) {
    console.log(`Skipped${strict ? " (a failure where CI=true)" : ""}:`);
    console.log(all.skipped.map((name) => `  ${name}`).join("\n"));
  }
  if (all.failed.length > 0) {
    console.log(`Failed:\n${all.failed.map((n) => `  ${n}`).join("\n")}`);
    console.log(`What was wrong:\n${reasonLines(all.reasons).map((n) => `  ${n}`).join("\n")}`);
  }
  console.log(countLine(all));
  return good;
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  process.on(signal, () => {
    interruption.abort();
    process.exit(code);
  });
}

try {
  process.exitCode = await main() ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
