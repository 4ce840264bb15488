import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import process from "node:process";
import { nameOfBytes, StoreError, type StoreOptions } from "../../src/plugin_api/mod.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_PREFIX,
  PASSWORD_VARIABLE,
  type RedisOptionName,
} from "./options.ts";

/** Material for TLS as `node:tls` takes it. */
export interface TlsMaterial {
  /** Certificates of the authorities to be trusted, PEM; without it those of the system. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** The name that the certificate must have; left out for numeric addresses. */
  readonly servername?: string;
}

/** Where Redis is, and who asks. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  /** Path of a socket file, in place of host and port; empty for none. */
  readonly path: string;
  /** User of an access control list; empty for the default one. */
  readonly user: string;
  /** Empty for none. */
  readonly password: string;
  readonly database: number;
  readonly tls: TlsMaterial | null;
}

export interface RedisSettings {
  readonly address: RedisAddress;
  /** C gearmand's prefix. Byte string. */
  readonly prefix: string;
  /** This server's namespace. Byte string. */
  readonly namespace: string;
  /** Where it is, for the operator: ASCII, without secrets. */
  readonly place: string;
  /** Texts that must not be shown. */
  readonly secrets: readonly string[];
}

/** Throws `INVALID_OPTION`; never with a secret in its text. */
export function redisSettings({ values }: StoreOptions, namespace: string): RedisSettings {
  const given = (name: RedisOptionName) => values.get(name) || undefined;
  const url = urlParts(given("redis-url"));
  const server = given("redis-server") ?? url.host ?? DEFAULT_HOST;
  const path = server.startsWith("/") ? resolve(server) : "";
  const prefix = given("redis-prefix") ?? DEFAULT_PREFIX;
  // What stands nearest to the operator's hand goes first; the environment comes last.
  const password = values.get("redis-password") ?? passwordIn(given("redis-password-file")) ??
    url.password ?? process.env[PASSWORD_VARIABLE] ?? "";
  const address: RedisAddress = {
    host: server,
    port: number("redis-port", given("redis-port"), 1, 65_535) ?? url.port ?? Number(DEFAULT_PORT),
    path,
    user: given("redis-user") ?? url.user ?? "",
    password,
    database: number("redis-database", given("redis-database"), 0, 1_000_000) ?? url.database ?? 0,
    tls: tlsMaterial(given, url.tls || values.has("redis-tls"), server),
  };
  if (path !== "" && address.tls !== null) {
    throw invalid("redis-server", "a socket file needs no TLS; leave the TLS options out");
  }
  return {
    address,
    prefix: nameOfBytes(Buffer.from(prefix)),
    namespace: nameOfBytes(Buffer.from(namespace)),
    place: placeOf(address, namespace),
    secrets: [password, encodeURIComponent(password), given("redis-url") ?? ""],
  };
}

interface UrlParts {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: number;
  readonly tls: boolean;
}

/** `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`; `rediss` for TLS. Never repeats it: it may hold a password. */
function urlParts(text: string | undefined): UrlParts {
  if (text === undefined) return { tls: false };
  const wrong = (why: string) =>
    invalid("redis-url", `${why}; it looks like redis://user:password@host:6379/0, or rediss://…`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("it is no URL");
  }
  if (url.protocol !== "redis:" && url.protocol !== "rediss:") {
    throw wrong(`it begins with ${url.protocol}//`);
  }
  if (url.hostname === "") throw wrong("it names no host");
  if (url.search !== "" || url.hash !== "") throw wrong("it has parts that are not known here");
  const database = /^\/?([0-9]*)$/.exec(url.pathname)?.[1];
  if (database === undefined) throw wrong("the database behind the host must be a number");
  try {
    return {
      host: decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ""),
      ...(url.port === "" ? {} : { port: Number(url.port) }),
      ...(url.username === "" ? {} : { user: decodeURIComponent(url.username) }),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
      ...(database === "" ? {} : { database: Number(database) }),
      tls: url.protocol === "rediss:",
    };
  } catch {
    throw wrong('a "%" in it does not begin an escaped byte');
  }
}

/** Whichever of the TLS options is given turns TLS on. */
function tlsMaterial(
  given: (name: RedisOptionName) => string | undefined,
  wanted: boolean,
  host: string,
): TlsMaterial | null {
  const ca = file("redis-tls-ca", given("redis-tls-ca"));
  const cert = file("redis-tls-cert", given("redis-tls-cert"));
  const key = file("redis-tls-key", given("redis-tls-key"));
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(
      cert === undefined ? "redis-tls-key" : "redis-tls-cert",
      "a certificate and its key go together; give both",
    );
  }
  if (!wanted && ca === undefined && cert === undefined) return null;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(isIP(host) !== 0 ? {} : { servername: host }),
  };
}

/** The first line of the file. */
function passwordIn(path: string | undefined): string | undefined {
  return file("redis-password-file", path)?.toString().replace(/\r?\n[^]*$/, "");
}

function file(option: RedisOptionName, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError("INVALID_OPTION", `Cannot read --${option} "${path}": ${why}`, { cause });
  }
}

function number(
  option: RedisOptionName,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw invalid(option, `"${text}" is not a number from ${least} to ${most}`);
}

/** One line of ASCII, as traits ask for. */
function placeOf({ host, port, path, database }: RedisAddress, namespace: string): string {
  const where = path !== "" ? path : `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const which = database === 0 ? "" : ` database ${database}`;
  const name = namespace === "" ? "" : ` namespace ${JSON.stringify(namespace)}`;
  return `redis ${where}${which}${name}`.replace(
    /[^\x20-\x7e]/g,
    (char) => encodeURIComponent(char),
  );
}

function invalid(option: RedisOptionName, why: string): StoreError {
  return new StoreError("INVALID_OPTION", `Cannot use --${option}: ${why}`);
}
