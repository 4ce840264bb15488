import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../tests/support/mod.ts";
import { commandStep, FROZEN, type Step, testStep } from "./gate_step.ts";

/** Folders below tests/ that have a step of their own; all others hold unit and conformance tests. */
const OWN_STEP = ["architecture", "databases", "integration", "faults", "fuzz"] as const;

/** Test files below tests/ whose top folder passes, as `./tests/…`, sorted. */
export function testFiles(accept: (folder: string) => boolean): string[] {
  return readdirSync(join(PROJECT_ROOT, "tests"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_test.ts") && accept(path.split("/")[0]!))
    .map((path) => `./tests/${path}`)
    .sort();
}

const inFolder = (name: (typeof OWN_STEP)[number]) => () => testFiles((folder) => folder === name);
const unitFiles = () => testFiles((folder) => !OWN_STEP.some((name) => name === folder));

/** The gate: everything that must hold, in the order in which failures are cheapest. */
export const STEPS: readonly Step[] = [
  commandStep("format", "formatting", ["fmt", "--check"], 2),
  commandStep("lint", "lint", ["lint"], 2),
  commandStep("types", "type check", ["check", "--quiet", ...FROZEN], 5),
  testStep("architecture", "rules of the house", "deno", inFolder("architecture"), 2),
  testStep("unit", "unit and conformance tests on Deno", "deno", unitFiles, 10),
  testStep("unit:bun", "unit and conformance tests on Bun", "bun", unitFiles, 10),
  testStep("databases", "stores on real database servers", "deno", inFolder("databases"), 20),
  testStep("databases:bun", "the same on Bun", "bun", inFolder("databases"), 20),
  commandStep("compile", "dist/cogd", ["run", "-A", "scripts/compile.ts", "deno"], 12),
  commandStep("compile:bun", "dist/cogd-bun", ["run", "-A", "scripts/compile.ts", "bun"], 6),
  testStep("integration", "executables and foreign clients", "deno", inFolder("integration"), 15),
  testStep("faults", "faults", "deno", inFolder("faults"), 15),
  testStep("fuzz", "fuzzing", "deno", inFolder("fuzz"), 10),
];
