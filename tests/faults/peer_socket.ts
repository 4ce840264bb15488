import type { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { deadline, PATIENCE_MS } from "../support/mod.ts";
import { type ReplySink, ReplyStream } from "./reply_stream.ts";

export interface PeerHandler extends ReplySink {
  /** What came broke the rules of the protocol, or a callback of this handler threw. */
  fault(error: unknown): void;
  /** The connection is over, whoever ended it. Comes once, last. */
  closed(): void;
}

/** One connection of a load generator: replies come by callback, nothing waits for anything. */
export class PeerSocket {
  readonly #socket: Socket;
  readonly #replies: ReplyStream;
  /** Settles when the connection is over. */
  readonly over: Promise<void>;
  #isOver = false;
  #serverEnded = false;
  #bytesReceived = 0;

  private constructor(socket: Socket, handler: PeerHandler) {
    this.#socket = socket;
    this.#replies = new ReplyStream(handler);
    socket.on("data", (chunk: Buffer) => {
      this.#bytesReceived += chunk.length;
      try {
        this.#replies.push(chunk);
      } catch (error) {
        handler.fault(error);
        socket.destroy();
      }
    });
    socket.on("error", () => {});
    // The peer itself stays open for writing (half-close), so its end has to be answered.
    socket.on("end", () => {
      this.#serverEnded = true;
      socket.end();
    });
    this.over = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isOver = true;
        handler.closed();
        resolve();
      });
    });
  }

  static async connect(port: number, handler: PeerHandler): Promise<PeerSocket> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const opened = new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    await deadline(opened, PATIENCE_MS, `a connection to port ${port}`);
    socket.setNoDelay(true);
    return new PeerSocket(socket, handler);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The server has ended its side. */
  get serverEnded(): boolean {
    return this.#serverEnded;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Bytes of a reply that has not come whole. */
  get unfinished(): number {
    return this.#replies.unfinished;
  }

  /** Bytes that the system has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  send(bytes: Uint8Array): void {
    if (!this.#isOver) this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the sending side only. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Closes; the server is told in the ordinary way, unless replies lie unread. */
  close(): void {
    this.#socket.destroy();
  }

  /** Closes with RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}
