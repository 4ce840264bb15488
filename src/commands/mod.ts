/** Wires command line, stores and server together. The small tools do without: main.ts loads them alone. */

import process from "node:process";
import { BUILT_IN_PLUGINS } from "../../plugins/mod.ts";
import {
  completion,
  ENVIRONMENT_NAMES,
  exportQueue,
  manageTokens,
  type Role,
  run,
  serve,
  work,
} from "../cli/mod.ts";
import { listen, readEnvironment } from "../runtime/mod.ts";
import { SYSTEM_CLOCK } from "../server/mod.ts";
import { openStore, startJobServer } from "./start_job_server.ts";

/**
 * Runs the command that the words behind `cogd` name, the job server if they name none. `tools` are the
 * commands that need nothing of the server. Answers the exit code.
 */
export async function runCogd(
  words: readonly string[],
  tools: ReadonlyMap<string, Role>,
): Promise<number> {
  const output = {
    plugins: await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load())),
    stdout: (text: string) => process.stdout.write(text),
    stderr: (text: string) => process.stderr.write(text),
  };
  const serveParts = { ...output, listen, start: startJobServer };
  const roles = new Map<string, Role>([
    ...tools,
    ["serve", (args, environment) => serve(args, environment, serveParts)],
    [
      "export",
      (args, environment) =>
        exportQueue(args, environment, {
          ...output,
          open: (config, log) => openStore(config, log, true),
        }),
    ],
    [
      "token",
      (args) => Promise.resolve(manageTokens(args, { ...output, now: SYSTEM_CLOCK.now })),
    ],
    ["work", (args, environment) => work(args, environment, output)],
    ["completion", (args) => Promise.resolve(completion(args, output))],
  ]);
  return await run(words, readEnvironment(ENVIRONMENT_NAMES), { ...serveParts, roles });
}
