import { DenoAcceptLoop } from "./deno_accept_loop.ts";
import { DenoConnection } from "./deno_connection.ts";
import { DenoTlsListener } from "./deno_tls_listener.ts";
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

/** Listens with Deno's own sockets. `::` takes IPv4 too, where the system is set up as usual. */
export const listenOnDeno: Listen = (options, handler) => {
  const hostname = options.hostname === ALL_ADDRESSES ? "::" : options.hostname;
  const { tls } = options;
  try {
    return Promise.resolve(
      tls === undefined
        ? new DenoListener({ ...options, hostname }, handler)
        : new DenoTlsListener({ ...options, hostname, tls }, handler),
    );
  } catch (cause) {
    return Promise.reject(listenError("listen on", options, cause));
  }
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
  return DenoConnection.started(conn, handler);
}

class DenoListener implements Listener {
  readonly address: ListenAddress;
  readonly #loop: DenoAcceptLoop<Deno.TcpConn>;

  constructor({ hostname, port, backlog, keepAlive }: ListenOptions, handler: ListenerHandler) {
    const listener = Deno.listen({ hostname, port, tcpBacklog: backlog });
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
    const inherited = setKeepAliveOfListener(this.address.port, keepAlive);
    // What each accepted socket is still to be told.
    const own = inherited ? undefined : keepAlive.enabled;
    this.#loop = new DenoAcceptLoop(listener, handler, (conn) => {
      started(conn, own, (connection) => handler.connection(connection));
    });
  }

  close(): Promise<void> {
    return this.#loop.close();
  }
}
