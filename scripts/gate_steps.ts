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

/** Of the tests of databases, those that cost little: contract, adoption, leases, export. */
const DATABASE_BASICS = /\/(conformance|adoption|lease|export)_test\.ts$/;
const DATABASES = ["mysql", "postgres", "redis"] as const;

const named = (accept: (path: string) => boolean) =>
  testFiles(() => true).filter((path) => accept(path.slice("./tests/".length)));
const inFolder = (name: (typeof OWN_STEP)[number] | "client") => () =>
  testFiles((folder) => folder === name);
const unitFiles = () => testFiles((folder) => !OWN_STEP.some((name) => name === folder));
const databaseBasics = () => inFolder("databases")().filter((path) => DATABASE_BASICS.test(path));
const databaseContract = () => named((path) => /^databases\/\w+\/conformance_/.test(path));
const databaseFaults = (database: (typeof DATABASES)[number]) => () =>
  named((path) => path.startsWith(`databases/${database}/`) && !DATABASE_BASICS.test(path));

/** The gate: everything that must hold, in the order in which failures are cheapest. */
export const STEPS: readonly Step[] = [
  commandStep("format", "formatting", ["fmt", "--check"], 2),
  commandStep("lint", "lint", ["lint"], 2),
  commandStep("types", "type check", ["check", "--quiet", ...FROZEN], 5),
  testStep("architecture", "rules of the house", "deno", inFolder("architecture"), 2),
  testStep("unit", "unit and conformance tests on Deno", "deno", unitFiles, 10),
  testStep("unit:bun", "unit and conformance tests on Bun", "bun", unitFiles, 10),
  testStep("library:node", "client and worker library on Node", "node", inFolder("client"), 5),
  testStep("databases", "stores on real database servers", "deno", databaseBasics, 15),
  testStep("databases:bun", "their contract on Bun", "bun", databaseContract, 10),
  commandStep("compile", "dist/cogd", ["run", "-A", "scripts/compile.ts", "deno"], 12),
  commandStep("compile:bun", "dist/cogd-bun", ["run", "-A", "scripts/compile.ts", "bun"], 6),
  sideBySide(
    "databases:faults",
    "failing database servers, also under the executables",
    DATABASES.map((database) =>
      testStep(`databases:faults:${database}`, database, "deno", databaseFaults(database), 30)
    ),
  ),
  testStep("integration", "executables and foreign clients", "deno", inFolder("integration"), 15),
  testStep("faults", "faults", "deno", inFolder("faults"), 20),
  testStep("fuzz", "fuzzing", "deno", inFolder("fuzz"), 10),
];
