import { AcceptFailures } from "./accept_failures.ts";
import { type BunListener, bunSockets } from "./bun_api.ts";
import { bunCallbacks, BunConnection, type BunConnectionSocket } from "./bun_connection.ts";
import { BunTlsListener } from "./bun_tls_listener.ts";
import { DescriptorsReservedError, firstReservedDescriptor } from "./descriptors.ts";
import { setKeepAliveOfListener } from "./keep_alive.ts";
import { listenError } from "./listen_error.ts";
import {
  ALL_ADDRESSES,
  type ConnectionHandler,
  type Dial,
  type Listen,
  type ListenAddress,
  type Listener,
  type ListenerHandler,
  type ListenOptions,
} from "./listener.ts";

/** Listens with Bun's own sockets. The kernel's queue is 512 long whatever `backlog` says. */
export const listenOnBun: Listen = (options, handler) => {
  const { tls } = options;
  try {
    return Promise.resolve(
      tls === undefined
        ? new BunTcpListener(options, handler)
        : new BunTlsListener({ ...options, tls }, handler),
    );
  } catch (cause) {
    return Promise.reject(listenError("listen on", options, cause));
  }
};

export const dialOnBun: Dial = async (address, handler) => {
  let connection: BunConnection | undefined;
  let thrown: unknown;
  try {
    await bunSockets().connect<BunConnection | undefined>({
      ...address,
      allowHalfOpen: true,
      socket: bunCallbacks((socket) => {
        try {
          connection = opened(socket, handler);
        } catch (error) {
          thrown = error;
        }
      }),
    });
  } catch (cause) {
    throw listenError("connect to", address, cause);
  }
  if (connection === undefined) throw thrown;
  return connection;
};

function opened(
  socket: BunConnectionSocket,
  handler: (connection: BunConnection) => ConnectionHandler,
): BunConnection {
  socket.setNoDelay(true);
  return BunConnection.started(socket, handler);
}

class BunTcpListener implements Listener {
  readonly address: ListenAddress;
  readonly #listener: BunListener;
  /** The idle time that each accepted socket is still to be told, milliseconds; 0: the system's. */
  readonly #keepAliveMs: number | undefined;
  readonly #handler: ListenerHandler;
  readonly #firstReserved = firstReservedDescriptor();
  readonly #failures: AcceptFailures;

  constructor({ hostname, port, keepAlive }: ListenOptions, handler: ListenerHandler) {
    this.#handler = handler;
    this.#failures = new AcceptFailures(handler);
    this.#listener = bunSockets().listen<BunConnection | undefined>({
      hostname: hostname === ALL_ADDRESSES ? "::" : hostname,
      port,
      ipv6Only: hostname === "::",
      allowHalfOpen: true,
      socket: bunCallbacks((socket) => this.#accept(socket)),
    });
    this.address = {
      hostname: hostname === ALL_ADDRESSES ? "::" : hostname,
      port: this.#listener.port,
    };
    const inherited = setKeepAliveOfListener(this.address.port, keepAlive);
    if (keepAlive.enabled && !inherited) this.#keepAliveMs = (keepAlive.idleSeconds ?? 0) * 1000;
  }

  close(): Promise<void> {
    this.#listener.stop(false);
    return Promise.resolve();
  }

  #accept(socket: BunConnectionSocket): void {
    // Not to accept is not possible here: the socket would stay ready, and the loop would spin.
    if (socket.fd >= this.#firstReserved) {
      socket.end();
      return this.#failures.failed(new DescriptorsReservedError(this.#firstReserved));
    }
    if (this.#keepAliveMs !== undefined) socket.setKeepAlive(true, this.#keepAliveMs);
    try {
      opened(socket, (connection) => this.#handler.connection(connection));
    } catch (cause) {
      return this.#failures.failed(cause);
    }
    this.#failures.succeeded();
  }
}
