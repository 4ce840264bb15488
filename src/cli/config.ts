import { Buffer } from "node:buffer";
import { dirname, join } from "node:path";
import { DEFAULT_LIMITS, type Limits, type WakeUpPolicy } from "../core/mod.ts";
import type { StorePlugin } from "../plugin_api/mod.ts";
import type { KeepAlive } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import { type HttpConfig, httpConfig } from "./http_config.ts";
import type { LogDestination } from "./log.ts";
import type { Verbosity } from "./log_level.ts";
import type { OptionValues } from "./option_values.ts";
import { type QueueConfig, queueConfig } from "./queue_choice.ts";
import { type TlsConfig, tlsConfig } from "./tls_config.ts";

/** All that `cogd` was asked to be, checked and complete. Nothing in it changes. */
export interface ServeConfig {
  /** Names or addresses to listen on; empty for all addresses. */
  readonly listenOn: readonly string[];
  /** Number or service name. */
  readonly port: string;
  readonly backlog: number;
  readonly keepAlive: KeepAlive;
  readonly limits: Limits;
  readonly wakeUps: WakeUpPolicy;
  /** As `--job-retries`: -1 without limit, 0 counts as 1. */
  readonly maxAttempts: number;
  /** Clients get WORK_EXCEPTION without asking for it. */
  readonly exceptions: boolean;
  /** What job handles begin with, without the colon before their number. Text, not a byte string. */
  readonly handlePrefix: string;
  readonly queue: QueueConfig;
  /** Undefined: no HTTP. */
  readonly http: HttpConfig | undefined;
  /** Undefined: no port has TLS. */
  readonly tls: TlsConfig | undefined;
  readonly dataDir: string;
  /** Whether anything is kept in the data folder: not by a queue in memory. */
  readonly usesDataDir: boolean;
  readonly log: LogConfig;
  readonly pidFile: string | undefined;
  readonly user: string | undefined;
  readonly daemon: boolean;
  /** Descriptors the process may open; undefined leaves the system's limit. */
  readonly openFiles: bigint | undefined;
}

export interface LogConfig {
  readonly destination: LogDestination;
  readonly verbosity: Verbosity;
  readonly syslog: boolean;
}

/** What the configuration depends on beside the options. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly hostname: string;
  readonly isRoot: boolean;
}

/** The environment variables that mean something to `cogd`. */
export const ENVIRONMENT_NAMES = [
  "COGD_DAEMON_CHILD",
  "COGD_MYSQL_PASSWORD",
  "COGD_REDIS_PASSWORD",
  "GEARMAND_CA_CERTIFICATE",
  "GEARMAND_PORT",
  "GEARMAND_SERVER_KEY",
  "GEARMAND_SERVER_PEM",
  "GEARMAN_CLIENT_KEY",
  "GEARMAN_CLIENT_PEM",
  "GEARMAN_SERVER",
  "GEARMAN_SERVERS",
  "HOME",
  "NOTIFY_SOCKET",
  "PGAPPNAME",
  "PGDATABASE",
  "PGHOST",
  "PGHOSTADDR",
  "PGOPTIONS",
  "PGPASSFILE",
  "PGPASSWORD",
  "PGPORT",
  "PGSSLCERT",
  "PGSSLKEY",
  "PGSSLMODE",
  "PGSSLROOTCERT",
  "PGTARGETSESSIONATTRS",
  "PGUSER",
  "STATE_DIRECTORY",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  "XDG_STATE_HOME",
] as const;

const DEFAULT_PORT = "4730";
/** The queue type that keeps nothing. */
const MEMORY_QUEUE = "memory";
const MOST_BACKLOG = 0xffff;
const SYSTEM_DATA_DIR = "/var/lib/cogd";

/**
 * The longest prefix, bytes: a handle has 63 in all (protocol section 5), of which the colon and the
 * 16 digits of the highest number must remain. gearmand takes longer ones and then gives several jobs
 * the same handle.
 */
const MAX_HANDLE_PREFIX_BYTES = 46;

