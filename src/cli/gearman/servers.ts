import { DEFAULT_PORT, parseServerList, serverText } from "../../client/mod.ts";
import type { GearmanArguments } from "./arguments.ts";

const DEFAULT_HOST = "localhost";

/**
 * The servers, `host:port`: those of GEARMAN_SERVERS, which libgearman itself reads, then those of
 * GEARMAN_SERVER, or else -h and -p (command line section 5). Throws `GearmanError` `INVALID_ARGUMENT`.
 */
export function serversOf(
  { host, port }: GearmanArguments,
  environment: Readonly<Record<string, string>>,
): string[] {
  const listed = parseServerList(environment["GEARMAN_SERVERS"] ?? "");
  const own = parseServerList(environment["GEARMAN_SERVER"] ?? "");
  if (own.length === 0 && (listed.length === 0 || host !== undefined || port !== undefined)) {
    own.push({ host: host || DEFAULT_HOST, port: port ?? DEFAULT_PORT });
  }
  return [...new Set([...listed, ...own].map(serverText))];
}
