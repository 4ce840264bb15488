import { addressText } from "./addresses.ts";
import { type ListenAddress, ListenError, type ListenErrorCode } from "./listener.ts";

/** The system's error names, as far as an operator can do something about them. */
const CODES: Readonly<Record<string, ListenErrorCode>> = {
  EADDRINUSE: "ADDRESS_IN_USE",
  EADDRNOTAVAIL: "ADDRESS_NOT_AVAILABLE",
  EAFNOSUPPORT: "ADDRESS_NOT_AVAILABLE",
  // A link-local address without its interface, or a port number with a family that has none.
  EINVAL: "ADDRESS_NOT_AVAILABLE",
  ENOTFOUND: "ADDRESS_NOT_AVAILABLE",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  ECONNREFUSED: "CONNECTION_REFUSED",
};

const STATES: Readonly<Record<ListenErrorCode, string>> = {
  ADDRESS_IN_USE: "another program listens there; stop it or choose another port",
  ADDRESS_NOT_AVAILABLE: "this machine has no such address",
  PERMISSION_DENIED: "not permitted; ports below 1024 need privileges",
  CONNECTION_REFUSED: "nothing listens there",
  SOCKET_FAILED: "the system refused",
};

/** What a runtime threw when it was to bind or to connect, as a `ListenError`. */
export function listenError(
  action: "listen on" | "connect to",
  address: ListenAddress,
  cause: unknown,
): ListenError {
  const code = codeOf(cause);
  const state = code === "SOCKET_FAILED" || isDenied(cause) ? textOf(cause) : STATES[code];
  return new ListenError(code, `Cannot ${action} ${addressText(address)}: ${state}`, { cause });
}

function codeOf(cause: unknown): ListenErrorCode {
  if (!(cause instanceof Error)) return "SOCKET_FAILED";
  if (isDenied(cause)) return "PERMISSION_DENIED";
  const code: unknown = "code" in cause ? cause.code : undefined;
  return (typeof code === "string" ? CODES[code] : undefined) ?? "SOCKET_FAILED";
}

/** Deno's own permission is missing; the system was not asked. */
function isDenied(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "NotCapable";
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