/** Turns options into a configuration. Throws `CliError` for what this version cannot do. */
export function serveConfig(
  values: OptionValues,
  plugins: readonly StorePlugin[],
  surroundings: Surroundings,
): ServeConfig {
  const tls = tlsConfig(values, surroundings.environment);
  const http = httpConfig(values);
  const dataDir = dataFolder(values, surroundings);
  const daemon = values.isGiven("daemon");
  const openFiles = values.number("file-descriptors");
  const chosenQueue = queueConfig(values, plugins);
  const destination = logDestination(values, daemon, dataDir);
  return {
    listenOn: values.texts("listen").filter((address) => address !== ""),
    port: port(values, surroundings),
    backlog: backlog(values),
    keepAlive: keepAlive(values),
    limits: {
      ...DEFAULT_LIMITS,
      maxPacketBytes: Number(values.number("max-packet")),
      maxSendBytes: Number(values.number("send-buffer")),
      maxConnections: Number(values.number("max-connections")),
      storeWaitMs: Number(values.number("store-wait")) * 1000,
    },
    wakeUps: values.isGiven("worker-wakeup")
      ? Number(values.number("worker-wakeup"))
      : "one per job",
    maxAttempts: Number(values.number("job-retries")),
    exceptions: values.isGiven("exceptions"),
    handlePrefix: handlePrefix(values, surroundings),
    queue: chosenQueue,
    http,
    tls,
    dataDir,
    usesDataDir: chosenQueue.plugin.name !== MEMORY_QUEUE ||
      (destination.kind === "file" && dirname(destination.path) === dataDir),
    log: {
      destination,
      verbosity: values.text("verbose") as Verbosity,
      syslog: values.isGiven("syslog"),
    },
    pidFile: values.text("pid-file") || undefined,
    user: values.text("user") || undefined,
    daemon,
    openFiles: openFiles === 0n ? undefined : openFiles,
  };
}

/** GEARMAND_PORT replaces 4730, whether that was given or not (command line section 1). */
function port(values: OptionValues, { environment }: Surroundings): string {
  const given = values.text("port")!;
  if (given === DEFAULT_PORT) return environment["GEARMAND_PORT"] || DEFAULT_PORT;
  return given === "" ? DEFAULT_PORT : given;
}

/** Negative numbers mean "as many as the system takes", as listen(2) understands them. */
function backlog(values: OptionValues): number {
  const given = Number(values.number("backlog"));
  return given < 0 ? MOST_BACKLOG : given;
}

function keepAlive(values: OptionValues): KeepAlive {
  const setting = (name: string) => {
    const value = Number(values.number(name));
    return value < 0 ? undefined : value;
  };
  return {
    enabled: true,
    idleSeconds: setting("keepalive-idle"),
    intervalSeconds: setting("keepalive-interval"),
    probes: setting("keepalive-count"),
  };
}

function handlePrefix(values: OptionValues, { hostname }: Surroundings): string {
  const given = values.text("job-handle-prefix") ?? "";
  if (given === "") return cutToBytes(`H:${hostname}`, MAX_HANDLE_PREFIX_BYTES);
  if (Buffer.byteLength(given) <= MAX_HANDLE_PREFIX_BYTES) return given;
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot use --job-handle-prefix "${given}": it is longer than ${MAX_HANDLE_PREFIX_BYTES} bytes`,
  );
}

function cutToBytes(text: string, bytes: number): string {
  let cut = text;
  while (Buffer.byteLength(cut) > bytes) cut = cut.slice(0, -1);
  return cut;
}

/** systemd's folder for the service, else the system's for root, else the user's. */
function dataFolder(values: OptionValues, { environment, isRoot }: Surroundings): string {
  const given = values.text("data-dir") ?? "";
  if (given !== "") return given;
  const { STATE_DIRECTORY: service, XDG_STATE_HOME: state, HOME: home } = environment;
  if (service) return service.split(":")[0]!;
  if (isRoot) return SYSTEM_DATA_DIR;
  if (state) return join(state, "cogd");
  return home ? join(home, ".local", "state", "cogd") : SYSTEM_DATA_DIR;
}

function logDestination(values: OptionValues, daemon: boolean, dataDir: string): LogDestination {
  const given = values.text("log-file") ?? "";
  if (given === "stderr" || given === "none") return { kind: given };
  if (given !== "") return { kind: "file", path: given };
  return daemon ? { kind: "file", path: join(dataDir, "cogd.log") } : { kind: "stderr" };
}
