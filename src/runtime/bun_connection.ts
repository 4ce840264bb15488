import { plainAddress } from "./addresses.ts";
import type { BunSocket, BunSocketCallbacks } from "./bun_api.ts";
import { type ConnectionState, LINGER_MS } from "./connection_state.ts";
import type { Connection, ConnectionHandler } from "./listener.ts";
import { Outgoing } from "./outgoing.ts";

export type BunConnectionSocket = BunSocket<BunConnection | undefined>;

/** A `Connection` on Bun's own sockets; `bunCallbacks` leads here. */
export class BunConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #socket: BunConnectionSocket;
  readonly #hasTls: boolean;
  readonly #outgoing = new Outgoing();
  #handler: ConnectionHandler | undefined;
  #state: ConnectionState = "open";
  #awaitsDrained = false;
  #peerEnded = false;
  #failure: unknown;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: BunConnectionSocket, hasTls: boolean) {
    this.#socket = socket;
    this.#hasTls = hasTls;
    this.remoteAddress = plainAddress(socket.remoteAddress);
    this.remotePort = socket.remotePort;
  }

  /** A connection with the handler that it gets; destroyed if there is to be none. */
  static started(
    socket: BunConnectionSocket,
    handler: (connection: BunConnection) => ConnectionHandler,
    hasTls = false,
  ): BunConnection {
    const connection = new BunConnection(socket, hasTls);
    socket.data = connection;
    try {
      connection.#handler = handler(connection);
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || bytes.length === 0) return true;
    if (this.#outgoing.size === 0) {
      const sent = this.#socket.write(bytes);
      if (sent === bytes.length) return true;
      // Short, or the socket is gone and its end is about to be told.
      this.#outgoing.push(sent > 0 ? bytes.subarray(sent) : bytes);
    } else {
      this.#outgoing.push(bytes);
    }
    this.#awaitsDrained = true;
    return false;
  }

  pause(): void {
    if (this.#state === "open") this.#socket.pause();
  }

  resume(): void {
    if (this.#state === "open") this.#socket.resume();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#socket.resume();
    if (this.#outgoing.size === 0) this.#endSending();
  }

  destroy(): void {
    if (this.#state === "destroyed" || this.#state === "gone") return;
    this.#state = "destroyed";
    this.#closeSocket();
  }

  // From the socket

  received(bytes: Uint8Array): void {
    if (this.#state === "open") this.#handler!.data(bytes);
  }

  /** The system takes bytes again. Comes without need, too. */
  writable(): void {
    while (this.#outgoing.size > 0) {
      const piece = this.#outgoing.take();
      const sent = this.#socket.write(piece);
      if (sent === piece.length) continue;
      return this.#outgoing.putBack(sent > 0 ? piece.subarray(sent) : piece);
    }
    if (this.#state === "ending") {
      if (this.#lingerTimer === undefined) this.#endSending();
    } else if (this.#awaitsDrained) {
      this.#awaitsDrained = false;
      this.#handler!.drained();
    }
  }

  peerEnded(): void {
    this.#peerEnded = true;
    if (this.#state === "open") this.#handler!.ended();
    else if (this.#lingerTimer !== undefined) this.#closeSocket();
  }

  /** A callback of the handler threw. */
  failed(cause: unknown): void {
    this.#failure ??= cause;
    this.#closeSocket();
  }

  /** The socket is gone, perhaps by a call that the server is making just now. */
  lost(cause: unknown): void {
    queueMicrotask(() => this.#finish(this.#failure ?? cause));
  }

  /** Everything was sent: says so, and waits a while for the peer's own end. */
  #endSending(): void {
    if (this.#peerEnded) return this.#closeSocket();
    this.#socket.shutdown();
    this.#lingerTimer = setTimeout(() => this.#closeSocket(), LINGER_MS);
  }

  #closeSocket(): void {
    if (this.#hasTls) this.#closeTls();
    else this.#socket.end();
    // Whether or not that has told it already.
    this.lost(undefined);
  }

  /**
   * `end` alone would wait until the peer has said its own end, which it may never do; behind
   * `shutdown` it does not. What is cut off in the middle must not look like an end.
   */
  #closeTls(): void {
    if (this.#outgoing.size > 0) return this.#socket.terminate();
    this.#socket.shutdown();
    this.#socket.end();
  }

  #finish(cause: unknown): void {
    if (this.#state === "gone") return;
    const failure = this.#state === "destroyed" ? undefined : cause;
    this.#state = "gone";
    clearTimeout(this.#lingerTimer);
    this.#outgoing.clear();
    this.#handler?.closed(failure);
  }
}

/** What Bun calls, for accepted and dialled sockets; `opened` makes the connection. */
export function bunCallbacks(
  opened: (socket: BunConnectionSocket) => void,
): BunSocketCallbacks<BunConnection | undefined> {
  return {
    binaryType: "uint8array",
    open: opened,
    data: (socket, bytes) => socket.data?.received(bytes),
    drain: (socket) => socket.data?.writable(),
    end: (socket) => socket.data?.peerEnded(),
    close: (socket, failure) => socket.data?.lost(failure),
    error: (socket, failure) => socket.data?.failed(failure),
  };
}
