import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PROJECT_ROOT, runProgram } from "../tests/support/mod.ts";
import { bunPackage, denoPackage, type PackagedFile, PINS } from "./toolchain_pins.ts";

/** Where everything goes that the project installs for itself. Ignored by git; may be deleted. */
export const TOOLS_FOLDER = join(PROJECT_ROOT, ".tools");

/** `linux-x64`, `darwin-arm64`, … */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** Older Deno trusts only its own list of certificates unless told so; a private registry needs both. */
export const DENO_ENVIRONMENT = { DENO_TLS_CA_STORE: "mozilla,system" } as const;

const INSTALL_LIMIT_MS = 10 * 60_000;

/** The pinned Deno: the one that runs this script if its version is right, else from npm. */
export async function denoProgram(): Promise<string> {
  if (Deno.version.deno === PINS.deno) return Deno.execPath();
  return await installedFile(denoPackage(PLATFORM, PINS.deno));
}

/** The pinned Bun, from npm. */
export async function bunProgram(): Promise<string> {
  return await installedFile(bunPackage(PLATFORM));
}

/** The Deno that can compile with an older base runtime, from npm. */
export async function olderDenoProgram(): Promise<string> {
  return await installedFile(denoPackage(PLATFORM, PINS.olderDeno));
}

/**
 * Path of a file of an npm package below `.tools`, installed on first use. The packages' install
 * scripts are never run.
 */
export async function installedFile(wanted: PackagedFile): Promise<string> {
  const name = `${wanted.packageName.replace("@", "").replace("/", "-")}-${wanted.version}`;
  const folder = join(TOOLS_FOLDER, name);
  const path = join(folder, "node_modules", wanted.packageName, wanted.file);
  if (existsSync(path)) return path;
  console.log(`Installing ${wanted.packageName} ${wanted.version} into .tools`);
  await mkdir(TOOLS_FOLDER, { recursive: true });
  // Made beside its place and moved there whole: an interrupted install leaves no half tool.
  const staging = await mkdtemp(join(TOOLS_FOLDER, "install-"));
  try {
    const dependencies = { [wanted.packageName]: wanted.version };
    await writeFile(join(staging, "package.json"), JSON.stringify({ dependencies }));
    await installNodeModules(staging, { nodeModulesDir: "auto", lock: false });
    await moveInto(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  if (!existsSync(path)) {
    throw new Error(
      `Cannot use ${wanted.packageName} ${wanted.version}: it has no ${wanted.file}`,
    );
  }
  return path;
}

/** Fills `folder/node_modules` from the npm registry, with Deno as the client. */
export async function installNodeModules(
  folder: string,
  config: Readonly<Record<string, unknown>>,
): Promise<void> {
  await writeFile(join(folder, "deno.json"), JSON.stringify(config));
  const result = await runProgram(Deno.execPath(), ["install"], {
    cwd: folder,
    env: DENO_ENVIRONMENT,
    timeoutMs: INSTALL_LIMIT_MS,
  });
  if (result.code !== 0) {
    throw new Error(
      `Cannot install npm packages: is the npm registry reachable?\n${result.output}`,
    );
  }
}

/** Moves a finished folder to its place. Another run may have been quicker: then its result stays. */
export async function moveInto(staging: string, folder: string): Promise<void> {
  try {
    await rename(staging, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
