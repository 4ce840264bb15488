/**
 * Builds the executables: `deno task compile` makes dist/cogd, `deno task compile:bun` dist/cogd-bun.
 */
import { mkdir, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { PROJECT_ROOT, projectConfig, runProgram } from "../tests/support/mod.ts";
import { compileWithBun } from "./compile_bun.ts";
import { compileWithDeno } from "./compile_deno.ts";
import { MAIN_MODULE } from "./compile_entry_points.ts";

const RUNTIMES = {
  deno: { output: "dist/cogd", compile: compileWithDeno },
  bun: { output: "dist/cogd-bun", compile: compileWithBun },
} as const;

async function main(): Promise<void> {
  const [name, ...rest] = process.argv.slice(2);
  if ((name !== "deno" && name !== "bun") || rest.length > 0) {
    throw new Error("Cannot compile: say for which runtime, 'deno' or 'bun'");
  }
  const runtime = RUNTIMES[name];
  const output = join(PROJECT_ROOT, runtime.output);
  await mkdir(dirname(output), { recursive: true });
  // A place of its own until it is known to work: a running cogd must not be overwritten.
  const staging = await mkdtemp(join(dirname(output), ".compile-"));
  const partial = join(staging, basename(output));
  try {
    const base = await runtime.compile({
      root: PROJECT_ROOT,
      main: join(PROJECT_ROOT, MAIN_MODULE),
      output: partial,
    });
    await tryOut(partial);
    await rename(partial, output);
    const megabytes = ((await stat(output)).size / 1e6).toFixed(1);
    console.log(`note: ${runtime.output}: ${megabytes} MB; BASE RUNTIME: ${base}`);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** A base runtime that does not fit the compiler gives an executable that cannot start. */
async function tryOut(executable: string): Promise<void> {
  const { code, output } = await runProgram(executable, ["--version"], {
    bareEnvironment: true,
    cwd: tmpdir(),
  });
  if (code !== 0 || !output.includes(projectConfig().version)) {
    throw new Error(
      `Cannot use the new executable: --version ended with exit code ${code} and said\n${output}`,
    );
  }
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
