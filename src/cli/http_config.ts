import type { GatewayConfig } from "../gateway/mod.ts";
import { CliError } from "./cli_error.ts";
import type { OptionValues } from "./option_values.ts";
import { VERSION } from "./version.ts";

/** What the HTTP side was asked to be. */
export interface HttpConfig {
  /** Names or addresses to listen on. */
  readonly listenOn: readonly string[];
  /** Number or service name. */
  readonly port: string;
  /** An address or port was asked for: not to get it is a failure. */
  readonly wanted: boolean;
  /** File with the tokens; undefined: callers need none. */
  readonly tokensFile: string | undefined;
  /** Addresses beside loopback are allowed without tokens. */
  readonly insecure: boolean;
  /** Further names under which it may be asked for. */
  readonly hostNames: readonly string[];
  readonly gateway: GatewayConfig;
}

const LOOPBACK = "127.0.0.1";
const HOUR_MS = 3_600_000;
/** Longest wait for a synchronous call, milliseconds: what proxies and clients bear at all. */
const LONGEST_SYNC_MS = HOUR_MS;
/** Longest long poll, milliseconds: below the time after which proxies give up. */
const LONGEST_WAIT_MS = 60_000;
const IDEMPOTENCY_MS = 24 * HOUR_MS;
/** Ten years: the count of outcomes is bounded anyway, and every store can keep such a time. */
const LONGEST_RETAIN_MS = 3650 * 24 * HOUR_MS;
const MAX_BULK_JOBS = 1000;
/** Waiting calls at once: each costs a connection and some kilobytes. */
const MAX_WAITS = 20_000;
const MAX_FUNCTIONS = 20_000;
const MAX_FUNCTION_LABELS = 500;

/** The HTTP side of the options; undefined with `--no-http`. Throws `CliError`. */
export function httpConfig(values: OptionValues): HttpConfig | undefined {
  const dialect = dialectOf(values);
  if (values.isGiven("no-http")) {
    if (dialect === "none") return undefined;
    throw new CliError(
      "INVALID_ARGUMENT",
      "Cannot use --protocol=http with --no-http: leave one out",
    );
  }
  const addresses = values.texts("http-listen").filter((address) => address !== "");
  return {
    listenOn: addresses.length === 0 ? [LOOPBACK] : addresses,
    port: values.text("http-port")!,
    wanted: addresses.length > 0 || values.isGiven("http-port") || values.isGiven("http-ssl") ||
      dialect !== "none",
    tokensFile: values.text("http-tokens") || undefined,
    insecure: values.isGiven("http-insecure"),
    hostNames: values.texts("http-host").filter((name) => name !== ""),
    gateway: {
      version: VERSION,
      syncMs: milliseconds(values, "http-timeout", 1, LONGEST_SYNC_MS),
      longestSyncMs: LONGEST_SYNC_MS,
      longestWaitMs: LONGEST_WAIT_MS,
      retainMs: milliseconds(values, "http-retain", 0, LONGEST_RETAIN_MS),
      idempotencyMs: IDEMPOTENCY_MS,
      maxBodyBytes: maxBody(values),
      patienceMs: milliseconds(values, "http-patience", 1, HOUR_MS),
      maxBulkJobs: MAX_BULK_JOBS,
      maxWaits: MAX_WAITS,
      maxWaitsPerCaller: MAX_WAITS,
      shutdownEnabled: values.isGiven("http-shutdown"),
      dialect,
      maxFunctions: MAX_FUNCTIONS,
      maxFunctionLabels: MAX_FUNCTION_LABELS,
    },
  };
}

function dialectOf(values: OptionValues): GatewayConfig["dialect"] {
  const protocol = values.text("protocol") ?? "";
  const compat = values.text("http-compat");
  if (protocol !== "" && protocol !== "http") {
    throw new CliError("INVALID_ARGUMENT", `Unknown protocol module : ${protocol}`);
  }
  if (compat !== "sane" && compat !== "strict") {
    throw new CliError("INVALID_ARGUMENT", "Cannot use --http-compat: it is sane or strict");
  }
  if (protocol === "http") return compat;
  if (!values.isGiven("http-compat")) return "none";
  throw new CliError("INVALID_ARGUMENT", "Cannot use --http-compat without --protocol=http");
}

function milliseconds(
  values: OptionValues,
  name: string,
  leastSeconds: number,
  mostMs: number,
): number {
  const seconds = Number(values.number(name));
  if (seconds >= leastSeconds && seconds * 1000 <= mostMs) return seconds * 1000;
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot use --${name} ${seconds}: it is from ${leastSeconds} to ${
      Math.floor(mostMs / 1000)
    } seconds`,
  );
}

function maxBody(values: OptionValues): number {
  const bytes = Number(values.number("http-max-body"));
  if (bytes > 0) return bytes;
  throw new CliError("INVALID_ARGUMENT", "http-max-body has to be greater than 0");
}
