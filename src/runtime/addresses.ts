import { ALL_ADDRESSES } from "./listener.ts";

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** A numeric address; IPv4-mapped IPv6 (`::ffff:192.0.2.1`) as the IPv4 address that it is. */
export function plainAddress(address: string): string {
  return address.replace(MAPPED, "");
}

/** `192.0.2.1:4730` or `[2001:db8::1]:4730`, as people write it. */
export function addressText({ hostname, port }: { hostname: string; port: number }): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * The hostnames to listen on when these are asked for together on one port. `0.0.0.0` beside `::`
 * becomes `ALL_ADDRESSES`, because a runtime that cannot restrict `::` to IPv6 could not bind both;
 * what that covers and what is named twice is dropped.
 */
export function joinHostnames(hostnames: readonly string[]): readonly string[] {
  const asked = new Set(hostnames);
  if (asked.has(ALL_ADDRESSES) || (asked.has("0.0.0.0") && asked.has("::"))) {
    return [ALL_ADDRESSES];
  }
  return [...asked];
}
