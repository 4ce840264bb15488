/** `cogd gearman`: the command-line client and worker, as gearman 1.1.20's (command line section 5). */
import process from "node:process";
import { GearmanError, TLS_FILE_VARIABLES } from "../../client/mod.ts";
import { calledName, startingEnvironment } from "../../runtime/mod.ts";
import { CliError } from "../cli_error.ts";
import { PidFile } from "../pid_file.ts";
import { type GearmanArguments, readArguments } from "./arguments.ts";
import { backgroundChild, startInBackground } from "./background.ts";
import { runClient } from "./client_mode.ts";
import { usageText } from "./option_table.ts";
import { type Servers, serversOf } from "./servers.ts";
import { NO_STREAMS, PROCESS_STREAMS, type ToolStreams } from "../streams.ts";

export { GEARMAN_OPTIONS, type LetterOption } from "./option_table.ts";

/** The environment variables that mean something to it. */
export const GEARMAN_ENVIRONMENT = [
  "COGD_DAEMON_CHILD",
  "GEARMAN_SERVER",
  "GEARMAN_SERVERS",
  ...TLS_FILE_VARIABLES,
] as const;

const LONGEST_FUNCTION = 512;
const LONGEST_UNIQUE = 64;

/** Runs `gearman` with these words behind its name. Answers the exit code. */
export async function gearmanTool(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  streams: ToolStreams = PROCESS_STREAMS,
): Promise<number> {
  const { given, mistake, isOn } = readArguments(words);
  if (given.help || mistake !== undefined) {
    const text = usageText(programName(), mistake ?? "(null)", isOn);
    if (given.help && mistake === undefined) streams.out(text);
    else streams.error(text);
    return given.help ? 0 : 1;
  }
  const refusal = refusalOf(given);
  if (refusal !== undefined) {
    streams.error(`gearman: ${refusal}\n`);
    return 1;
  }
  try {
    return await start(words, given, environment, streams);
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof GearmanError)) throw error;
    streams.error(`gearman: ${error.message}\n`);
    return 1;
  }
}

/** What the help calls the program: the name of the link it was called by. */
function programName(): string {
  return calledName() === "gearman" ? process.argv0 : "gearman";
}

async function start(
  words: readonly string[],
  given: GearmanArguments,
  environment: Readonly<Record<string, string>>,
  streams: ToolStreams,
): Promise<number> {
  const servers = serversOf(given, environment);
  const child = given.detach ? backgroundChild(environment) : undefined;
  if (given.detach && child === undefined) {
    return await startInBackground(words, (text) => streams.error(text));
  }
  const pidFile = createPidFile(
    given,
    child === undefined ? streams.error : (text) => child.tell(text),
  );
  if (pidFile === "failed") return 1;
  child?.ready();
  try {
    return await run(given, servers, child === undefined ? streams : NO_STREAMS);
  } finally {
    pidFile?.remove();
  }
}

function createPidFile(
  { pidFile: path }: GearmanArguments,
  tell: (text: string) => void,
): PidFile | undefined | "failed" {
  try {
    return path === undefined ? undefined : PidFile.create(path, process.pid);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    tell(`gearman: ${error.message}\n`);
    return "failed";
  }
}

async function run(
  given: GearmanArguments,
  servers: Servers,
  streams: ToolStreams,
): Promise<number> {
  if (!given.worker) return await runClient(given, servers, streams);
  const { runWorker } = await import("./worker_mode.ts");
  return await runWorker(given, servers, streams, startingEnvironment);
}

/** What libgearman refuses. */
function refusalOf({ functions, unique, worker }: GearmanArguments): string | undefined {
  const encoder = new TextEncoder();
  const lengths = functions.map((name) => encoder.encode(name).length);
  const [call, within] = worker
    ? ["gearman_worker_add_function", "_worker_function_create"]
    : ["gearman_client_add_task", "add_task"];
  const invalid = `${call} : ${within}(GEARMAN_INVALID_ARGUMENT)`;
  if (lengths.includes(0)) return `${invalid} invalid function`;
  if (Math.max(...lengths) > LONGEST_FUNCTION) {
    return `${invalid} function name longer then GEARMAN_MAX_FUNCTION_SIZE`;
  }
  if (unique !== undefined && encoder.encode(unique).length > LONGEST_UNIQUE) {
    return `${invalid} unique name longer then GEARMAN_MAX_UNIQUE_SIZE`;
  }
  return undefined;
}
