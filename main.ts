/** `cogd`: finds the command that is meant, runs it, and ends the process with its exit code. */

import process from "node:process";
import { calledName, processArguments, readEnvironment } from "./src/runtime/mod.ts";

/** Commands that start at once because nothing of the server is loaded for them. */
const TOOLS = new Map([
  ["gearman", async (words: readonly string[]) => {
    const { gearmanTool, GEARMAN_ENVIRONMENT } = await import("./src/cli/gearman/mod.ts");
    return await gearmanTool(words, readEnvironment(GEARMAN_ENVIRONMENT));
  }],
  ["gearadmin", async (words: readonly string[]) => {
    const { GEARADMIN_ENVIRONMENT, gearadminTool } = await import("./src/cli/gearadmin/mod.ts");
    return await gearadminTool(words, readEnvironment(GEARADMIN_ENVIRONMENT));
  }],
]);

/** Called through a link that has the name of one of C gearman's programs, it plays that part. */
function main(name: string, words: readonly string[]): Promise<number> {
  const byName = TOOLS.get(name);
  if (byName !== undefined) return byName(words);
  const byWord = name === "gearmand" ? undefined : TOOLS.get(words[0] ?? "");
  if (byWord !== undefined) return byWord(words.slice(1));
  return serveOrManage(name === "gearmand" ? ["serve", ...words] : words);
}

async function serveOrManage(words: readonly string[]): Promise<number> {
  const { runCogd } = await import("./src/commands/mod.ts");
  return await runCogd(words, TOOLS);
}

process.exit(await main(calledName(), processArguments()));
