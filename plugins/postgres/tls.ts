import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { StoreError } from "../../src/plugin_api/mod.ts";
import type { TlsOptions } from "./pg_package.ts";

const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type TlsMode = (typeof MODES)[number];

/** libpq's `ssl…` parameters, files read. */
export interface TlsSettings {
  /** Undefined: as libpq, `prefer`; but for this machine's own addresses `allow`, where nobody listens in. */
  readonly mode: TlsMode | undefined;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly passphrase: string | undefined;
}

/** Throws `INVALID_OPTION`. */
export function tlsSettings(parameter: (keyword: string) => string | undefined): TlsSettings {
  const mode = parameter("sslmode");
  if (mode !== undefined && !MODES.some((known) => known === mode)) {
    throw new StoreError(
      "INVALID_OPTION",
      `Cannot use sslmode "${mode}": it must be one of ${MODES.join(", ")}`,
    );
  }
  const root = parameter("sslrootcert");
  return {
    mode: root === "system" && mode === undefined ? "verify-full" : mode as TlsMode | undefined,
    ca: root === "system" ? undefined : fileOf("sslrootcert", root),
    cert: fileOf("sslcert", parameter("sslcert")),
    key: fileOf("sslkey", parameter("sslkey")),
    passphrase: parameter("sslpassword"),
  };
}

function fileOf(keyword: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new StoreError("INVALID_OPTION", `Cannot read ${keyword} "${path}": ${cause}`, { cause });
  }
}

/**
 * The ways to connect to a host, to be tried in this order: with TLS (its options) or without (false).
 * Only `verify-ca` and `verify-full` make sure who answers, and `require` with a root certificate, as libpq.
 */
export function waysTo(host: string, settings: TlsSettings): readonly (false | TlsOptions)[] {
  // libpq takes no notice of sslmode on Unix sockets.
  if (host.startsWith("/")) return [false];
  const mode = settings.mode ?? (isLoopback(host) ? "allow" : "prefer");
  if (mode === "disable") return [false];
  const tls = tlsOptions(host, mode, settings);
  if (mode === "allow") return [false, tls];
  return mode === "prefer" ? [tls, false] : [tls];
}

function tlsOptions(host: string, mode: TlsMode, settings: TlsSettings): TlsOptions {
  const { ca, cert, key, passphrase } = settings;
  const checksName = mode === "verify-full";
  return {
    rejectUnauthorized: checksName || mode === "verify-ca" ||
      (mode === "require" && ca !== undefined),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(checksName ? {} : { checkServerIdentity: () => undefined }),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
