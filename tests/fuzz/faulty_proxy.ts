import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { PacketType } from "../../src/protocol/mod.ts";

/** What a proxy does wrong on the way from the server to its peers. */
export type ProxyFault =
  /** Nothing. */
  | "none"
  /** Two packets of one connection change places. */
  | "swap"
  /** A byte of data is one of another connection's. */
  | "leak"
  /** A packet goes to another connection as well. */
  | "cross"
  | "drop"
  | "repeat"
  /** A connection is closed without reason. */
  | "cut"
  /** One connection gets nothing any more. */
  | "stall"
  /** Peers that leave are not reported to the server. */
  | "hold";

export interface FaultyProxy {
  readonly port: number;
  /** How often it did wrong. */
  readonly times: number;
  close(): Promise<void>;
}

/** Of so many packets that could be treated wrongly, one is. */
const ONE_OF = 40;
const CARRIES: ReadonlySet<number> = new Set([
  PacketType.JOB_CREATED,
  PacketType.ECHO_RES,
  PacketType.STATUS_RES,
  PacketType.JOB_ASSIGN,
  PacketType.JOB_ASSIGN_UNIQ,
  PacketType.WORK_COMPLETE,
  PacketType.WORK_DATA,
]);

/** A TCP proxy before a server that is sound, to see whether the fuzzer would notice one that is not. */
export async function startFaultyProxy(target: number, fault: ProxyFault): Promise<FaultyProxy> {
  const proxy = new Proxy(target, fault);
  await proxy.listen();
  return proxy;
}

class Proxy implements FaultyProxy {
  times = 0;
  readonly #target: number;
  readonly #fault: ProxyFault;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer({ allowHalfOpen: true }, (peer) => this.#accept(peer));
  #packets = 0;
  /** The latest packet of any other connection. */
  #lastSeen: { readonly from: Socket; readonly packet: Buffer } | undefined;

  constructor(target: number, fault: ProxyFault) {
    this.#target = target;
    this.#fault = fault;
  }

  async listen(): Promise<void> {
    this.#server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 });
    await once(this.#server, "listening");
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #accept(peer: Socket): void {
    const upstream = connect({ port: this.#target, host: "127.0.0.1", allowHalfOpen: true });
    const line = { peer, held: undefined, stalled: false };
    let rest: Buffer = Buffer.alloc(0);
    upstream.on("data", (chunk: Buffer) => {
      rest = this.#forward(line, Buffer.concat([rest, chunk]));
    });
    peer.on("data", (chunk: Buffer) => upstream.write(chunk));
    for (const [socket, other] of [[peer, upstream], [upstream, peer]] as const) {
      let ended = false;
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("end", () => {
        ended = true;
        if (this.#fault !== "hold" || socket !== peer) other.end();
      });
      socket.on("close", () => {
        this.#sockets.delete(socket);
        if (this.#fault === "hold" && socket === peer) this.times++;
        // After an orderly end, what is still on its way to the other side arrives.
        else if (!ended) other.destroy();
      });
    }
  }

  /** Passes whole packets and all text on; answers the beginning of a packet that is not whole. */
  #forward(line: Line, bytes: Buffer): Buffer {
    let at = 0;
    while (at < bytes.length) {
      // Text is passed on as it comes, up to where a packet begins.
      if (bytes[at] !== 0) {
        const packet = bytes.indexOf(0, at);
        const end = packet < 0 ? bytes.length : packet;
        this.#write(line, bytes.subarray(at, end));
        at = end;
        continue;
      }
      if (bytes.length - at < 12 || bytes.length - at < 12 + bytes.readUInt32BE(at + 8)) break;
      const end = at + 12 + bytes.readUInt32BE(at + 8);
      this.#pass(line, bytes.subarray(at, end));
      at = end;
    }
    return bytes.subarray(at);
  }

  #pass(line: Line, packet: Buffer): void {
    const other = this.#lastSeen;
    if (CARRIES.has(packet.readUInt32BE(4))) this.#lastSeen = { from: line.peer, packet };
    if (line.held !== undefined) {
      const held = line.held;
      line.held = undefined;
      this.#write(line, packet);
      return this.#write(line, held);
    }
    if (!CARRIES.has(packet.readUInt32BE(4)) || ++this.#packets % ONE_OF !== 0) {
      return this.#write(line, packet);
    }
    if (other === undefined || other.from === line.peer) return this.#write(line, packet);
    this.#doWrong(line, packet, other);
  }

  #doWrong(
    line: Line,
    packet: Buffer,
    other: { readonly from: Socket; readonly packet: Buffer },
  ): void {
    if (this.#fault !== "none" && this.#fault !== "hold") this.times++;
    switch (this.#fault) {
      case "swap":
        line.held = packet;
        return;
      case "leak": {
        const changed = Buffer.from(packet);
        const byte = other.packet[other.packet.length - 1]!;
        changed[changed.length - 1] = byte === changed.at(-1) ? byte ^ 1 : byte;
        return this.#write(line, changed);
      }
      case "cross":
        if (!other.from.destroyed) other.from.write(packet);
        return this.#write(line, packet);
      case "drop":
        return;
      case "repeat":
        return this.#write(line, Buffer.concat([packet, packet]));
      case "cut":
        line.peer.destroy();
        return;
      case "stall":
        line.stalled = true;
        return;
      case "none":
      case "hold":
        this.#write(line, packet);
    }
  }

  #write(line: Line, bytes: Buffer): void {
    if (!line.stalled && !line.peer.destroyed) line.peer.write(bytes);
  }
}

interface Line {
  readonly peer: Socket;
  /** A packet that the next one is to overtake. */
  held: Buffer | undefined;
  stalled: boolean;
}
