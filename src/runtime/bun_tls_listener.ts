import { AcceptFailures } from "./accept_failures.ts";
import { addressText, plainAddress } from "./addresses.ts";
import { type BunListener, bunSockets, type BunTls } from "./bun_api.ts";
import { bunCallbacks, BunConnection, type BunConnectionSocket } from "./bun_connection.ts";
import { DescriptorsReservedError, firstReservedDescriptor } from "./descriptors.ts";
import { type Handshake, Handshakes, TlsRefusal } from "./handshakes.ts";
import { setKeepAliveOfListener } from "./keep_alive.ts";
import { libCIfPermitted } from "./libc.ts";
import {
  ALL_ADDRESSES,
  type ListenAddress,
  type Listener,
  type ListenerHandler,
  type ListenOptions,
  type ListenTls,
  type TlsMaterial,
} from "./listener.ts";

const F_DUPFD_CLOEXEC = 1030;

/** Listens with Bun's TLS sockets, which speak TLS 1.2 and 1.3. */
export class BunTlsListener implements Listener {
  readonly address: ListenAddress;
  readonly #handler: ListenerHandler;
  readonly #failures: AcceptFailures;
  readonly #handshakes: Handshakes;
  /** Peers whose handshake is under way. */
  readonly #agreeing = new Map<BunConnectionSocket, Handshake>();
  readonly #firstReserved = firstReservedDescriptor();
  /** Peers without a certificate by the right authority are sent away. */
  readonly #asksForCertificate: boolean;
  /** The idle time that each accepted socket is still to be told, milliseconds; 0: the system's. */
  readonly #keepAliveMs: number | undefined;
  readonly #ipv6Only: boolean;
  #listener: BunListener;
  #closed = false;

  constructor(
    { hostname, port, keepAlive, tls }: ListenOptions & { readonly tls: ListenTls },
    handler: ListenerHandler,
  ) {
    this.#handler = handler;
    this.#failures = new AcceptFailures(handler);
    this.#handshakes = new Handshakes(tls);
    this.#asksForCertificate = tls.clientAuthority !== undefined;
    const bound = hostname === ALL_ADDRESSES ? "::" : hostname;
    this.#ipv6Only = hostname === "::";
    this.#listener = this.#listen({ hostname: bound, port, ipv6Only: this.#ipv6Only }, tls);
    this.address = { hostname: bound, port: this.#listener.port };
    const inherited = setKeepAliveOfListener(this.address.port, keepAlive);
    if (keepAlive.enabled && !inherited) this.#keepAliveMs = (keepAlive.idleSeconds ?? 0) * 1000;
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#listener.stop(false);
    this.#handshakes.cutAll();
    return Promise.resolve();
  }

  /**
   * A listener of Bun's keeps the certificate that it was opened with, so another one takes over its
   * socket. Without the C library it is closed and opened anew.
   */
  renew(material: TlsMaterial): Promise<void> {
    if (this.#closed) return Promise.resolve();
    try {
      this.#replaceListener(material);
      return Promise.resolve();
    } catch (cause) {
      return Promise.reject(cause);
    }
  }

  #replaceListener(material: TlsMaterial): void {
    const c = libCIfPermitted();
    const old = this.#listener;
    if (c === undefined) {
      const { hostname, port } = this.address;
      // Where it is in nobody's way: material that is of no use costs the peers nothing.
      this.#listen({ hostname: "127.0.0.1", port: 0, ipv6Only: false }, material).stop(false);
      old.stop(false);
      this.#listener = this.#listen({ hostname, port, ipv6Only: this.#ipv6Only }, material);
      return;
    }
    const fd = c.fcntl(old.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) throw new TlsRefusal("FAILED", "No descriptor is left to listen with");
    try {
      this.#listener = this.#listen({ fd }, material);
    } catch (cause) {
      c.close(fd);
      throw cause;
    }
    old.stop(false);
  }

  #listen(
    where: { hostname: string; port: number; ipv6Only: boolean } | { fd: number },
    material: TlsMaterial,
  ): BunListener {
    return bunSockets().listen<BunConnection | undefined>({
      ...where,
      allowHalfOpen: true,
      tls: bunTls(material),
      socket: {
        ...bunCallbacks((socket) => this.#accept(socket)),
        handshake: (socket, agreed, failure) => this.#agreed(socket, agreed, failure),
        close: (socket, failure) => {
          if (socket.data === undefined) this.#left(socket, failure);
          else socket.data.lost(failure);
        },
      },
    });
  }

  #accept(socket: BunConnectionSocket): void {
    // Not to accept is not possible here: the socket would stay ready, and the loop would spin.
    if (socket.fd >= this.#firstReserved) {
      socket.terminate();
      return this.#failures.failed(new DescriptorsReservedError(this.#firstReserved));
    }
    socket.setNoDelay(true);
    if (this.#keepAliveMs !== undefined) socket.setKeepAlive(true, this.#keepAliveMs);
    const peer = addressText({
      hostname: plainAddress(socket.remoteAddress),
      port: socket.remotePort,
    });
    this.#agreeing.set(socket, this.#handshakes.begin(peer, () => socket.terminate()));
  }

  #agreed(socket: BunConnectionSocket, agreed: boolean, failure: Error | null): void {
    const handshake = this.#agreeing.get(socket);
    if (handshake === undefined) return;
    this.#agreeing.delete(socket);
    // Bun tells the peer why, and closes.
    if (!agreed) return handshake.failed(failure);
    if (this.#asksForCertificate && !socket.authorized) {
      handshake.failed(new TlsRefusal("NOT_AUTHORIZED", textOf(failure), { cause: failure }));
      return socket.terminate();
    }
    if (!handshake.succeeded()) return;
    try {
      BunConnection.started(socket, (connection) => this.#handler.connection(connection), true);
    } catch (cause) {
      return this.#failures.failed(cause);
    }
    this.#failures.succeeded();
  }

  /** The socket of a peer that is nobody's connection is gone. */
  #left(socket: BunConnectionSocket, failure: unknown): void {
    const handshake = this.#agreeing.get(socket);
    this.#agreeing.delete(socket);
    handshake?.failed(failure ?? new TlsRefusal("FAILED", "the peer left during the handshake"));
  }
}

function bunTls({ certificate, key, clientAuthority }: TlsMaterial): BunTls {
  const own = { cert: certificate, key };
  return clientAuthority === undefined
    ? own
    : { ...own, ca: clientAuthority, requestCert: true, rejectUnauthorized: true };
}

function textOf(failure: Error | null): string {
  return failure === null ? "its certificate was not accepted" : failure.message;
}
