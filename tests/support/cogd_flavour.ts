import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { PROJECT_ROOT, runtimeFlags } from "./project.ts";

/** cogd from source on each runtime, and the two executables. */
export type CogdFlavour = "deno" | "bun" | "deno-binary" | "bun-binary";

export const COGD_FLAVOURS: readonly CogdFlavour[] = ["deno", "bun", "deno-binary", "bun-binary"];
export const COGD_BINARIES: readonly CogdFlavour[] = ["deno-binary", "bun-binary"];

/** Where the executable of a flavour lies, built or not. */
export function binaryPath(flavour: "deno-binary" | "bun-binary"): string {
  const folder = process.env["COGD_DIST"] ?? join(PROJECT_ROOT, "dist");
  return join(folder, flavour === "deno-binary" ? "cogd" : "cogd-bun");
}

/** The program and its leading arguments that run cogd in this flavour. */
export function cogdCommand(flavour: CogdFlavour): { command: string; args: string[] } {
  const main = process.env["COGD_MAIN"] ?? join(PROJECT_ROOT, "main.ts");
  switch (flavour) {
    case "deno":
      return {
        command: runtimeProgram("deno"),
        args: ["run", "--no-check", ...runtimeFlags(), main],
      };
    case "bun":
      return { command: runtimeProgram("bun"), args: ["run", main] };
    default:
      return { command: binaryPath(flavour), args: [] };
  }
}

/**
 * Why this flavour cannot be tested here, or false: for the `skip` option of `test`. The reason also
 * goes to stderr.
 */
export function flavourMissing(flavour: CogdFlavour): string | false {
  const { command } = cogdCommand(flavour);
  const folders = command.includes("/") ? [""] : (process.env["PATH"] ?? "").split(":");
  if (folders.some((folder) => existsSync(join(folder, command)))) return false;
  const reason = flavour === "deno" || flavour === "bun"
    ? `${command} is not on the search path; 'deno task test' puts it there`
    : `${command} is not built; 'deno task test compile compile:bun' builds it`;
  console.error(`skipped: ${reason}`);
  return reason;
}

/** The flavour of the runtime that runs this test. */
export function ownFlavour(): CogdFlavour {
  return "bun" in process.versions ? "bun" : "deno";
}

function runtimeProgram(name: "deno" | "bun"): string {
  return basename(process.execPath) === name ? process.execPath : name;
}
