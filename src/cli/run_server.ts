import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { addressText, ignoredKeepAliveSettings, setOpenFilesLimit } from "../runtime/mod.ts";
import { patientListen } from "./bind_retry.ts";
import { CliError, reasonOf } from "./cli_error.ts";
import type { ServeConfig } from "./config.ts";
import type { DaemonChild } from "./daemon.ts";
import { prepareDataDir } from "./data_dir.ts";
import { httpAddresses } from "./http_addresses.ts";
import { resolveListenAddresses } from "./listen_addresses.ts";
import { Log } from "./log.ts";
import { PidFile } from "./pid_file.ts";
import type { ServedQueue, ServeParts } from "./serve_parts.ts";
import { ServiceNotifier } from "./service_notifier.ts";
import { startLine } from "./start_line.ts";
import { StopRequests } from "./stop_requests.ts";
import { SystemLog } from "./system_log.ts";
import { TlsPorts } from "./tls_ports.ts";
import { switchUser } from "./user.ts";

/** How long a stop may take before the process ends all the same, milliseconds. */
const STOP_PATIENCE_MS = 10_000;

/**
 * Prepares the process, runs the server until it is told to stop, and answers the exit code. Throws
 * `CliError` or `LibCError` for what goes wrong before there is a log.
 */
export async function runServer(
  config: ServeConfig,
  environment: Readonly<Record<string, string>>,
  parts: ServeParts,
  daemon: DaemonChild | undefined,
): Promise<number> {
  if (config.openFiles !== undefined) limitOpenFiles(config.openFiles);
  const dataDirProblem = config.usesDataDir
    ? prepareDataDir(config.dataDir, config.user)
    : undefined;
  if (config.user !== undefined) switchUser(config.user);
  const stops = new StopRequests();
  let pidFile: PidFile | undefined;
  let log: Log | undefined;
  try {
    if (config.pidFile !== undefined) pidFile = PidFile.create(config.pidFile, process.pid);
    log = openLog(config, parts);
    stops.logWith(log);
    if (dataDirProblem !== undefined) log.log("WARNING", dataDirProblem.message);
    await run(config, environment, parts, { stops, log, daemon });
    log.log("INFO", "Shutdown complete");
    return 0;
  } catch (error) {
    // A queue without files does not miss the folder; for another it explains the failure.
    const texts = dataDirProblem === undefined ? [] : [dataDirProblem.message];
    for (const text of [...texts, reasonOf(error)]) {
      if (log?.onStderr === false) log.log("FATAL", text);
      parts.stderr(`cogd: ${text}\n`);
    }
    return 1;
  } finally {
    stops.ignore();
    removePidFile(pidFile, log);
    log?.close();
  }
}

interface Witnesses {
  readonly stops: StopRequests;
  readonly log: Log;
  /** Set when the process runs in the background. */
  readonly daemon: DaemonChild | undefined;
}

/** From the opening of the store to the last closed socket. */
async function run(
  config: ServeConfig,
  environment: Readonly<Record<string, string>>,
  parts: ServeParts,
  witnesses: Witnesses,
): Promise<void> {
  const { stops, log, daemon } = witnesses;
  log.log("INFO", `Starting up with pid ${process.pid}, verbose is set to ${config.log.verbosity}`);
  const ignored = ignoredKeepAliveSettings(config.keepAlive);
  if (ignored.length > 0) {
    log.log("WARNING", `Cannot set ${ignored.join(", ")} of TCP keep-alive: the system's are used`);
  }
  const tls = openTls(config, log);
  if (tls !== undefined) stops.reloadWith(() => void tls.reload());
  const starting = start(config, parts, { stops, log, tls });
  // A stop during the start is not waited for: the caller ends the process.
  starting.catch(() => {});
  const server = await Promise.race([starting, stops.now]);
  if (server === undefined) return;
  for (const address of server.addresses) log.log("INFO", `Listening on ${addressText(address)}`);
  for (const address of server.httpAddresses) {
    log.log("INFO", `Listening on ${addressText(address)} for HTTP`);
  }
  const { addresses, httpAddresses, store } = server;
  const line = startLine(addresses, httpAddresses, store, config.tls);
  log.announce(line);
  if (!log.onStderr && daemon === undefined) parts.stderr(`${line}\n`);
  const notifier = new ServiceNotifier(environment, log);
  notifier.ready(line);
  const unwatch = notifier.watch();
  try {
    await untilStopRequested(server, witnesses);
  } finally {
    notifier.stopping();
    await stopInTime(server);
    unwatch();
  }
}

function limitOpenFiles(count: bigint): void {
  if (setOpenFilesLimit(count)) return;
  throw new CliError(
    "OPEN_FILES",
    "Failed to set limit for the number of file descriptors.  " +
      "Try running as root or giving a smaller value to -f.",
  );
}

function openLog({ log }: ServeConfig, { stderr }: ServeParts): Log {
  const complain = (text: string) => stderr(`cogd: ${text}\n`);
  return new Log({
    destination: log.destination,
    verbosity: log.verbosity,
    systemLog: log.syslog ? new SystemLog(process.pid) : undefined,
    complain,
  });
}

/** Throws `CliError` for files that cannot be used. */
function openTls({ tls, limits }: ServeConfig, log: Log): TlsPorts | undefined {
  return tls === undefined ? undefined : new TlsPorts(tls, { log, now: () => Date.now(), limits });
}

async function start(
  config: ServeConfig,
  parts: ServeParts,
  { stops, log, tls }: {
    readonly stops: StopRequests;
    readonly log: Log;
    readonly tls: TlsPorts | undefined;
  },
): Promise<ServedQueue> {
  const patient = patientListen(parts.listen, { log, sleep: (ms) => sleep(ms) });
  const httpListen = config.http?.wanted === true ? patient : parts.listen;
  return await parts.start(config, {
    listenOn: await resolveListenAddresses(config.listenOn, config.port),
    listen: tls?.gearman?.over(patient) ?? patient,
    httpListenOn: config.http === undefined ? [] : await httpAddresses(config.http),
    httpListen: tls?.http?.over(httpListen) ?? httpListen,
    tls: { gearman: tls?.gearman, http: tls?.http },
    log,
    announce: (level, text) => log.announce(text, level),
    requestStop: (gracefully) => stops.request(gracefully),
  });
}

async function untilStopRequested(
  server: ServedQueue,
  { stops, log, daemon }: Witnesses,
): Promise<void> {
  const failed = server.loaded.then((count) => {
    if (count > 0) log.log("INFO", `${count} jobs taken up from the queue`);
    daemon?.ready();
    return new Promise<never>(() => {});
  });
  const lost = server.lost.then((error) => {
    throw new CliError("STORE_LOST", `Stopped: ${error.message}`);
  });
  const drained = stops.gracefully.then(() => server.drain());
  await Promise.race([stops.now, drained, failed, lost]);
}

async function stopInTime(server: ServedQueue): Promise<void> {
  const patience = new AbortController();
  const late = sleep(STOP_PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`Cannot stop in time: still not done after ${STOP_PATIENCE_MS / 1000} s`);
  });
  try {
    await Promise.race([server.stop(), late]);
  } finally {
    patience.abort();
    late.catch(() => {});
  }
}

function removePidFile(pidFile: PidFile | undefined, log: Log | undefined): void {
  try {
    pidFile?.remove();
  } catch (error) {
    log?.log("ERROR", reasonOf(error));
  }
}
