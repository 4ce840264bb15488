import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { PROJECT_ROOT, runProgram } from "../tests/support/mod.ts";
import { bunProgram } from "./toolchain.ts";

/** Two folders below the root, as the tests' own, so that what they look for beside them is found. */
const FOLDER = join(PROJECT_ROOT, "dist", "node-tests");

/** Makes JavaScript of test files, because Node 20 reads no TypeScript. Answers its files. */
export async function bundleForNode(files: readonly string[]): Promise<string[]> {
  await rm(FOLDER, { recursive: true, force: true });
  const result = await runProgram(await bunProgram(), [
    "build",
    "--target=node",
    "--format=esm",
    `--outdir=${FOLDER}`,
    ...files,
  ], { cwd: PROJECT_ROOT, env: { NO_COLOR: "1" }, timeoutMs: 60_000 });
  if (result.code !== 0) throw new Error(`Cannot bundle tests for Node: ${result.output}`);
  return files.map((file) => join(FOLDER, `${basename(file, ".ts")}.js`));
}
