import { statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { ProgramStartError } from "../runtime/mod.ts";
import type { FunctionSettings } from "./settings.ts";

const ANYBODY_MAY_RUN = 0o111;

/**
 * The file that a function's command means, as a shell would find it with the function's own PATH and working
 * folder. Throws `ProgramStartError` when there is none that may be run.
 */
export function programPath({ command, folder, environment }: ProgramPlace): string {
  const [program] = command;
  const base = resolve(folder ?? ".");
  if (!isFolder(base)) {
    throw new ProgramStartError("NOT_FOUND", `Cannot work in "${base}": there is no such folder`);
  }
  if (program.includes("/")) {
    const path = isAbsolute(program) ? program : join(base, program);
    const problem = problemWith(path);
    if (problem === undefined) return path;
    throw problem;
  }
  const folders = (environment["PATH"] ?? "").split(":").map((each) => resolve(base, each));
  const found = folders.map((each) => join(each, program))
    .find((path) => problemWith(path) === undefined);
  if (found !== undefined) return found;
  throw new ProgramStartError(
    "NOT_FOUND",
    `Cannot start "${program}": it is in none of ${folders.join(", ")}`,
  );
}

type ProgramPlace = Pick<FunctionSettings, "command" | "folder" | "environment">;

function problemWith(path: string): ProgramStartError | undefined {
  try {
    const file = statSync(path);
    if (!file.isFile()) {
      return new ProgramStartError("NOT_FOUND", `Cannot start "${path}": it is no file`);
    }
    // Whether this very user may run it, the system says when it is tried.
    if ((file.mode & ANYBODY_MAY_RUN) !== 0) return undefined;
    return new ProgramStartError(
      "NOT_PERMITTED",
      `Cannot start "${path}": it may not be run (chmod +x)`,
    );
  } catch (cause) {
    return new ProgramStartError("NOT_FOUND", `Cannot start "${path}": there is no such file`, {
      cause,
    });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
