import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** Where programs are looked for when nobody says. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/**
 * The file that a command's first word stands for, as a shell finds it: a path as it is, else the first
 * executable file of that name on the search path. Undefined when there is none.
 */
export function findProgram(name: string, searchPath = DEFAULT_PATH): string | undefined {
  const candidates = name.includes("/")
    ? [name]
    : searchPath.split(":").map((folder) => join(folder === "" ? "." : folder, name));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
