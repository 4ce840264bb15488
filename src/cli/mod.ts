/** The command line of `cogd`. */
import { serve, type ServeParts } from "./serve.ts";

export { completion, type CompletionParts } from "./completion/mod.ts";
export { CliError, type CliErrorCode } from "./cli_error.ts";
export { ENVIRONMENT_NAMES, type ServeConfig } from "./config.ts";
export { type ExportParts, exportQueue, type OpenForExport } from "./export_role.ts";
export type { Logger } from "./log.ts";
export type { QueueConfig } from "./queue_choice.ts";
export type { HttpConfig } from "./http_config.ts";
export { serve } from "./serve.ts";
export type { ServedQueue, ServeParts, StartParts, StartServer } from "./serve.ts";
export { HTTP_GRACE_MS, startHttp } from "./start_http.ts";
export { manageTokens, type TokenParts } from "./token_role.ts";
export { VERSION } from "./version.ts";
export { work, type WorkParts } from "./work_role.ts";

/** A command of its own behind `cogd`: `cogd gearman …`. Answers the exit code. */
export type Role = (
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
) => Promise<number>;

/** What `run` is built on. */
export interface RunParts extends ServeParts {
  /** Commands by the first word that names them. The job server itself takes no words, only options. */
  readonly roles?: ReadonlyMap<string, Role>;
}

/** Runs the command that the words name, the job server if they name none. Answers the exit code. */
export async function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: RunParts,
): Promise<number> {
  if (args[0] === "help") return await help(args.slice(1), environment, parts);
  const role = parts.roles?.get(args[0] ?? "");
  return role === undefined
    ? await serve(args, environment, parts)
    : await role(args.slice(1), environment);
}

/** gearman prints its help with -H only, and only where it has a function. */
const HELP_WORDS: Readonly<Record<string, readonly string[]>> = { gearman: ["-H", "-f", "-"] };

/** `cogd help`, `cogd help COMMAND`. */
async function help(
  [name, ...rest]: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: RunParts,
): Promise<number> {
  if (name === undefined) return await serve(["--help"], environment, parts);
  const role = parts.roles?.get(name);
  if (role !== undefined) return await role(HELP_WORDS[name] ?? ["--help", ...rest], environment);
  parts.stderr(`cogd: Cannot help with "${name}": there is no such command\n`);
  return 1;
}
