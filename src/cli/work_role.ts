import { readFileSync } from "node:fs";
import { ProgramStartError, startingEnvironment } from "../runtime/mod.ts";
import {
  type FunctionSettings,
  programPath,
  readSettings,
  simpleSettings,
  type WorkSettings,
  WorkSettingsError,
} from "../work/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";
import { DaemonChild, runInBackground } from "./daemon.ts";
import { helpText } from "./help.ts";
import type { LogDestination } from "./log.ts";
import { isVerbosity, UNKNOWN_VERBOSITY, type Verbosity } from "./log_level.ts";
import { OptionValues } from "./option_values.ts";
import { parseWords } from "./parse.ts";
import { runWork, type WorkSource } from "./run_work.ts";
import { WORK_HEAD, WORK_OPTIONS } from "./work_options.ts";

export interface WorkParts {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/**
 * `cogd work`: runs programs as the workers of functions until it is told to stop. Answers the exit code:
 * 0 for a normal stop, help, and a check that found nothing; 1 for everything else.
 */
export async function work(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: WorkParts,
): Promise<number> {
  try {
    return await obey(args, environment, parts);
  } catch (error) {
    if (error instanceof WorkSettingsError) {
      for (const problem of error.problems) parts.stderr(`cogd work: ${problem}\n`);
      return 1;
    }
    if (!(error instanceof CliError)) throw error;
    parts.stderr(`cogd work: ${error.message}\n`);
    return 1;
  }
}

async function obey(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: WorkParts,
): Promise<number> {
  // Alone, -h cannot mean a host.
  if (args.length === 1 && args[0] === "-h") return obey(["--help"], environment, parts);
  const values = new OptionValues(WORK_OPTIONS);
  values.add(parseWords(args, WORK_OPTIONS, { otherWords: "refuse" }));
  if (values.isGiven("help")) {
    parts.stdout(helpText(WORK_OPTIONS, WORK_HEAD));
    return 0;
  }
  const source = sourceOf(values);
  const settings = source.read();
  if (values.isGiven("check")) return check(settings, parts);
  const verbosity = verbosityOf(values);
  const daemon = values.isGiven("daemon");
  const config = {
    source,
    settings,
    log: { destination: logDestination(values, daemon), verbosity },
    pidFile: values.text("pid-file") || undefined,
  };
  if (!daemon) return await runWork(config, environment, parts, undefined);
  const child = DaemonChild.from(environment);
  if (child === undefined) return await runInBackground(["work", ...args], parts.stderr);
  return await runWork(config, environment, { stderr: (text) => child.tell(text) }, child);
}

/** A file, or functions and commands in pairs. */
function sourceOf(values: OptionValues): WorkSource {
  const file = values.text("config");
  const [names, commands] = [values.texts("function"), values.texts("command")];
  const inherited = startingEnvironment();
  if (file === undefined) {
    if (names.length === 0) {
      throw new CliError(
        "MISSING_ARGUMENT",
        "Cannot work: say --config, or --function and --command",
      );
    }
    if (names.length !== commands.length || new Set(names).size < names.length) {
      throw new CliError(
        "INVALID_ARGUMENT",
        "Cannot work: every --function needs one --command, and a name of its own",
      );
    }
    const settings = simpleSettings(
      serversOf(values),
      names.map((name, at) => ({ name, command: commands[at]! })),
      {
        ...(values.isGiven("processes") ? { processes: Number(values.number("processes")) } : {}),
        ...(values.isGiven("timeout") ? { timeout: values.text("timeout")! } : {}),
        tls: values.isGiven("ssl"),
      },
      inherited,
    );
    return { file, read: () => settings };
  }
  for (const name of ["host", "port", "function", "command", "processes", "timeout", "ssl"]) {
    if (!values.isGiven(name)) continue;
    throw new CliError(
      "INVALID_ARGUMENT",
      `Cannot use --${name} beside --config: the file says it`,
    );
  }
  return { file, read: () => readSettings(textOf(file), file, inherited) };
}

function serversOf(values: OptionValues): string[] {
  const port = values.text("port")!;
  const given = values.texts("host");
  return (given.length === 0 ? ["127.0.0.1"] : given).map((host) => {
    if (/^[^:]*$/.test(host)) return `${host}:${port}`;
    // IPv6 without brackets has no port of its own.
    if (!host.startsWith("[") && host.split(":").length > 2) return `[${host}]:${port}`;
    return host.endsWith("]") ? `${host}:${port}` : host;
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliError("CONFIG_FILE", `Cannot read "${file}": ${reasonOf(cause)}`, { cause });
  }
}

function check(settings: WorkSettings, { stdout, stderr }: WorkParts): number {
  const how = settings.tls === undefined ? "" : ", by TLS";
  stdout(`servers: ${settings.servers.join(", ")}${how}\n`);
  let found = true;
  for (const each of settings.functions) {
    stdout(`${describe(each)}\n`);
    try {
      programPath(each);
    } catch (error) {
      if (!(error instanceof ProgramStartError)) throw error;
      stderr(`cogd work: ${each.name}: ${error.message}\n`);
      found = false;
    }
  }
  return found ? 0 : 1;
}

function describe(settings: FunctionSettings): string {
  const { name, command, mode, least, most, timeoutMs } = settings;
  const processes = mode === "pool"
    ? `pool of ${least} to ${most} processes`
    : `a process for each job, ${most} at once`;
  const limit = timeoutMs === 0 ? "no time limit" : `at most ${timeoutMs / 1000} s a job`;
  const words = command.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word));
  return `${name}: ${words.join(" ")}; ${processes}; ${limit}`;
}

function verbosityOf(values: OptionValues): Verbosity {
  const given = values.text("verbose")!;
  if (isVerbosity(given)) return given;
  throw new CliError("INVALID_ARGUMENT", UNKNOWN_VERBOSITY);
}

function logDestination(values: OptionValues, daemon: boolean): LogDestination {
  const given = values.text("log-file") ?? "";
  if (given === "none") return { kind: "none" };
  if (given !== "" && given !== "stderr") return { kind: "file", path: given };
  if (!daemon) return { kind: "stderr" };
  throw new CliError(
    "MISSING_ARGUMENT",
    "Cannot work in the background without --log-file: a file, or none",
  );
}
