/**
 * Sockets as the server sees them: the same shape on every runtime.
 *
 * A listener hands each accepted socket to the server once; from then on the runtime calls the
 * handler that the server gave back. All callbacks of one process run on one event loop, never
 * inside a call that the server makes (no callback from within `write` or `destroy`).
 */

/** Where to listen. `port` 0 lets the system choose; `hostname` is one numeric address. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** TCP keep-alive of accepted sockets; seconds, and a count of probes. `undefined`: the system's own. */
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
}

/** What the server does with one socket. */
export interface ConnectionHandler {
  /** Bytes from the peer. The array is only valid during the call: copy what is kept. */
  data(bytes: Uint8Array): void;
  /** The socket takes bytes again, after a `write` that answered false. */
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
   * Never throws; after the socket is gone it does nothing.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops and resumes `data` (and `ended`). */
  pause(): void;
  resume(): void;
  /** Sends what is buffered, then closes. */
  end(): void;
  /** Closes now; unsent bytes are dropped. */
  destroy(): void;
}

export interface ListenerHandler {
  /** A socket was accepted: answers who handles it. */
  connection(connection: Connection): ConnectionHandler;
  /**
   * Accepting failed (descriptors exhausted, say). The listener keeps listening and waits before it
   * tries again; it reports the first failure of a row and its end.
   */
  acceptFailed(cause: unknown): void;
  acceptResumed(): void;
}

/** A listening socket. */
export interface Listener {
  /** The address that was really bound (with the port that the system chose). */
  readonly address: ListenAddress;
  /** Stops accepting; resolves when the port is free. Accepted connections live on. */
  close(): Promise<void>;
}

/** Opens a listener; rejects with a `ListenError` when the address cannot be bound. */
export type Listen = (options: ListenOptions, handler: ListenerHandler) => Promise<Listener>;

/** Connects to a server; rejects with a `ListenError` when it cannot be reached. */
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
