import process from "node:process";
import { type BunListener, bunSockets } from "./bun_api.ts";
import { bunCallbacks, BunConnection, type BunConnectionSocket } from "./bun_connection.ts";
import { listenError } from "./listen_error.ts";
import {
  ALL_ADDRESSES,
  type ConnectionHandler,
  type Dial,
  type KeepAlive,
  type Listen,
  type ListenAddress,
  type Listener,
  type ListenerHandler,
  type ListenOptions,
} from "./listener.ts";

/**
 * Descriptors that accepted sockets leave free. Bun spins on a listening socket whose accept fails
 * for want of descriptors and reports nothing, so the last ones must not be used up: peers that
 * come then are accepted and closed. The store and the log open their files from the rest.
 */
const RESERVED_DESCRIPTORS = 32;

/** Listens with Bun's own sockets. The kernel's queue is 512 long whatever `backlog` says. */
export const listenOnBun: Listen = (options, handler) => {
  try {
    return Promise.resolve(new BunTcpListener(options, handler));
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
  const connection = new BunConnection(socket);
  socket.data = connection;
  try {
    connection.start(handler(connection));
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

class BunTcpListener implements Listener {
  readonly address: ListenAddress;
  readonly #listener: BunListener;
  readonly #keepAlive: KeepAlive;
  readonly #handler: ListenerHandler;
  readonly #highestDescriptor = openFilesLimit() - RESERVED_DESCRIPTORS;
  #failing = false;

  constructor({ hostname, port, keepAlive }: ListenOptions, handler: ListenerHandler) {
    this.#keepAlive = keepAlive;
    this.#handler = handler;
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
  }

  close(): Promise<void> {
    this.#listener.stop(false);
    return Promise.resolve();
  }

  #accept(socket: BunConnectionSocket): void {
    // Descriptors are numbered from the lowest free one, so the number says how many are in use.
    if (socket.fd >= this.#highestDescriptor) {
      socket.end();
      return this.#failed(
        new Error(`Descriptor ${socket.fd} is one of the last ${RESERVED_DESCRIPTORS}`),
      );
    }
    const { enabled, idleSeconds } = this.#keepAlive;
    if (enabled) socket.setKeepAlive(true, (idleSeconds ?? 0) * 1000);
    try {
      opened(socket, (connection) => this.#handler.connection(connection));
    } catch (cause) {
      return this.#failed(cause);
    }
    if (!this.#failing) return;
    this.#failing = false;
    this.#handler.acceptResumed();
  }

  #failed(cause: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#handler.acceptFailed(cause);
  }
}

/** How many descriptors this process may have open; `Infinity` where that is not known. */
function openFilesLimit(): number {
  const report = process.report as { excludeNetwork?: boolean; getReport?(): unknown } | undefined;
  const { userLimits } = (report?.getReport?.() ?? {}) as {
    userLimits?: { open_files?: { soft?: unknown } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : Infinity;
}
