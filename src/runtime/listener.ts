/**
 * Sockets as the server sees them: the same shape on every runtime.
 *
 * A listener hands each accepted socket to the server once; from then on the runtime calls the
 * handler that the server gave back. All callbacks of one process run on one event loop, never
 * inside a call that the server makes (no callback from within `write` or `destroy`).
 */

/**
 * The hostname that means every address of the machine, IPv4 and IPv6, on each runtime. (A plain
 * `::` is IPv6 only on Bun and both on Deno, which cannot set IPV6_V6ONLY.)
 */
export const ALL_ADDRESSES = "*";

/**
 * Where to listen. `port` 0 lets the system choose; `hostname` is one numeric address, or
 * `ALL_ADDRESSES`.
 */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * TCP keep-alive of accepted sockets; seconds, and a count of probes. `undefined`: the system's own.
 * Not every runtime can set all of it: `ignoredKeepAliveSettings` names what this one leaves alone.
 */
export interface KeepAlive {
  readonly enabled: boolean;
  readonly idleSeconds?: number | undefined;
  readonly intervalSeconds?: number | undefined;
  readonly probes?: number | undefined;
}

export interface ListenOptions extends ListenAddress {
  /** Length of the kernel's queue of connections not yet accepted, where the runtime lets it be set. */
  readonly backlog: number;
  readonly keepAlive: KeepAlive;
  /** Peers must speak TLS. A connection is handed to the server once they have agreed on it. */
  readonly tls?: ListenTls | undefined;
}

/** What a TLS server shows and asks for: texts in PEM form. */
export interface TlsMaterial {
  /** The server's certificate, and behind it those that lead to its authority. */
  readonly certificate: string;
  readonly key: string;
  /**
   * Only peers with a certificate by this authority are let in. Not every runtime can check them:
   * see `checksClientCertificates`.
   */
  readonly clientAuthority?: string | undefined;
}

export interface ListenTls extends TlsMaterial {
  /** From the accept to the end of the handshake, milliseconds. */
  readonly handshakeMs: number;
  /** Handshakes under way at once: one more cuts the oldest. */
  readonly maxHandshakes: number;
  /** TLS could not be agreed on; the peer is gone. `peer`: its address and port. */
  refused(peer: string, cause: unknown): void;
}

/**
 * What the server does with one socket. A callback that throws costs its connection: it is
 * destroyed, and `closed` gets what was thrown.
 */
export interface ConnectionHandler {
  /** Bytes from the peer. The array is only valid during the call: copy what is kept. */
  data(bytes: Uint8Array): void;
  /** Everything buffered was sent, after a `write` that answered false. */
  drained(): void;
  /** The peer sends no more, but may still read (half-close). Comes at most once, before `closed`. */
  ended(): void;
  /** The socket is gone. Comes exactly once, last. `cause` is the failure, if it was one. */
  closed(cause: unknown): void;
}

/** One accepted (or dialled) socket. */
export interface Connection {
  /** The peer's numeric address, IPv4-mapped IPv6 addresses written as IPv4. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /**
   * Sends bytes. The array belongs to the connection until they are sent: the caller must not
   * change it. Answers false when the bytes are buffered and the caller should wait for `drained`.
   * Never throws; after `end`, `destroy` or the loss of the socket it does nothing and answers true.
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Stops and resumes `data` (and `ended`). At most one read (64 KiB) is held meanwhile. A paused
   * connection may learn of its peer's loss only when it is resumed or written to.
   */
  pause(): void;
  resume(): void;
  /**
   * Sends what is buffered, then closes. From now on nothing is read or taken: there is no `data`,
   * `drained` or `ended` any more. A peer that has not ended its side gets the end of the stream
   * and a short while to answer with its own (what it still sends is thrown away), because closing
   * over unread bytes would reset the connection and could cost the peer the last reply. There is
   * no deadline on the sending itself: who calls `end` decides when to `destroy`.
   */
  end(): void;
  /** Closes now; unsent bytes are dropped. `closed` comes in a later turn, without a cause. */
  destroy(): void;
}

export interface ListenerHandler {
  /** A socket was accepted: answers who handles it. */
  connection(connection: Connection): ConnectionHandler;
  /**
   * Accepting failed: descriptors are exhausted (the last 32 are kept for files, where the limit is
   * known), or `connection` threw. The listener keeps listening without spinning; it reports the
   * first failure of a row, and its end when a second went by without one. Peers that come meanwhile
   * wait in the kernel's queue on Deno; on Bun they are closed at once.
   */
  acceptFailed(cause: unknown): void;
  acceptResumed(): void;
}

/** A listening socket. */
export interface Listener {
  /**
   * The address that was really bound (with the port that the system chose). For `ALL_ADDRESSES`
   * the hostname is `::`, or `0.0.0.0` on a machine without IPv6.
   */
  readonly address: ListenAddress;
  /** Stops accepting; resolves when the port is free. Accepted connections live on. */
  close(): Promise<void>;
  /**
   * Only of a listener with TLS: handshakes that begin from now on get this. Connections live on.
   * Rejects, and leaves all as it was, when the runtime cannot use it. Deno has to open the socket
   * anew for it: for some milliseconds new peers are refused.
   */
  renew?(material: TlsMaterial): Promise<void>;
}

/** Opens a listener; rejects with a `ListenError` when the address cannot be bound. */
export type Listen = (options: ListenOptions, handler: ListenerHandler) => Promise<Listener>;

/** Connects to a server; rejects with a `ListenError` when it cannot be reached. No deadline. */
export type Dial = (
  address: ListenAddress,
  handler: (connection: Connection) => ConnectionHandler,
) => Promise<Connection>;

export type ListenErrorCode =
  | "ADDRESS_IN_USE"
  | "ADDRESS_NOT_AVAILABLE"
  | "PERMISSION_DENIED"
  | "CONNECTION_REFUSED"
  | "SOCKET_FAILED";

export class ListenError extends Error {
  readonly code: ListenErrorCode;
  constructor(code: ListenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ListenError";
    this.code = code;
  }
}
