import { hostname } from "node:os";
import process from "node:process";
import type { Security } from "../gateway/mod.ts";
import type { LogLevel, StorePlugin, StoreTraits } from "../plugin_api/mod.ts";
import { hideInProcessList, LibCError, type Listen, type ListenAddress } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import { DEFAULT_CONFIG_FILES, readCommandLine } from "./command_line.ts";
import { type ServeConfig, serveConfig } from "./config.ts";
import { DaemonChild, runInBackground } from "./daemon.ts";
import type { Logger } from "./log.ts";
import { withQueuePlugin } from "./queue_plugin.ts";
import { runServer } from "./run_server.ts";
import { secretParts } from "./secrets.ts";
import { overviewText } from "./server_help.ts";
import { versionText } from "./version.ts";

/** What the command line needs of a running server. */
export interface ServedQueue {
  /** The addresses that were really bound. */
  readonly addresses: readonly ListenAddress[];
  /** Those of HTTP; empty without it. */
  readonly httpAddresses: readonly ListenAddress[];
  readonly store: Pick<StoreTraits, "description" | "durability" | "promise">;
  /** Settles with the number of jobs once all that the store holds are taken up; rejects if it can't. */
  readonly loaded: Promise<number>;
  /** Settles, with the store's error, when another server has taken the store over: no job is given out any more. */
  readonly lost: Promise<Error>;
  /** Stops listening; settles when no job is left. */
  drain(): Promise<void>;
  /** Closes everything now; background jobs stay in the store. */
  stop(): Promise<void>;
}

/** What a server is started with. */
export interface StartParts {
  readonly listenOn: readonly ListenAddress[];
  /** Opens sockets; waits while an address is in use. */
  readonly listen: Listen;
  /** Where HTTP listens; empty without it. */
  readonly httpListenOn: readonly ListenAddress[];
  /** Opens HTTP's sockets: waits while an address is in use, if that address was asked for. */
  readonly httpListen: Listen;
  /** Of the ports with TLS, for the metrics. */
  readonly tls: Security;
  readonly log: Logger;
  /** As `log.log`, whatever the verbosity is. */
  readonly announce: (level: LogLevel, text: string) => void;
  /** As SIGTERM; `gracefully`: as SIGUSR1. */
  readonly requestStop: (gracefully: boolean) => void;
}

/** Opens the store, then the sockets. Rejects with an error whose message is for the operator. */
export type StartServer = (config: ServeConfig, parts: StartParts) => Promise<ServedQueue>;

/** What `serve` is built on. */
export interface ServeParts {
  readonly plugins: readonly StorePlugin[];
  readonly listen: Listen;
  readonly start: StartServer;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Default: those of the system. */
  readonly defaultConfigFiles?: readonly string[];
}

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
