import {
  DEFAULT_PORT,
  parseServerList,
  readTlsFiles,
  serverText,
  tlsFilesIn,
  type TlsOptions,
} from "../../client/mod.ts";
import type { GearmanArguments } from "./arguments.ts";

const DEFAULT_HOST = "localhost";

/** Which servers, and how they are spoken to: options of the library. */
export interface Servers {
  /** `host:port`. */
  readonly servers: readonly string[];
  readonly tls: false | TlsOptions;
}

/**
 * The servers: those of GEARMAN_SERVERS, which libgearman itself reads, then those of GEARMAN_SERVER, or else
 * -h and -p; with -S by TLS (command line section 5). Throws `GearmanError` `INVALID_ARGUMENT`.
 */
export function serversOf(
  { host, port, tls }: GearmanArguments,
  environment: Readonly<Record<string, string>>,
): Servers {
  const listed = parseServerList(environment["GEARMAN_SERVERS"] ?? "");
  const own = parseServerList(environment["GEARMAN_SERVER"] ?? "");
  if (own.length === 0 && (listed.length === 0 || host !== undefined || port !== undefined)) {
    own.push({ host: host || DEFAULT_HOST, port: port ?? DEFAULT_PORT });
  }
  return {
    servers: [...new Set([...listed, ...own].map(serverText))],
    tls: tls && readTlsFiles(tlsFilesIn(environment)),
  };
}
