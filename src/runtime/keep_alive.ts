import { libCIfPermitted } from "./libc.ts";
import type { KeepAlive } from "./listener.ts";
import { runtimeName } from "./runtime_name.ts";
import { setSocketOption, SocketOption, socketOption, socketsOnPort } from "./socket_options.ts";

/** A setting of keep-alive that was given a value. */
export type KeepAliveSetting = "idleSeconds" | "intervalSeconds" | "probes";

const SETTINGS: readonly KeepAliveSetting[] = ["idleSeconds", "intervalSeconds", "probes"];

const OPTIONS = {
  idleSeconds: SocketOption.KEEP_IDLE_SECONDS,
  intervalSeconds: SocketOption.KEEP_INTERVAL_SECONDS,
  probes: SocketOption.KEEP_PROBES,
} as const;

/**
 * The settings that accepted sockets will not get. Deno's sockets know on and off only, Bun's the
 * idle time too (and then probe every second, ten times); all of it takes glibc and, on Deno, the
 * permission to call it.
 */
export function ignoredKeepAliveSettings(keepAlive: KeepAlive): readonly KeepAliveSetting[] {
  const given = givenSettings(keepAlive);
  if (given.length === 0 || canCallC()) return [];
  return runtimeName === "deno" ? given : given.filter((setting) => setting !== "idleSeconds");
}

/**
 * Sets everything on the listening sockets of this process on `port`: on Linux the sockets that they
 * accept inherit it. Answers false when that is not possible or not needed, so that the runtime's
 * own call is to be used on each accepted socket.
 */
export function setKeepAliveOfListener(port: number, keepAlive: KeepAlive): boolean {
  const given = givenSettings(keepAlive);
  if (given.length === 0 || !canCallC()) return false;
  const listening = listeningOn(port);
  for (const socket of listening) {
    setSocketOption(socket, SocketOption.KEEP_ALIVE, 1);
    for (const setting of given) setSocketOption(socket, OPTIONS[setting], keepAlive[setting]!);
  }
  return listening.length > 0;
}

/**
 * The same for sockets whose runtime offers nothing to set on what they accept: keep-alive on or off,
 * and that small writes leave at once. Without the C library the system's defaults stay.
 */
export function prepareListener(port: number, keepAlive: KeepAlive): void {
  if (!canCallC()) return;
  const given = givenSettings(keepAlive);
  for (const socket of listeningOn(port)) {
    setSocketOption(socket, SocketOption.KEEP_ALIVE, keepAlive.enabled ? 1 : 0);
    setSocketOption(socket, SocketOption.NO_DELAY, 1);
    for (const setting of given) setSocketOption(socket, OPTIONS[setting], keepAlive[setting]!);
  }
}

function listeningOn(port: number): number[] {
  return socketsOnPort(port).filter((socket) => socketOption(socket, SocketOption.ACCEPTS) === 1);
}

function givenSettings(keepAlive: KeepAlive): KeepAliveSetting[] {
  return SETTINGS.filter((setting) => keepAlive.enabled && keepAlive[setting] !== undefined);
}

function canCallC(): boolean {
  return libCIfPermitted() !== undefined;
}
