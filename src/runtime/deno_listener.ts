import { AcceptFailures } from "./accept_failures.ts";
import { DenoConnection } from "./deno_connection.ts";
import {
  DescriptorsReservedError,
  firstReservedDescriptor,
  nextDescriptor,
} from "./descriptors.ts";
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

/** How long to wait before accepting is tried again, milliseconds. */
const RETRY_MS = 100;

/** Failures that are one peer's: it left before it was accepted. */
const PEER_LEFT = ["ECONNABORTED", "ECONNRESET", "ENOTCONN", "EPROTO"];

/** Listens with Deno's own sockets. `::` takes IPv4 too, where the system is set up as usual. */
export const listenOnDeno: Listen = (options, handler) => {
  const { hostname, port, backlog } = options;
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({
      hostname: hostname === ALL_ADDRESSES ? "::" : hostname,
      port,
      tcpBacklog: backlog,
    });
  } catch (cause) {
    return Promise.reject(listenError("listen on", options, cause));
  }
  return Promise.resolve(new DenoListener(listener, options, handler));
};

export const dialOnDeno: Dial = async (address, handler) => {
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname: address.hostname, port: address.port });
  } catch (cause) {
    throw listenError("connect to", address, cause);
  }
  return started(conn, undefined, handler);
};

function started(
  conn: Deno.TcpConn,
  keepAlive: boolean | undefined,
  handler: (connection: DenoConnection) => ConnectionHandler,
): DenoConnection {
  try {
    conn.setNoDelay(true);
    if (keepAlive !== undefined) conn.setKeepAlive(keepAlive);
  } catch {
    // Some systems refuse when the peer is gone already; the first read tells that.
  }
  const connection = new DenoConnection(conn);
  try {
    connection.start(handler(connection));
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return connection;
}

class DenoListener implements Listener {
  readonly address: ListenAddress;
  readonly #listener: Deno.TcpListener;
  /** What each accepted socket is still to be told; `undefined` when the listening one passes it on. */
  readonly #keepAlive: boolean | undefined;
  readonly #handler: ListenerHandler;
  readonly #failures: AcceptFailures;
  readonly #accepting: Promise<void>;
  readonly #firstReserved = firstReservedDescriptor();
  #closed = false;
  #stopWaiting: (() => void) | undefined;

  constructor(listener: Deno.TcpListener, options: ListenOptions, handler: ListenerHandler) {
    this.#listener = listener;
    this.#handler = handler;
    this.#failures = new AcceptFailures(handler);
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
    const inherited = setKeepAliveOfListener(this.address.port, options.keepAlive);
    this.#keepAlive = inherited ? undefined : options.keepAlive.enabled;
    this.#accepting = this.#accept();
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#listener.close();
      this.#stopWaiting?.();
    }
    // The accept that waits holds the port until it has been cancelled.
    return this.#accepting;
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        // Those that come wait in the kernel's queue.
        if (nextDescriptor() >= this.#firstReserved) {
          throw new DescriptorsReservedError(this.#firstReserved);
        }
        const conn = await this.#listener.accept();
        started(
          conn,
          this.#keepAlive,
          (connection) => this.#handler.connection(connection),
        );
        this.#failures.succeeded();
      } catch (cause) {
        if (this.#closed) return;
        if (hasCode(cause, PEER_LEFT)) continue;
        this.#failures.failed(cause);
        await this.#waitBeforeRetry();
      }
    }
  }

  /** The same call would fail again at once. */
  async #waitBeforeRetry(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function hasCode(cause: unknown, codes: readonly string[]): boolean {
  return cause instanceof Error && "code" in cause && codes.includes(String(cause.code));
}
