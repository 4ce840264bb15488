import { hostname } from "node:os";
import process from "node:process";
import { ProgramStartError } from "../runtime/mod.ts";
import { WorkService, type WorkSettings, WorkSettingsError } from "../work/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";
import type { DaemonChild } from "./daemon.ts";
import { Log, type LogDestination } from "./log.ts";
import type { Verbosity } from "./log_level.ts";
import { PidFile } from "./pid_file.ts";
import { ServiceNotifier } from "./service_notifier.ts";
import { watchCrashes } from "./signals.ts";
import { VERSION } from "./version.ts";
import { watchFile } from "./watched_file.ts";

/** Where the configuration comes from. */
export interface WorkSource {
  /** Undefined: the command line. */
  readonly file: string | undefined;
  /** Reads it anew. Throws `WorkSettingsError` or `CliError`. */
  readonly read: () => WorkSettings;
}

/** All that `cogd work` was asked to do and to be. */
export interface WorkConfig {
  readonly source: WorkSource;
  readonly settings: WorkSettings;
  readonly log: { readonly destination: LogDestination; readonly verbosity: Verbosity };
  readonly pidFile: string | undefined;
}

/** Works until it is told to stop; answers the exit code. Throws `CliError` before there is a log. */
export async function runWork(
  config: WorkConfig,
  environment: Readonly<Record<string, string>>,
  { stderr }: { readonly stderr: (text: string) => void },
  daemon: DaemonChild | undefined,
): Promise<number> {
  const pidFile = config.pidFile === undefined
    ? undefined
    : PidFile.create(config.pidFile, process.pid);
  const log = new Log({
    ...config.log,
    complain: (text) => stderr(`cogd work: ${text}\n`),
  });
  try {
    await serveFunctions(config, environment, { log, stderr, daemon });
    log.log("NOTICE", "Stopped");
    return 0;
  } catch (error) {
    const known = error instanceof CliError || error instanceof ProgramStartError;
    const text = known ? error.message : `Unexpected error, stopping: ${(error as Error).stack}`;
    if (!log.onStderr) log.log("FATAL", text);
    stderr(`cogd work: ${text}\n`);
    return 1;
  } finally {
    try {
      pidFile?.remove();
    } catch (error) {
      log.log("ERROR", reasonOf(error));
    }
    log.close();
  }
}

interface Surroundings {
  readonly log: Log;
  readonly stderr: (text: string) => void;
  readonly daemon: DaemonChild | undefined;
}

async function serveFunctions(
  { source, settings }: WorkConfig,
  environment: Readonly<Record<string, string>>,
  { log, stderr, daemon }: Surroundings,
): Promise<void> {
  const service = await WorkService.start(settings, {
    log: (level, text) => log.log(level, text),
    idPrefix: `${hostname()}-${process.pid}`,
  });
  const notifier = new ServiceNotifier(environment, log);
  const reload = () => takeOver(service, source, log);
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  const stop = (name: string) => {
    if (stopping) {
      log.log("NOTICE", `${name}, killing what runs`);
      return service.kill();
    }
    stopping = true;
    log.log("NOTICE", `${name}, finishing what runs`);
    notifier.stopping();
    service.stop().then(stopped.resolve, stopped.reject);
  };
  const reactions = [
    ["SIGTERM", () => stop("SIGTERM")],
    ["SIGINT", () => stop("SIGINT")],
    ["SIGHUP", () => {
      log.log("NOTICE", "SIGHUP, reopening the log file, reading the configuration");
      log.reopen();
      if (!stopping) reload();
    }],
  ] as const;
  for (const [name, react] of reactions) process.on(name, react);
  const unwatchCrashes = watchCrashes(stopped.reject);
  const unwatch = source.file === undefined ? () => {} : watchFile(source.file, () => {
    if (!service.settings.watch || stopping) return;
    log.log("NOTICE", `${source.file} has changed`);
    reload();
  });
  const line = startLine(settings);
  log.announce(line);
  if (!log.onStderr && daemon === undefined) stderr(`${line}\n`);
  notifier.ready(line);
  const unwatchService = notifier.watch();
  daemon?.ready();
  try {
    await stopped.promise;
  } finally {
    unwatch();
    unwatchService();
    unwatchCrashes();
    for (const [name, react] of reactions) process.off(name, react);
  }
}

function startLine({ servers, functions }: WorkSettings): string {
  const names = functions.map(({ name }) => name).join(", ");
  return `cogd ${VERSION} working for ${servers.join(", ")}: ${names}`;
}

/** Takes over the configuration as it is now, if it is sound. */
function takeOver(service: WorkService, source: WorkSource, log: Log): void {
  try {
    log.log("NOTICE", `Configuration read: ${service.reload(source.read())}`);
  } catch (error) {
    if (!(error instanceof WorkSettingsError) && !(error instanceof CliError)) throw error;
    const problems = error instanceof WorkSettingsError ? error.problems : [error.message];
    for (const problem of problems) log.log("ERROR", problem);
    log.log("ERROR", "The configuration stays as it was");
  }
}
