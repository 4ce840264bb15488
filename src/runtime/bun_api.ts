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
  /** Closes the sending direction. */
  shutdown(): void;
  pause(): void;
  resume(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, idleMs: number): boolean;
}

export interface BunSocketCallbacks<Data> {
  readonly binaryType: "uint8array";
  open(socket: BunSocket<Data>): void;
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

export interface BunSockets {
  listen<Data>(options: {
    hostname: string;
    port: number;
    ipv6Only: boolean;
    allowHalfOpen: boolean;
    socket: BunSocketCallbacks<Data>;
  }): BunListener;
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
