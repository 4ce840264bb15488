import { isIPv6 } from "node:net";
import { GearmanError } from "./errors.ts";
import { checkTlsOptions, type TlsOptions } from "./tls_options.ts";

/** Port of the Gearman protocol. */
export const DEFAULT_PORT = 4730;

/** Where a job server listens. */
export interface ServerAddress {
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Undefined: not encrypted. */
  readonly tls?: TlsOptions | undefined;
}

/** A job server that is connected to in a way of its own. */
export interface ServerOptions {
  /** `host`, `host:port` or `[v6]:port`. */
  readonly address: string;
  /** As the option `tls` of the client or worker, for this server only; `false`: not encrypted. */
  readonly tls?: boolean | TlsOptions;
}

const DEFAULT_SERVERS: readonly string[] = ["127.0.0.1:4730"];

/**
 * The servers of a client or worker. `tls` holds for those that do not say otherwise.
 * @throws {GearmanError} `INVALID_ARGUMENT`
 */
export function readServers(
  servers: readonly (string | ServerOptions)[] = DEFAULT_SERVERS,
  tls: boolean | TlsOptions = false,
): readonly [ServerAddress, ...ServerAddress[]] {
  const [first, ...others] = servers.map((server) =>
    typeof server === "string"
      ? withTls(parseServerAddress(server), tls)
      : withTls(parseServerAddress(server.address), server.tls ?? tls)
  );
  if (first !== undefined) return [first, ...others];
  throw new GearmanError("INVALID_ARGUMENT", "Cannot connect: the list of servers is empty");
}

function withTls(address: ServerAddress, tls: boolean | TlsOptions): ServerAddress {
  if (tls === false) return address;
  const options = tls === true ? {} : tls;
  checkTlsOptions(options);
  return { ...address, tls: options };
}

/**
 * Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address.
 * @throws {GearmanError} `INVALID_ARGUMENT`
 */
export function parseServerAddress(text: string): ServerAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const plain = bracketed ?? /^([^:[\]]+)(?::(\d+))?$/.exec(text);
  const bareV6 = plain === null && isIPv6(text) ? text : undefined;
  const host = bareV6 ?? plain?.[1];
  const port = Number(plain?.[2] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65535) {
    throw new GearmanError(
      "INVALID_ARGUMENT",
      `Cannot use server address "${text}": it is not host, host:port or [v6]:port`,
    );
  }
  return { host, port };
}

/** A list with commas, as in the variable GEARMAN_SERVERS. */
export function parseServerList(text: string): ServerAddress[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "")
    .map(parseServerAddress);
}

/** `host:port`, with brackets where the host has colons. */
export function serverText({ host, port }: ServerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
