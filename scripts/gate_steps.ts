import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../tests/support/mod.ts";
import { commandStep, FROZEN, sideBySide, type Step, testStep } from "./gate_step.ts";

/** Folders below tests/ that have a step of their own; all others hold unit and conformance tests. */
const OWN_STEP = ["architecture", "databases", "integration", "faults", "fuzz"] as const;

/** Test files below tests/ whose top folder passes, as `./tests/…`, sorted. */
export function testFiles(accept: (folder: string) => boolean): string[] {
  return readdirSync(join(PROJECT_ROOT, "tests"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("_test.ts") && accept(path.split("/")[0]!))
    .map((path) => `./tests/${path}`)
    .sort();
}

/** Tests in the databases' own folders: what every store must do; that and what costs little; the rest. */
const CONTRACT = /^conformance_/;
const BASICS = /^(conformance|adoption|lease)_/;
const FAULTS = /^(?!(conformance|adoption|lease)_)/;

const inFolder = (name: (typeof OWN_STEP)[number] | "client") => () =>
  testFiles((folder) => folder === name);
const unitFiles = () => testFiles((folder) => !OWN_STEP.some((name) => name === folder));
const forAllDatabases = () =>
  testFiles(() => true).filter((path) => /\/databases\/\w+\.ts$/.test(path));

/** Tests of a kind, a step for each database: they wait more than they work, so they run side by side. */
function databaseSteps(
  name: string,
  runtime: "deno" | "bun",
  kind: RegExp,
  limitMinutes: number,
): Step[] {
  return ["mysql", "postgres", "redis"].map((database) => {
    const folder = `./tests/databases/${database}/`;
    const files = () =>
      inFolder("databases")().filter((path) =>
        path.startsWith(folder) && kind.test(path.slice(folder.length))
      );
    return testStep(`${name}:${database}`, database, runtime, files, limitMinutes);
  });
}

/**
 * The gate: everything that must hold, in the order in which failures are cheapest. The minutes are several times
 * what a step takes on two cores: whatever takes as long hangs.
 */
export const STEPS: readonly Step[] = [
  commandStep("format", "formatting", ["fmt", "--check"], 10),
  commandStep("lint", "lint", ["lint"], 10),
  commandStep("types", "type check", ["check", "--quiet", ...FROZEN], 15),
  testStep("architecture", "rules of the house", "deno", inFolder("architecture"), 10),
  testStep("unit", "unit and conformance tests on Deno", "deno", unitFiles, 30),
  testStep("unit:bun", "unit and conformance tests on Bun", "bun", unitFiles, 30),
  testStep("library:node", "client and worker library on Node", "node", inFolder("client"), 10),
  sideBySide("databases", "stores on real database servers", [
    ...databaseSteps("databases", "deno", BASICS, 30),
    testStep("databases:all", "all databases", "deno", forAllDatabases, 30),
  ]),
  sideBySide(
    "databases:bun",
    "their contract on Bun",
    databaseSteps("databases:bun", "bun", CONTRACT, 30),
  ),
  commandStep("compile", "dist/cogd", ["run", "-A", "scripts/compile.ts", "deno"], 30),
  commandStep("compile:bun", "dist/cogd-bun", ["run", "-A", "scripts/compile.ts", "bun"], 20),
  sideBySide(
    "databases:faults",
    "failing database servers, also under the executables",
    databaseSteps("databases:faults", "deno", FAULTS, 60),
  ),
  testStep("integration", "executables and foreign clients", "deno", inFolder("integration"), 40),
  testStep("faults", "faults", "deno", inFolder("faults"), 60),
  testStep("fuzz", "fuzzing", "deno", inFolder("fuzz"), 30),
];
