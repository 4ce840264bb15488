import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import process from "node:process";
import { ALL_ADDRESSES, joinHostnames, type ListenAddress } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";

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
  const found: string[] = names.length === 0 ? [ALL_ADDRESSES] : [];
  for (const name of names) found.push(...await addressesOf(name));
  return joinHostnames(found).map((hostname) => ({ hostname, port }));
}

async function addressesOf(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  // Deno 2.6's resolver warns on stderr of a module that it uses itself.
  Object.assign(process, { noDeprecation: true });
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
