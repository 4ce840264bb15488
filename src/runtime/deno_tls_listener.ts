import { setTimeout as sleep } from "node:timers/promises";
import { AcceptFailures } from "./accept_failures.ts";
import { addressText, plainAddress } from "./addresses.ts";
import { DenoAcceptLoop } from "./deno_accept_loop.ts";
import { DenoConnection } from "./deno_connection.ts";
import { DenoTlsSocket } from "./deno_tls_socket.ts";
import { Handshakes, TlsRefusal } from "./handshakes.ts";
import { prepareListener } from "./keep_alive.ts";
import { shutSocketDown } from "./socket_options.ts";
import type {
  ListenAddress,
  Listener,
  ListenerHandler,
  ListenOptions,
  ListenTls,
  TlsMaterial,
} from "./listener.ts";

/** How long to wait before the socket is tried to be opened anew again, milliseconds. */
const REOPEN_MS = 100;

/** `ListenOptions` with TLS; the hostname is numeric. */
export type TlsListenOptions = ListenOptions & { readonly tls: ListenTls };

/**
 * Listens with Deno's TLS sockets, which speak TLS 1.2 and 1.3. They do not ask for client
 * certificates, so a listener that should is never opened.
 */
export class DenoTlsListener implements Listener {
  readonly address: ListenAddress;
  readonly #options: TlsListenOptions;
  readonly #handler: ListenerHandler;
  readonly #handshakes: Handshakes;
  readonly #failures: AcceptFailures;
  #loop: DenoAcceptLoop<Deno.TlsConn>;
  #renewing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: TlsListenOptions, handler: ListenerHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#handshakes = new Handshakes(options.tls);
    this.#failures = new AcceptFailures(handler);
    const listener = listenWith(options, options.port, options.tls);
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
    this.#loop = this.#accept(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#renewing;
    await this.#loop.close();
    this.#handshakes.cutAll();
  }

  renew(material: TlsMaterial): Promise<void> {
    const renewed = this.#renewing.then(() => this.#renew(material));
    this.#renewing = renewed.catch(() => {});
    return renewed;
  }

  /** A listening socket of Deno's keeps the certificate that it was opened with. */
  async #renew(material: TlsMaterial): Promise<void> {
    if (this.#closed) return;
    // Where it is in nobody's way: material that is of no use costs the peers nothing.
    listenWith({ ...this.#options, hostname: "127.0.0.1" }, 0, material).close();
    await this.#loop.close();
    while (!this.#closed) {
      try {
        this.#loop = this.#accept(listenWith(this.#options, this.address.port, material));
        return;
      } catch (cause) {
        // Somebody else was quicker to take the port: to give up would leave nobody who listens.
        this.#failures.failed(cause);
        await sleep(REOPEN_MS);
      }
    }
  }

  #accept(listener: Deno.TlsListener): DenoAcceptLoop<Deno.TlsConn> {
    // Deno sets nothing on sockets with TLS; they have what the listening one passes on.
    prepareListener(this.address.port, this.#options.keepAlive);
    return new DenoAcceptLoop(listener, this.#handler, (conn) => void this.#agree(conn));
  }

  /** Every peer by itself: one that says nothing holds nobody up. */
  async #agree(conn: Deno.TlsConn): Promise<void> {
    const { hostname, port } = conn.remoteAddr;
    const peer = addressText({ hostname: plainAddress(hostname), port });
    const handshake = this.#handshakes.begin(peer, () => cut(conn));
    try {
      await conn.handshake();
    } catch (cause) {
      handshake.failed(cause);
      return closeQuietly(conn);
    }
    if (!handshake.succeeded()) return;
    try {
      DenoConnection.started(
        new DenoTlsSocket(conn),
        (connection) => this.#handler.connection(connection),
      );
    } catch (cause) {
      return this.#failures.failed(cause);
    }
    this.#failures.succeeded();
  }
}

function listenWith(
  { hostname, backlog }: TlsListenOptions,
  port: number,
  { certificate, key, clientAuthority }: TlsMaterial,
): Deno.TlsListener {
  if (clientAuthority !== undefined) {
    throw new TlsRefusal("FAILED", "Deno's sockets do not check certificates of clients");
  }
  const options = { hostname, port, cert: certificate, key, tcpBacklog: backlog };
  return Deno.listenTls(options);
}

/**
 * Deno waits on for the handshake of a socket that was closed, so it is closed under it. Without the
 * permission to call C it stays until the peer moves.
 */
function cut(conn: Deno.TlsConn): void {
  closeQuietly(conn);
  shutSocketDown(conn.localAddr.port, conn.remoteAddr);
}

function closeQuietly(conn: Deno.TlsConn): void {
  try {
    conn.close();
  } catch {
    // Closed already.
  }
}
