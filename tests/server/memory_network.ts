import type {
  Connection,
  ConnectionHandler,
  Listen,
  ListenerHandler,
} from "../../src/runtime/mod.ts";
import {
  byteStringFrom,
  encodeRequest,
  encodeText,
  type Packet,
  type PacketContent,
  PacketDecoder,
  packetShape,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";

/** Listeners without sockets: what peers send and receive is moved by hand, so tests are exact. */
export class MemoryNetwork {
  #handler: ListenerHandler | null = null;

  readonly listen: Listen = (options, handler) => {
    this.#handler = handler;
    return Promise.resolve({ address: options, close: () => Promise.resolve() });
  };

  connect(): MemoryPeer {
    return new MemoryPeer(this.#handler!);
  }
}

/** The far end of a connection. */
export class MemoryPeer implements Connection {
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 40_000;
  /** Each received packet as `NAME arg|arg|data`, each run of text as it is. */
  readonly received: string[] = [];
  /** What `write` answers: false plays a peer that does not read. */
  reads = true;
  paused = false;
  ended = false;
  destroyed = false;
  writes = 0;
  readonly #session: ConnectionHandler;
  readonly #decoder = new PacketDecoder({
    packet: (packet) => this.received.push(describe(packet)),
    malformed: (packet) => this.received.push(`malformed ${packet.shape.name}`),
    line: (line) => this.received.push(`${line}`),
  }, { maxPacketBytes: 1e9, maxArgumentBytes: 1e6, maxLineBytes: 1e6 });

  constructor(handler: ListenerHandler) {
    this.#session = handler.connection(this);
  }

  // What the test does

  send(name: PacketTypeName, ...args: string[]): void {
    this.sendBytes(request(name, ...args));
  }

  sendText(text: string): void {
    this.sendBytes(encodeText(text));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#session.data(bytes);
  }

  halfClose(): void {
    this.#session.ended();
  }

  hangUp(): void {
    this.#session.closed(undefined);
  }

  readOn(): void {
    this.reads = true;
    this.#session.drained();
  }

  /** What came since the last call. */
  take(): string[] {
    return this.received.splice(0);
  }

  // Connection

  write(bytes: Uint8Array): boolean {
    this.writes++;
    this.#decoder.push(bytes);
    return this.reads;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

/** A request; the last argument of a type that carries data is the data. */
export function request(name: PacketTypeName, ...args: string[]): Uint8Array {
  const type = PacketType[name];
  const shape = packetShape(type)!;
  const content: PacketContent = shape.data
    ? { args: args.slice(0, shape.args.length), data: args[shape.args.length] ?? "" }
    : { args };
  return encodeRequest(type, content);
}

function describe(packet: Packet): string {
  const { name, args, data } = packet.shape;
  const parts = args.map((_, i) => packet.argument(i));
  if (data) parts.push(byteStringFrom(packet.takeData()));
  return [name, parts.join("|")].join(" ").trimEnd();
}
