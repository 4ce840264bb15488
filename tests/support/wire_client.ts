import assert from "node:assert/strict";
import type { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import {
  bytesOf,
  type ByteString,
  byteStringFrom,
  byteStringFromText,
  encodeRequest,
  HEADER_BYTES,
  type PacketContent,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";
import { ByteQueue } from "./byte_queue.ts";
import { deadline, PATIENCE_MS } from "./deadline.ts";
import { cutUp, describePacket, type ReceivedPacket } from "./received_packet.ts";

export interface WireClientOptions {
  readonly hostname?: string;
  /** How long each read may take; default `PATIENCE_MS`. */
  readonly patienceMs?: number;
}

/** How the server ended the connection, as far as this runtime tells. */
export type Ending = "end" | "reset";

/**
 * One TCP connection that speaks the protocol byte by byte. Reads have a deadline and are done one
 * after the other. The test decides what comes next, a packet (`readPacket`) or text (`readLine`).
 */
export class WireClient {
  readonly #socket: Socket;
  readonly #patienceMs: number;
  readonly #received = new ByteQueue();
  #ending: Ending | undefined;
  #closed = false;
  #watcher: (() => void) | undefined;
  #echoes = 0;

  private constructor(socket: Socket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    socket.on("data", (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#watcher?.();
    });
    socket.on("end", () => this.#endedBy("end"));
    socket.on("error", () => this.#endedBy("reset"));
    socket.on("close", () => {
      this.#closed = true;
      this.#endedBy("end");
    });
  }

  static async connect(port: number, options: WireClientOptions = {}): Promise<WireClient> {
    const hostname = options.hostname ?? "127.0.0.1";
    const patienceMs = options.patienceMs ?? PATIENCE_MS;
    const socket = connect({ port, host: hostname, allowHalfOpen: true });
    await deadline(
      new Promise<void>((resolve, reject) => {
        socket.once("connect", () => resolve());
        socket.once("error", reject);
      }),
      patienceMs,
      `a connection to ${hostname}:${port}`,
    );
    socket.setNoDelay(true);
    return new WireClient(socket, patienceMs);
  }

  /** Sends bytes as they are. Answers false when the system takes no more for now. */
  sendBytes(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** Sends text (UTF-8), usually an admin command with its `\n`. */
  sendText(text: string): boolean {
    return this.sendBytes(bytesOf(byteStringFromText(text)));
  }

  /** Sends a request packet. */
  send(name: PacketTypeName, content: PacketContent = {}): boolean {
    return this.sendBytes(encodeRequest(PacketType[name], content));
  }

  /** Resolves when all that was sent has been handed to the system. */
  async flushed(): Promise<void> {
    await deadline(
      new Promise<void>((resolve) => this.#socket.write(new Uint8Array(0), () => resolve())),
      this.#patienceMs,
      "the system to take what was sent",
    );
  }

  /** The next packet. */
  async readPacket(): Promise<ReceivedPacket> {
    return await this.#wait(() => {
      const first = this.#received.peek(1)?.[0] ?? 0;
      assert.equal(first, 0, `expected a packet, got ${first === 0 ? "" : this.#seen()}`);
      const header = this.#received.peek(HEADER_BYTES);
      if (header === undefined) return undefined;
      const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
      const magic = view.getUint32(0);
      const type = view.getUint32(4);
      const whole = this.#received.take(HEADER_BYTES + view.getUint32(8));
      return whole && cutUp(magic, type, whole.subarray(HEADER_BYTES));
    }, "a packet");
  }

  /** The next packet, which must be of this type. */
  async expect(name: PacketTypeName): Promise<ReceivedPacket> {
    const packet = await this.readPacket();
    const seen = packet.name === name ? "" : describePacket(packet);
    assert.equal(packet.name, name, `expected ${name}, got ${seen}`);
    return packet;
  }

  /** Sends a request and reads the next packet, which must be of the given type. */
  async ask(
    request: PacketTypeName,
    content: PacketContent,
    reply: PacketTypeName,
  ): Promise<ReceivedPacket> {
    this.send(request, content);
    return await this.expect(reply);
  }

  /** Text up to and including the first `mark`, as a byte string. */
  async readThrough(mark: ByteString): Promise<ByteString> {
    const bytes = bytesOf(mark);
    const text = await this.#wait(
      () => this.#received.takeThrough(bytes),
      `text ending in ${JSON.stringify(mark)}`,
    );
    return byteStringFrom(text);
  }

  /** One line with its terminator (`\n` or `\r\n`). */
  async readLine(): Promise<ByteString> {
    return await this.readThrough("\n");
  }

  /** The lines of a listing, without terminators and without the `.` that ends it. */
  async readListing(): Promise<ByteString[]> {
    const lines: ByteString[] = [];
    for (;;) {
      const line = (await this.readLine()).replace(/\r?\n$/, "");
      if (line === ".") return lines;
      lines.push(line);
    }
  }

  /** Exactly this many bytes. */
  async readBytes(count: number): Promise<Uint8Array> {
    return await this.#wait(() => this.#received.take(count), `${count} bytes`);
  }

  /** All that comes until the server closes. */
  async readToEnd(): Promise<Uint8Array> {
    await this.waitForEnd();
    return this.#received.takeAll();
  }

  /** Waits until the server has closed its side; answers how. What it sent before stays readable. */
  async waitForEnd(): Promise<Ending> {
    return await this.#wait(() => this.#ending, "the server to close the connection", true);
  }

  /**
   * Proves that the server has sent nothing: asks for an echo, whose answer must come next. Replies
   * to one connection keep the order of its requests, so nothing can hide behind it.
   */
  async expectSilence(): Promise<void> {
    const mark = `silence ${++this.#echoes}`;
    const echo = await this.ask("ECHO_REQ", { data: mark }, "ECHO_RES");
    assert.equal(byteStringFrom(echo.data), mark);
  }

  /** Bytes that came and were not read. */
  get unreadBytes(): number {
    return this.#received.length;
  }

  /** Stops reading: the server's replies pile up in the system, then in the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the sending side only; replies still come. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Closes with RST. */
  async reset(): Promise<void> {
    this.#socket.resetAndDestroy();
    await this.#untilClosed();
  }

  /** Closes. */
  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#untilClosed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #untilClosed(): Promise<void> {
    if (this.#closed) return;
    await deadline(
      new Promise<void>((resolve) => this.#socket.once("close", () => resolve())),
      this.#patienceMs,
      "the socket to close",
    );
  }

  #endedBy(ending: Ending): void {
    this.#ending ??= ending;
    this.#watcher?.();
  }

  async #wait<T>(look: () => T | undefined, what: string, pastEnd = false): Promise<T> {
    assert.equal(this.#watcher, undefined, "reads of one connection must not overlap");
    const found = new Promise<T>((resolve, reject) => {
      this.#watcher = () => {
        try {
          const value = look();
          if (value !== undefined) {
            // More chunks may come before the reader goes on: they are the next read's.
            this.#watcher = () => {};
            resolve(value);
          } else if (this.#ending !== undefined && !pastEnd) {
            throw new Error(`The connection ended (${this.#ending}) before ${what} came`);
          }
        } catch (error) {
          reject(error);
        }
      };
      this.#watcher();
    });
    try {
      return await deadline(found, this.#patienceMs, what, () => this.#seen());
    } finally {
      this.#watcher = undefined;
    }
  }

  #seen(): string {
    const bytes = this.#received.peek(Math.min(60, this.#received.length)) ?? new Uint8Array(0);
    return `${this.#received.length} bytes unread, beginning ${
      JSON.stringify(byteStringFrom(bytes))
    }`;
  }
}
