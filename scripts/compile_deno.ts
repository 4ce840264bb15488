import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type ProgramResult, runProgram, runtimeFlags } from "../tests/support/mod.ts";
import { NPM_BASE_DESCRIPTION, npmBaseRuntime } from "./compile_base.ts";
import { EXTRA_ENTRY_POINTS, TEST_ONLY_PACKAGES } from "./compile_entry_points.ts";
import { DENO_ENVIRONMENT, denoProgram, olderDenoProgram } from "./toolchain.ts";
import { PINS } from "./toolchain_pins.ts";

/** How long the host of Deno's base runtime may take to answer at all. */
const REACH_LIMIT_MS = 10_000;
/** How long one compilation may take, download included. */
const COMPILE_LIMIT_MS = 10 * 60_000;

export interface CompileOptions {
  /** Folder with main module and deno.json. */
  readonly root: string;
  readonly main: string;
  readonly output: string;
}

/** Compiles with `deno compile`; answers which base runtime it stands on, in words. */
export async function compileWithDeno(options: CompileOptions): Promise<string> {
  const given = process.env["DENORT_BIN"];
  if (given !== undefined && given !== "") {
    const result = await compile(await denoProgram(), options);
    if (result.code !== 0) throw failure(result, `with DENORT_BIN=${given}`);
    return `the file that DENORT_BIN names, ${given}`;
  }
  const result = await compileUnlessUnreachable(await denoProgram(), options);
  if (result.code === 0) return `Deno ${PINS.deno}'s own`;
  if (!concernsBaseRuntime(result.output)) throw failure(result, `with Deno ${PINS.deno}`);
  console.log(`The base runtime of Deno ${PINS.deno} cannot be downloaded here.`);
  const fallback = await compile(await olderDenoProgram(), options, await npmBaseRuntime());
  if (fallback.code !== 0) throw failure(fallback, `with Deno ${PINS.olderDeno}`);
  return `${NPM_BASE_DESCRIPTION}; releases must not be built on it`;
}

/** Lets Deno download its base runtime, but gives up at once when the host does not answer. */
async function compileUnlessUnreachable(
  deno: string,
  options: CompileOptions,
): Promise<ProgramResult> {
  const abort = new AbortController();
  const done = new AbortController();
  let printed = "";
  let probed = false;
  const onOutput = (text: string) => {
    printed += text;
    const address = /Download (https?:\S*denort\S*)\s/.exec(printed)?.[1];
    if (address === undefined || probed) return;
    probed = true;
    void reachable(address, done.signal).then((yes) => yes || abort.abort());
  };
  try {
    return await compile(deno, options, undefined, { abort: abort.signal, onOutput });
  } finally {
    done.abort();
  }
}

async function reachable(address: string, done: AbortSignal): Promise<boolean> {
  try {
    const signal = AbortSignal.any([done, AbortSignal.timeout(REACH_LIMIT_MS)]);
    const response = await fetch(address, { method: "HEAD", signal });
    return response.ok;
  } catch {
    return done.aborted;
  }
}

async function compile(
  deno: string,
  options: CompileOptions,
  base?: string,
  watch: { abort?: AbortSignal; onOutput?: (text: string) => void } = {},
): Promise<ProgramResult> {
  const folder = await mkdtemp(join(tmpdir(), "cogd-compile-"));
  try {
    return await runProgram(deno, [
      "compile",
      "--no-check",
      // The cache would be a file with a predictable name in the temporary folder.
      "--no-code-cache",
      ...await configWithoutTests(options.root, folder),
      ...runtimeFlags(),
      ...EXTRA_ENTRY_POINTS.flatMap((path) => ["--include", path]),
      "--output",
      options.output,
      options.main,
    ], {
      cwd: options.root,
      env: {
        ...DENO_ENVIRONMENT,
        NO_COLOR: "1",
        ...(base === undefined ? {} : { DENORT_BIN: base }),
      },
      timeoutMs: COMPILE_LIMIT_MS,
      ...watch,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Options for the project's configuration without what only tests need: Deno puts every package of the
 * configuration into the executable, imported or not. Versions are those of the project's deno.lock, which a
 * shorter configuration does not match word by word, so it is copied instead of frozen.
 */
async function configWithoutTests(root: string, folder: string): Promise<string[]> {
  const { imports = {}, compilerOptions, nodeModulesDir } = JSON.parse(
    await readFile(join(root, "deno.json"), "utf8"),
  ) as Record<string, Record<string, string>>;
  const config = join(folder, "deno.json");
  const lock = join(folder, "deno.lock");
  const needed = Object.entries(imports).filter(([name]) => !TEST_ONLY_PACKAGES.includes(name));
  await writeFile(
    config,
    JSON.stringify({ imports: Object.fromEntries(needed), compilerOptions, nodeModulesDir }),
  );
  await copyFile(join(root, "deno.lock"), lock).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return ["--config", config, "--lock", lock];
}

/** Whether a compilation failed for want of its base runtime (and not because of the source). */
export function concernsBaseRuntime(output: string): boolean {
  return /Setting up base binary|Download https?:\S*denort/.test(output);
}

function failure(result: ProgramResult, how: string): Error {
  const why = result.timedOut ? "it took too long" : `exit code ${result.code}`;
  return new Error(`Cannot compile ${how}: ${why}\n${result.output}`);
}
