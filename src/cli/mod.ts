/** The command line of `cogd`. */
import { helpRole } from "./help_role.ts";
import type { Role } from "./role.ts";
import { serve } from "./serve.ts";
import type { ServeParts } from "./serve_parts.ts";

export { completion, type CompletionParts } from "./completion/mod.ts";
export { CliError, type CliErrorCode } from "./cli_error.ts";
export { ENVIRONMENT_NAMES, type ServeConfig } from "./config.ts";
export { type ExportParts, exportQueue, type OpenForExport } from "./export_role.ts";
export type { Logger } from "./log.ts";
export type { QueueConfig } from "./queue_choice.ts";
export type { HttpConfig } from "./http_config.ts";
export { serve } from "./serve.ts";
export type { ServedQueue, ServeParts, StartParts, StartServer } from "./serve_parts.ts";
export { HTTP_GRACE_MS, startHttp } from "./start_http.ts";
export { manageTokens, type TokenParts } from "./token_role.ts";
export { VERSION } from "./version.ts";
export { work, type WorkParts } from "./work_role.ts";

export type { Role } from "./role.ts";

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
  if (args[0] === "help") return await helpRole(args.slice(1), environment, parts);
  const role = parts.roles?.get(args[0] ?? "");
  return role === undefined
    ? await serve(args, environment, parts)
    : await role(args.slice(1), environment);
}
