import { plainAddress } from "./addresses.ts";
import { type ConnectionState, LINGER_MS } from "./connection_state.ts";
import type { Connection, ConnectionHandler } from "./listener.ts";
import { Outgoing } from "./outgoing.ts";
import { ReadBuffer } from "./read_buffers.ts";
import { shutSocketDown } from "./socket_options.ts";

/** `write` answers false from here on. Twice what a turn usually has for one peer. */
const HIGH_WATER_BYTES = 128 * 1024;

/**
 * The most that one write of the runtime holds on to. Deno keeps the whole array behind a write
 * that waits, so larger ones are copied through a buffer of this size.
 */
const LARGEST_WRITE_BYTES = 64 * 1024;

/** What is used of Deno's connections, plain and TLS. */
export type DenoSocket = Pick<
  Deno.TcpConn,
  "read" | "write" | "close" | "closeWrite" | "localAddr" | "remoteAddr"
>;

/** A `Connection` on Deno's own sockets. */
export class DenoConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #conn: DenoSocket;
  readonly #outgoing = new Outgoing();
  #handler: ConnectionHandler | undefined;
  #state: ConnectionState = "open";
  #sending = false;
  /** Bytes that the running write still has to send. */
  #inFlight = 0;
  #awaitsDrained = false;
  #paused = false;
  #peerEnded = false;
  #wakeReader: (() => void) | undefined;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(conn: DenoSocket) {
    this.#conn = conn;
    this.remoteAddress = plainAddress(conn.remoteAddr.hostname);
    this.remotePort = conn.remoteAddr.port;
  }

  /** A connection that reads, with the handler that it gets; destroyed if there is to be none. */
  static started(
    conn: DenoSocket,
    handler: (connection: DenoConnection) => ConnectionHandler,
  ): DenoConnection {
    const connection = new DenoConnection(conn);
    try {
      connection.#handler = handler(connection);
      void connection.#read();
    } catch (error) {
      connection.destroy();
      throw error;
    }
    return connection;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || bytes.length === 0) return true;
    if (this.#sending) this.#outgoing.push(bytes);
    else void this.#send(bytes);
    if (this.#inFlight + this.#outgoing.size < HIGH_WATER_BYTES) return true;
    this.#awaitsDrained = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wakeReader?.();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#wakeReader?.();
    if (!this.#sending) void this.#endSending();
  }

  destroy(): void {
    if (this.#state === "destroyed" || this.#state === "gone") return;
    this.#state = "destroyed";
    this.#closeSocket();
    queueMicrotask(() => this.#finish(undefined));
  }

  async #read(): Promise<void> {
    const buffer = new ReadBuffer();
    try {
      for (;;) {
        const count = await this.#conn.read(buffer.bytes);
        while (this.#paused && this.#state === "open") await this.#resumed();
        if (this.#isOver()) return;
        if (count === null) break;
        if (this.#state === "open") this.#handler!.data(buffer.bytes.subarray(0, count));
        buffer.follow(count);
      }
      this.#peerEnded = true;
      if (this.#state === "open") this.#handler!.ended();
      else if (this.#lingerTimer !== undefined) this.#finish(undefined);
    } catch (cause) {
      this.#finish(cause);
    } finally {
      buffer.release();
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeReader = resolve;
    });
  }

  async #send(rest: Uint8Array): Promise<void> {
    this.#sending = true;
    let copy: Uint8Array | undefined;
    try {
      for (;;) {
        this.#inFlight = rest.length;
        let portion = rest;
        if (rest.length > LARGEST_WRITE_BYTES) {
          portion = copy ??= new Uint8Array(LARGEST_WRITE_BYTES);
          portion.set(rest.subarray(0, LARGEST_WRITE_BYTES));
        }
        const sent = await this.#conn.write(portion);
        if (this.#isOver()) break;
        if (sent < rest.length) rest = rest.subarray(sent);
        else if (this.#outgoing.size > 0) rest = this.#outgoing.take();
        else break;
      }
      this.#inFlight = 0;
      this.#sending = false;
      if (this.#state === "ending") {
        await this.#endSending();
      } else if (this.#state === "open" && this.#awaitsDrained) {
        this.#awaitsDrained = false;
        this.#handler!.drained();
      }
    } catch (cause) {
      this.#sending = false;
      this.#finish(cause);
    }
  }

  /** Everything was sent: says so, and waits a while for the peer's own end. */
  async #endSending(): Promise<void> {
    try {
      await this.#conn.closeWrite();
    } catch (cause) {
      return this.#finish(cause);
    }
    if (this.#isOver()) return;
    if (this.#peerEnded) return this.#finish(undefined);
    this.#lingerTimer = setTimeout(() => this.#finish(undefined), LINGER_MS);
  }

  #isOver(): boolean {
    return this.#state === "destroyed" || this.#state === "gone";
  }

  #finish(cause: unknown): void {
    if (this.#state === "gone") return;
    const failure = this.#state === "destroyed" ? undefined : cause;
    this.#state = "gone";
    clearTimeout(this.#lingerTimer);
    this.#closeSocket();
    this.#outgoing.clear();
    this.#wakeReader?.();
    this.#handler?.closed(failure);
  }

  #closeSocket(): void {
    try {
      this.#conn.close();
    } catch {
      return; // Closed already.
    }
    if (this.#sending) setTimeout(() => this.#cutWrite(), 0);
  }

  /**
   * A write that waits for a peer that does not read keeps Deno 2.6 from closing the socket; later
   * versions cancel it. Without the permission to call C, the socket stays until the peer moves.
   */
  #cutWrite(): void {
    if (this.#sending) shutSocketDown(this.#conn.localAddr.port, this.#conn.remoteAddr);
  }
}
