import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import process from "node:process";
import { StoreError, type StoreOptions } from "../../src/plugin_api/mod.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_PREFIX,
  DEFAULT_TABLE,
  PASSWORD_VARIABLE,
  SSL_MODES,
  type SslMode,
} from "./options.ts";
import { bytesLiteral, type Scope, scopeOf } from "./scope.ts";
import { parseUrl } from "./url.ts";

export { MYSQL_OPTIONS } from "./options.ts";

export interface MySqlSettings {
  readonly host: string;
  readonly port: number;
  /** Path of a Unix socket; then host and port mean nothing. */
  readonly socket: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Null for a connection that is not encrypted. */
  readonly tls: TlsSettings | null;
  /** Table of C gearmand, bare name. */
  readonly gearmandTable: string;
  readonly scope: Scope;
  /** Server and database for log and messages, without secrets. */
  readonly place: string;
}

export interface TlsSettings {
  /** Whether the server's certificate must come from a trusted authority. */
  readonly checkAuthority: boolean;
  /** Whether it must also name the host. */
  readonly checkIdentity: boolean;
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** A namespace is part of a key, and MySQL bounds keys. */
const MOST_NAMESPACE_BYTES = 191;
const MOST_PREFIX_LENGTH = 40;

/** Throws `INVALID_OPTION`; never with a secret in its text. */
export function mysqlSettings(options: StoreOptions, namespace: string): MySqlSettings {
  const { values } = options;
  const given = (name: string) => values.get(name) || undefined;
  const url = parseUrl(given("mysql-url"));
  const socket = given("mysql-socket") ?? url.socket;
  const host = given("mysql-host") ?? url.host ?? DEFAULT_HOST;
  const port = portOf(given("mysql-port") ?? url.port ?? String(DEFAULT_PORT));
  const database = given("mysql-db") ?? url.database;
  if (database === undefined) {
    throw invalid("--queue-type mysql", "it needs a database: --mysql-db or --mysql-url");
  }
  const prefix = values.get("mysql-prefix") ?? DEFAULT_PREFIX;
  if (!/^[A-Za-z0-9_]+$/.test(prefix) || prefix.length > MOST_PREFIX_LENGTH) {
    throw invalid(
      `--mysql-prefix "${prefix}"`,
      `it must have 1 to ${MOST_PREFIX_LENGTH} letters, digits and "_"`,
    );
  }
  const bytes = Buffer.from(namespace);
  if (bytes.length > MOST_NAMESPACE_BYTES) {
    throw invalid(`--namespace "${namespace}"`, `it is longer than ${MOST_NAMESPACE_BYTES} bytes`);
  }
  const scope = scopeOf(prefix, bytesLiteral(bytes));
  const gearmandTable = given("mysql-table") ?? DEFAULT_TABLE;
  if (scope.bareNames.includes(gearmandTable.toLowerCase())) {
    throw invalid(
      `--mysql-table "${gearmandTable}"`,
      `cogd's own tables have that name; name the table of C gearmand, usually ${DEFAULT_TABLE}`,
    );
  }
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const name = namespace === "" ? "" : ` namespace ${JSON.stringify(namespace)}`;
  return {
    host,
    port,
    socket,
    user: given("mysql-user") ?? url.user ?? "",
    password: passwordOf(values, url.password),
    database,
    tls: tlsOf(values, url.sslMode, host),
    gearmandTable,
    scope,
    place: printable(`mysql ${socket ?? address}/${database}${name}`),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]+$/.test(text) && port > 0 && port <= 0xffff) return port;
  throw invalid(`--mysql-port ${text}`, "it must be from 1 to 65535");
}

/** What stands nearest to the operator's hand goes first; the environment comes last. */
function passwordOf(values: ReadonlyMap<string, string>, fromUrl: string | undefined): string {
  const option = values.get("mysql-password");
  if (option !== undefined) return option;
  const path = values.get("mysql-password-file");
  if (path !== undefined) {
    return fileOf("mysql-password-file", path).toString().split(/\r?\n/, 1)[0]!;
  }
  return fromUrl ?? process.env[PASSWORD_VARIABLE] ?? "";
}

function tlsOf(
  values: ReadonlyMap<string, string>,
  fromUrl: string | undefined,
  host: string,
): TlsSettings | null {
  const file = (name: string) => {
    const path = values.get(name);
    return path === undefined ? undefined : fileOf(name, path);
  };
  const [ca, cert, key] = [file("mysql-ssl-ca"), file("mysql-ssl-cert"), file("mysql-ssl-key")];
  const hasFiles = ca !== undefined || cert !== undefined || key !== undefined;
  const mode = values.get("mysql-ssl-mode") ?? fromUrl ??
    (hasFiles ? "verify-identity" : "disabled");
  if (!isSslMode(mode)) {
    throw invalid(`--mysql-ssl-mode "${mode}"`, `known are ${SSL_MODES.join(", ")}`);
  }
  if (mode === "disabled") return null;
  // Not every runtime looks for addresses in certificates, and one that does not would believe anybody.
  if (mode === "verify-identity" && isIP(host) !== 0) {
    throw invalid(
      `--mysql-ssl-mode ${mode}`,
      `${host} is an address; give the name that the server's certificate has, or use verify-ca`,
    );
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid("--mysql-ssl-cert", "certificate and --mysql-ssl-key must be given together");
  }
  return {
    checkAuthority: mode !== "required",
    checkIdentity: mode === "verify-identity",
    ca,
    cert,
    key,
  };
}

function isSslMode(mode: string): mode is SslMode {
  return SSL_MODES.some((known) => known === mode);
}

function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError("INVALID_OPTION", `Cannot read --${option} "${path}": ${why}`, { cause });
  }
}

/** One line of ASCII, as traits ask for. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (char) => encodeURIComponent(char));
}

function invalid(what: string, why: string): StoreError {
  return new StoreError("INVALID_OPTION", `Cannot use ${what}: ${why}`);
}
