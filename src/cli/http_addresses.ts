import { BlockList, isIPv6 } from "node:net";
import type { ListenAddress } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import type { HttpConfig } from "./http_config.ts";
import { resolveListenAddresses } from "./listen_addresses.ts";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * The numeric addresses on which HTTP listens. Throws `CliError` for those that other machines reach when
 * nobody would be asked for a token.
 */
export async function httpAddresses(config: HttpConfig): Promise<ListenAddress[]> {
  const addresses = await resolveListenAddresses(config.listenOn, config.port);
  const open = addresses.find(({ hostname }) => !isLoopback(hostname));
  if (open === undefined || config.tokensFile !== undefined || config.insecure) return addresses;
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot serve HTTP on ${open.hostname} without tokens: name their file with --http-tokens, or let ` +
      "everybody in with --http-insecure",
  );
}

/** Whether only this machine reaches a numeric address. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.check(hostname, isIPv6(hostname) ? "ipv6" : "ipv4");
}
