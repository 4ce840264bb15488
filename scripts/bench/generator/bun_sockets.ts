/** What is used of Bun's sockets. Deno checks the types and does not know Bun's. */

export interface BunSocket<Data> {
  data: Data;
  /** How many bytes went into the kernel's buffer, -1 when the socket is closed. */
  write(bytes: Uint8Array): number;
  setNoDelay(noDelay: boolean): boolean;
  /** Closes without a goodbye. */
  terminate(): void;
}

export interface BunCallbacks<Data> {
  open(socket: BunSocket<Data>): void;
  data(socket: BunSocket<Data>, bytes: Uint8Array): void;
  /** There is room again after a write that took less than it was given. */
  drain(socket: BunSocket<Data>): void;
  close(socket: BunSocket<Data>): void;
  error(socket: BunSocket<Data>, cause: Error): void;
}

interface BunSockets {
  connect<Data>(options: {
    hostname: string;
    port: number;
    data: Data;
    socket: BunCallbacks<Data>;
  }): Promise<BunSocket<Data>>;
  listen<Data>(options: {
    hostname: string;
    port: number;
    socket: BunCallbacks<Data>;
  }): unknown;
}

export function bunSockets(): BunSockets {
  const { Bun } = globalThis as unknown as { Bun?: BunSockets };
  if (Bun === undefined) throw new Error("Cannot open sockets: this program runs on Bun only");
  return Bun;
}
