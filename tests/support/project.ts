import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const PROJECT_ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

interface ProjectConfig {
  readonly version: string;
  readonly tasks: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

/** deno.json, read anew. */
export function projectConfig(): ProjectConfig {
  return JSON.parse(readFileSync(join(PROJECT_ROOT, "deno.json"), "utf8")) as ProjectConfig;
}

/**
 * What cogd is permitted and how its memory is managed, as Deno's command-line flags. The task
 * `start` is the only place that lists them: executables are compiled with the same ones and tests
 * run with them.
 */
export function runtimeFlags(): string[] {
  const start = projectConfig().tasks["start"] ?? "";
  return start.split(" ").filter((word) =>
    /^--(no-prompt|allow-|deny-|ignore-|v8-flags=)/.test(word)
  );
}
