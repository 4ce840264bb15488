import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { binaryPath, PROJECT_ROOT, projectConfig, runProgram } from "../../tests/support/mod.ts";
import { PINS } from "../toolchain_pins.ts";
import type { Cores } from "./cores.ts";
import { dataFolder } from "./data_folder.ts";
import { median } from "./statistics.ts";

/** What figures depend on: name and value, in the order of the report. */
export type MachineFacts = readonly (readonly [name: string, value: string])[];

/** Reads the facts; what cannot be found out is "unknown". `dataRoot`: where queue files are made. */
export async function machineFacts(dataRoot: string, cores: Cores): Promise<MachineFacts> {
  return [
    ["date", new Date().toISOString().slice(0, 10)],
    ["commit", await firstLine("git", ["-C", PROJECT_ROOT, "rev-parse", "--short", "HEAD"])],
    ["cogd", projectConfig().version],
    [
      "C gearmand",
      (await firstLine("/usr/sbin/gearmand", ["--version"])).split(" ")[1] ?? "unknown",
    ],
    ["Deno", PINS.deno],
    ["Bun", PINS.bun],
    ["dist/cogd built", builtAt("deno-binary")],
    ["dist/cogd-bun built", builtAt("bun-binary")],
    ["processor", `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} cores`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["load average before", (loadavg()[0] ?? NaN).toFixed(2)],
    ["kernel", `Linux ${release()}`],
    ["TCP congestion control", setting("/proc/sys/net/ipv4/tcp_congestion_control")],
    ["queue files on", await fileSystem(dataRoot)],
    ["fsync of 4 KiB there", `${(await fsyncMs(dataRoot)).toFixed(2)} ms (median of 100)`],
    [
      "pinning",
      cores.server === null
        ? "none"
        : `server on core ${cores.server}, load generator on core ${cores.generator}`,
    ],
  ];
}

/** Executables may be older than the source beside them. */
function builtAt(flavour: "deno-binary" | "bun-binary"): string {
  const made = statSync(binaryPath(flavour), { throwIfNoEntry: false })?.mtime;
  return made === undefined ? "not built" : made.toISOString().slice(0, 16).replace("T", " ");
}

async function fileSystem(folder: string): Promise<string> {
  const table = await runProgram("df", ["--output=fstype", folder]).catch(() => undefined);
  return table?.stdout.split("\n")[1]?.trim() || "unknown";
}

/** What one durable write costs on this disk. */
async function fsyncMs(root: string): Promise<number> {
  await using folder = await dataFolder(root);
  const file = openSync(join(folder.path, "fsync"), "w");
  try {
    const block = new Uint8Array(4096);
    return median(Array.from({ length: 100 }, () => {
      const startedAt = performance.now();
      writeSync(file, block);
      fsyncSync(file);
      return performance.now() - startedAt;
    }));
  } finally {
    closeSync(file);
  }
}

async function firstLine(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await runProgram(command, args);
    return stdout.trim().split("\n")[0] || "unknown";
  } catch {
    return "unknown";
  }
}

function setting(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "unknown";
  }
}
