import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import type { ListenAddress } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";

/** Both wildcard addresses: IPv6's takes IPv4 connections, too. */
export const ANY_IPV6 = "::";
export const ANY_IPV4 = "0.0.0.0";

const SERVICES = "/etc/services";
const GEARMAN_PORT = 4730;

/**
 * The numeric addresses to bind: every address that each name stands for, once (command line
 * section 1). No names: all addresses. Throws `CliError` `ADDRESS`.
 */
export async function resolveListenAddresses(
  names: readonly string[],
  portText: string,
): Promise<ListenAddress[]> {
  const port = portNumber(portText);
  const found = new Set<string>();
  for (const name of names) {
    for (const address of await addressesOf(name)) found.add(address);
  }
  if (found.size === 0) found.add(ANY_IPV6);
  if (found.has(ANY_IPV6)) found.delete(ANY_IPV4);
  return [...found].map((hostname) => ({ hostname, port }));
}

async function addressesOf(name: string): Promise<string[]> {
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address }) => address);
  } catch (cause) {
    throw new CliError("ADDRESS", `Cannot listen on "${name}": ${reasonOf(cause)}`, { cause });
  }
}

/** A port's number, from its number or its name in /etc/services. Throws `CliError` `ADDRESS`. */
export function portNumber(text: string, services: () => string = readServices): number {
  const port = /^[0-9]+$/.test(text) ? Number(text) : namedPort(text, services());
  if (port !== undefined && port <= 0xffff) return port;
  throw new CliError(
    "ADDRESS",
    `Cannot listen on port "${text}": it is no number up to 65535 and no service in ${SERVICES}`,
  );
}

function namedPort(name: string, services: string): number | undefined {
  for (const line of services.split("\n")) {
    const [official, port, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (official !== name && !aliases.includes(name)) continue;
    const [, number] = /^([0-9]+)\/tcp$/.exec(port ?? "") ?? [];
    if (number !== undefined) return Number(number);
  }
  return name === "gearman" ? GEARMAN_PORT : undefined;
}

function readServices(): string {
  try {
    return readFileSync(SERVICES, "utf8");
  } catch {
    // Containers often have no such file; then only numbers can be used.
    return "";
  }
}
