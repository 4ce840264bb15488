import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import {
  encodeRequest,
  MAGIC_REPLY,
  type Packet,
  type PacketContent,
  PacketDecoder,
  type PacketSink,
  type PacketType,
} from "../../protocol/mod.ts";
import { deferred } from "./deferred.ts";
import { ConnectionLostError, GearmanError } from "./errors.ts";
import { type ConnectOptions, openSocket } from "./open_socket.ts";
import { type ServerAddress, serverText } from "./server_address.ts";
import { isTlsRefusal, tlsFailure } from "./tls_failure.ts";
import { isTlsAlert } from "./tls_options.ts";

/** What is told about a connection. No call comes after `lost`. */
export interface ConnectionEvents {
  /** A packet from the server; valid only during the call. */
  packet(packet: Packet): void;
  /** The connection is over, by the peer, a failure or `close`. Comes once. */
  lost(cause: GearmanError): void;
}

/** Bounds of what a server may send: those of a server for its peers. */
const LIMITS = {
  maxPacketBytes: 256 * 1024 * 1024,
  maxArgumentBytes: 8192,
  maxLineBytes: 8192,
};

/** What may wait to be sent without those who send being held up. */
const MOST_UNSENT_BYTES = 1024 * 1024;

/** How long a server may take to read what was sent before the connection was closed. */
const LONGEST_GOODBYE_MS = 60_000;
/** How long it may then take to close its side of a TLS connection. */
const LONGEST_ANSWER_MS = 5000;

/** One connection to a job server: packets out, packets in. Runs wherever `node:net` and `node:tls` do. */
export class WireConnection implements PacketSink {
  /** `host:port` of the server. */
  readonly server: string;
  readonly #encrypted: boolean;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #decoder: PacketDecoder;
  #lost = false;
  #heard = false;
  readonly #gone = deferred<void>();

  private constructor(
    { server, encrypted }: { readonly server: string; readonly encrypted: boolean },
    socket: Socket,
    events: ConnectionEvents,
  ) {
    this.server = server;
    this.#encrypted = encrypted;
    this.#socket = socket;
    this.#events = events;
    this.#decoder = new PacketDecoder(this, LIMITS);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("error", (error: Error) => this.#end(error));
    socket.on("end", () => this.#end(undefined));
    socket.on("close", () => {
      this.#gone.resolve();
      this.#end(undefined);
    });
  }

  /** @throws {GearmanError} `CONNECT_FAILED`, `TLS_FAILED`, `ABORTED` */
  static async open(
    address: ServerAddress,
    options: ConnectOptions,
    events: ConnectionEvents,
  ): Promise<WireConnection> {
    const socket = await openSocket(address, options);
    const place = { server: serverText(address), encrypted: address.tls !== undefined };
    return new WireConnection(place, socket, events);
  }

  /** Sends a packet; packets of one turn leave together. Does nothing once the connection is lost. */
  send(type: PacketType, content: PacketContent = {}): void {
    if (this.#lost) return;
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      queueMicrotask(() => this.#socket.uncork());
    }
    this.#socket.write(encodeRequest(type, content));
  }

  /** Bytes that the system has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /**
   * Settles when the system has taken what was sent, up to a rest that is worth no waiting, or when the
   * connection is lost: for those who send faster than the peer reads.
   */
  async drained(): Promise<void> {
    while (!this.#lost && this.#socket.writableLength > MOST_UNSENT_BYTES) {
      await new Promise<void>((resolve) => {
        const on = ["drain", "close"] as const;
        const go = () => {
          for (const name of on) this.#socket.off(name, go);
          resolve();
        };
        for (const name of on) this.#socket.on(name, go);
      });
    }
  }

  /** Settles when the socket is closed: after `close`, when all that was sent has left the process. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Sends what is written, then closes. `lost` comes at once, `gone` settles at the end. */
  close(): void {
    if (this.#lost) return;
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
    this.#socket.end();
    const socket = this.#socket;
    let tooLong = setTimeout(() => socket.destroy(), LONGEST_GOODBYE_MS);
    socket.once("finish", () => {
      if (!this.#encrypted) return socket.destroySoon();
      // On Bun the last bytes may still be in the process: the peer's own end shows that they are not.
      clearTimeout(tooLong);
      tooLong = setTimeout(() => socket.destroy(), LONGEST_ANSWER_MS);
    });
    socket.once("close", () => clearTimeout(tooLong));
    this.#end(new GearmanError("CLOSED", `Connection to "${this.server}" was closed`));
  }

  /** Closes at once: what has not been sent is not sent any more. */
  cut(): void {
    this.#end(new GearmanError("CLOSED", `Connection to "${this.server}" was closed`));
    this.#socket.destroy();
  }

  /** Does not keep the process alive (while it is idle), or does again. */
  keepAlive(yes: boolean): void {
    if (yes) this.#socket.ref();
    else this.#socket.unref();
  }

  packet(packet: Packet): void {
    if (packet.magic === MAGIC_REPLY) this.#events.packet(packet);
    else this.#misbehaved(`a request, ${packet.shape.name}`);
  }

  malformed(packet: Packet): void {
    this.#misbehaved(`a malformed ${packet.shape.name}`);
  }

  line(): void {
    this.#misbehaved("text");
  }

  #received(chunk: Uint8Array): void {
    const first = !this.#heard;
    this.#heard = true;
    if (first && isTlsAlert(chunk)) {
      return this.#misbehaved("a TLS alert: it is to be spoken to with TLS");
    }
    try {
      // What is cut out of it goes to users, who were promised a plain Uint8Array, not a Buffer.
      this.#decoder.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } catch (cause) {
      this.#misbehaved("something else than Gearman packets", cause);
    }
  }

  #misbehaved(what: string, cause?: unknown): void {
    this.#end(new GearmanError("PROTOCOL", `Server "${this.server}" sent ${what}`, { cause }));
  }

  #end(cause: unknown): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#decoder.stop();
    const closing = cause instanceof GearmanError && cause.code === "CLOSED";
    if (!closing) this.#socket.destroy();
    this.#events.lost(cause instanceof GearmanError ? cause : this.#loss(cause));
  }

  #loss(cause: unknown): GearmanError {
    if (!this.#heard && cause instanceof Error && isTlsRefusal(cause)) {
      return tlsFailure(this.server, cause);
    }
    return new ConnectionLostError(this.server, { cause }, this.#heard);
  }
}
