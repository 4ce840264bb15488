/** What is used of Bun's sockets. Deno checks the types and does not know Bun's. */

export interface BunSocket<Data> {
  data: Data;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The descriptor. */
  readonly fd: number;
  /** Answers how many bytes the system took, or -1 when the socket is gone. */
  write(bytes: Uint8Array): number;
  /** Closes both directions, calling `close` before it returns. */
  end(): void;
  /** Closes at once, without a word; calls `close` before it returns. */
  terminate(): void;
  /** Closes the sending direction. */
  shutdown(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, idleMs: number): boolean;
  /** With TLS: the peer showed a certificate by the authority that was asked for. */
  readonly authorized: boolean;
}

export interface BunSocketCallbacks<Data> {
  readonly binaryType: "uint8array";
  open(socket: BunSocket<Data>): void;
  /** With TLS only, at its end. `failure` may be there without need: nobody asked for a certificate. */
  handshake?(socket: BunSocket<Data>, agreed: boolean, failure: Error | null): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  drain(socket: BunSocket<Data>): void;
  end(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>, failure?: unknown): void;
  /** One of the callbacks threw. */
  error(socket: BunSocket<Data>, failure: unknown): void;
}

export interface BunListener {
  readonly hostname: string;
  readonly port: number;
  readonly fd: number;
  stop(closeConnections: boolean): void;
}

/** Texts in PEM form. */
export interface BunTls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
}

export interface BunSockets {
  /** `fd`: a socket that listens already, which then belongs to the listener; `port` is not known. */
  listen<Data>(
    options:
      & ({ hostname: string; port: number; ipv6Only: boolean } | { fd: number })
      & { allowHalfOpen: boolean; tls?: BunTls; socket: BunSocketCallbacks<Data> },
  ): BunListener;
  connect<Data>(options: {
    hostname: string;
    port: number;
    allowHalfOpen: boolean;
    socket: BunSocketCallbacks<Data>;
  }): Promise<BunSocket<Data>>;
}

/** Bun's sockets. Only on Bun. */
export function bunSockets(): BunSockets {
  return (globalThis as unknown as { Bun: BunSockets }).Bun;
}
