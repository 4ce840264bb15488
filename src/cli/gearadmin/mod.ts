/** `cogd gearadmin`: the administration tool, as gearadmin 1.1.20's, and what that lacks. */
import process from "node:process";
import { calledName } from "../../runtime/mod.ts";
import { CliError } from "../cli_error.ts";
import { type Action, actionsOf } from "./actions.ts";
import { AdminConnection, type AdminServer } from "./admin_connection.ts";
import { AdminError } from "./admin_error.ts";
import { readOptions } from "./arguments.ts";
import { GEARADMIN_OPTIONS, gearadminHelp } from "./option_table.ts";
import { printJson, printReply } from "./print_reply.ts";
import { serverOf } from "./server_options.ts";
import { PROCESS_STREAMS } from "../streams.ts";
import type { AdminOutput } from "./admin_output.ts";

export { TLS_FILE_VARIABLES as GEARADMIN_ENVIRONMENT } from "../../client/mod.ts";
export { GEARADMIN_OPTIONS, GEARADMIN_WORDS } from "./option_table.ts";
export { CHECK_OPTIONS } from "./check_options.ts";
export { TOP_OPTIONS } from "./top_options.ts";
export { type AdminOutput } from "./admin_output.ts";

/** Runs `gearadmin` with these words behind its name. Answers the exit code. */
export async function gearadminTool(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: AdminOutput = PROCESS_STREAMS,
): Promise<number> {
  const at = wordAt(words);
  const others = words.filter((_, index) => index !== at);
  if (words[at] === "top") {
    return await (await import("./top.ts")).runTop(others, environment, output);
  }
  if (words[at] === "check") {
    return await (await import("./check.ts")).runCheck(others, environment, output);
  }
  try {
    return await obey(words, environment, output);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const name = calledName() === "gearadmin" ? process.argv0 : "gearadmin";
    output.out(`${name} : ${error.message}\n\n${gearadminHelp()}`);
    return 1;
  }
}

/** Where the first word stands that is none of the options that say which server is meant. */
function wordAt(words: readonly string[]): number {
  let at = 0;
  while (SERVER_OPTION.test(words[at] ?? "")) at += SERVER_OPTION_ALONE.test(words[at]!) ? 2 : 1;
  return at;
}

const SERVER_OPTION = /^(-[hp]|--(host|port)(=|$)|(-S|--ssl)$)/;
const SERVER_OPTION_ALONE = /^(-[hp]|--(host|port))$/;

async function obey(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: AdminOutput,
): Promise<number> {
  const values = readOptions(words, GEARADMIN_OPTIONS);
  if (values.isGiven("help")) {
    output.out(gearadminHelp());
    return 0;
  }
  const actions = actionsOf(values);
  if (actions.length === 0) {
    output.out(`No option execution operation given.\n\n${gearadminHelp()}`);
    return 1;
  }
  const timeoutMs = Math.max(1, Number(values.number("timeout")) * 1000);
  let server: AdminServer;
  try {
    server = serverOf(values, environment, timeoutMs);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    output.error(`Error: ${error.message}\n`);
    return 1;
  }
  try {
    return await ask(server, actions, values.isGiven("json"), output);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    output.error(failureText(error, server));
    return 1;
  }
}

async function ask(
  server: AdminServer,
  actions: readonly Action[],
  json: boolean,
  output: AdminOutput,
): Promise<number> {
  const connection = await AdminConnection.open(server);
  let exitCode = 0;
  try {
    for (const action of actions) {
      const reply = await connection.ask(action.command, action.form);
      if (!json) printReply(action, reply, output);
      else if (!printJson(action, reply, output)) exitCode = 1;
    }
  } finally {
    connection.close();
  }
  return exitCode;
}

function failureText({ code, message }: AdminError, { host, port }: AdminServer): string {
  switch (code) {
    case "UNKNOWN_HOST":
      return `Error: Failed to connect on ${host}:${port} with Name or service not known\n`;
    case "UNKNOWN_SERVICE":
      return `Error: Failed to connect on ${host}:${port} with ` +
        "Servname not supported for ai_socktype\n";
    case "CONNECT_FAILED":
      return `Error: Error connecting to ${host}.\n\n`;
    default:
      return `Error: ${message}\n`;
  }
}
