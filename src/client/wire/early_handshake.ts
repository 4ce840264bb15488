import type { TLSSocket } from "node:tls";

/** What Deno 2.6 has below a `TLSSocket`. */
interface HiddenConnection {
  handshake(): Promise<unknown>;
}

/**
 * Settles when the handshake of a connected socket is over; rejects with the reason when it failed. To be asked
 * after `secureConnect`, which Deno 2.6 emits as soon as TCP is connected: how the handshake went, only its own
 * connection below the socket can tell. Other runtimes have nothing of that kind there, or are through already.
 */
export async function handshakeOver(socket: TLSSocket): Promise<void> {
  const handle = (socket as TLSSocket & { readonly _handle?: object | null })._handle ?? {};
  for (const name of Object.getOwnPropertySymbols(handle)) {
    const hidden: unknown = Reflect.get(handle, name);
    if (isConnection(hidden)) await hidden.handshake();
  }
}

function isConnection(value: unknown): value is HiddenConnection {
  return typeof value === "object" && value !== null && "handshake" in value &&
    typeof value.handshake === "function";
}
