import { hostname } from "node:os";
import process from "node:process";
import { hideInProcessList, LibCError } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import { DEFAULT_CONFIG_FILES, readCommandLine } from "./command_line.ts";
import { serveConfig } from "./config.ts";
import { DaemonChild, runInBackground } from "./daemon.ts";
import { withQueuePlugin } from "./queue_plugin.ts";
import { runServer } from "./run_server.ts";
import { secretParts } from "./secrets.ts";
import type { ServeParts } from "./serve_parts.ts";
import { overviewText } from "./server_help.ts";
import { versionText } from "./version.ts";

/**
 * Runs the job server as the command line says (gearmand's options). Answers the exit code: 0 for a
 * normal stop, help and version, 1 for everything else. Sockets may still be open when a stop came
 * during the start, so the caller ends the process.
 */
export async function serve(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: ServeParts,
): Promise<number> {
  try {
    return await obey(args, environment, parts);
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof LibCError)) throw error;
    parts.stderr(`cogd: ${error.message}\n`);
    return 1;
  }
}

/** The order of gearmand's start (command line section 1). */
async function obey(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: ServeParts,
): Promise<number> {
  const configFiles = parts.defaultConfigFiles ?? DEFAULT_CONFIG_FILES;
  const plugins = await withQueuePlugin(args, parts.plugins, configFiles);
  const values = readCommandLine(args, plugins, configFiles);
  const secrets = values.secrets.flatMap(secretParts);
  if (secrets.length > 0) hideInProcessList(secrets);
  if (values.isGiven("check-args")) return 0;
  if (values.isGiven("help")) {
    parts.stdout(overviewText(values.specs));
    return 0;
  }
  if (values.isGiven("version")) {
    parts.stdout(versionText());
    return 0;
  }
  const config = serveConfig(values, plugins, {
    environment,
    hostname: hostname(),
    isRoot: process.getuid?.() === 0,
  });
  if (!config.daemon) return await runServer(config, environment, parts, undefined);
  const child = DaemonChild.from(environment);
  if (child === undefined) return await runInBackground(args, parts.stderr);
  const told = { ...parts, stderr: (text: string) => child.tell(text) };
  return await runServer(config, environment, told, child);
}
