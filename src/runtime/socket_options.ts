/** What the runtimes do not offer for TCP sockets, by the C library. Linux only. */

import { libC, libCIfPermitted } from "./libc.ts";
import type { ListenAddress } from "./listener.ts";

export const SocketOption = {
  ACCEPTS: { level: 1, name: 30 },
  KEEP_ALIVE: { level: 1, name: 9 },
  NO_DELAY: { level: 6, name: 1 },
  KEEP_IDLE_SECONDS: { level: 6, name: 4 },
  KEEP_INTERVAL_SECONDS: { level: 6, name: 5 },
  KEEP_PROBES: { level: 6, name: 6 },
} as const;
export type SocketOption = (typeof SocketOption)[keyof typeof SocketOption];

/** So many numbers in a row that are no sockets end the search: new ones get the lowest free. */
const GIVE_UP_AFTER = 1024;
const FIRST_DESCRIPTOR = 3;

const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;
/** A `struct sockaddr_in6`, the longer form; the port lies in both at the same place. */
const ADDRESS = new DataView(new ArrayBuffer(28));

/** Answers whether the system took it. Throws `LibCError`. */
export function setSocketOption(socket: number, option: SocketOption, value: number): boolean {
  const { level, name } = option;
  return libC().setsockopt(socket, level, name, numberBytes(value), 4) === 0;
}

/** `undefined` when it is no such socket. Throws `LibCError`. */
export function socketOption(socket: number, { level, name }: SocketOption): number | undefined {
  const value = numberBytes(0);
  if (libC().getsockopt(socket, level, name, value, numberBytes(4)) !== 0) return undefined;
  return new DataView(value.buffer).getInt32(0, true);
}

/**
 * The descriptors of this process's TCP sockets whose own port is `port`, accepted and listening
 * ones. Deno does not tell descriptors, so they are searched for. Throws `LibCError`.
 */
export function socketsOnPort(port: number): number[] {
  const found: number[] = [];
  let misses = 0;
  for (let socket = FIRST_DESCRIPTOR; misses < GIVE_UP_AFTER; socket++) {
    const own = portBy("getsockname", socket);
    misses = own === undefined ? misses + 1 : 0;
    if (own === port) found.push(socket);
  }
  return found;
}

/**
 * Shuts the socket between this port and this peer down in both directions, so that what waits on it
 * fails. Does nothing where the C library cannot be called.
 */
export function shutSocketDown(ownPort: number, peer: ListenAddress): void {
  if (libCIfPermitted() === undefined) return;
  const address = canonical(peer.hostname);
  for (const socket of socketsOnPort(ownPort)) {
    const isPeers = portBy("getpeername", socket) === peer.port && lastAddress() === address;
    if (isPeers) libC().shutdown(socket, SHUT_RDWR);
  }
}

/** One end's port; `undefined` when it is no such socket, -1 when it has no port. */
function portBy(call: "getsockname" | "getpeername", socket: number): number | undefined {
  const length = numberBytes(ADDRESS.byteLength);
  if (libC()[call](socket, new Uint8Array(ADDRESS.buffer), length) !== 0) return undefined;
  const family = ADDRESS.getUint16(0, true);
  return family === AF_INET || family === AF_INET6 ? ADDRESS.getUint16(2) : -1;
}

/** The address that the last call of `portBy` found. */
function lastAddress(): string {
  if (ADDRESS.getUint16(0, true) === AF_INET) {
    return [4, 5, 6, 7].map((at) => ADDRESS.getUint8(at)).join(".");
  }
  const groups = [8, 10, 12, 14, 16, 18, 20, 22].map((at) => ADDRESS.getUint16(at).toString(16));
  return canonical(groups.join(":"));
}

/** One way of writing for each address; without the interface of a link-local one. */
function canonical(address: string): string {
  if (!address.includes(":")) return address;
  return new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname;
}

function numberBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
