import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free_port.ts";

/** Which way bytes go. */
export type Direction = "to-server" | "to-client";

/**
 * Where a connection is to be cut, in a protocol of requests and replies. A turn is a request and its
 * reply; the first one after `cutAtTurn` was called counts 1. `request`: the request does not reach the
 * server. `reply`: the server has done what was asked, but its reply does not reach the client.
 */
export interface TurnCut {
  readonly turn: number;
  readonly of: "request" | "reply";
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes of it were thrown away: it can never be sound again. */
  maimed: boolean;
  last: Direction;
}

/** A TCP proxy on 127.0.0.1 that does to connections what networks do. */
export class TcpProxy {
  readonly port: number;
  readonly #target: number;
  #listener: Server;
  readonly #links = new Set<Link>();
  #mode: "passes" | "stalls" | "swallows" | "refuses" = "passes";
  #turns = 0;
  #accepted = 0;
  #turnCut: (TurnCut & { then: "cut" | "stall"; done: () => void }) | null = null;
  #byteCut: { direction: Direction; left: number; done: () => void } | null = null;

  private constructor(listener: Server, port: number, target: number) {
    this.#listener = listener;
    this.port = port;
    this.#target = target;
    listener.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens on a free port and connects each client to 127.0.0.1:`target`. */
  static async start(target: number): Promise<TcpProxy> {
    // One that it can close and have again.
    const port = await freePort();
    const listener = createServer();
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return new TcpProxy(listener, port, target);
  }

  /** Turns since the start or the last `cutAtTurn`. */
  get turns(): number {
    return this.#turns;
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Settles when the connection has been cut there. */
  cutAtTurn(cut: TurnCut): Promise<void> {
    this.#turns = 0;
    return new Promise((done) => this.#turnCut = { ...cut, then: "cut", done });
  }

  /** Stalls there (`stall`) and settles, instead of cutting. The request or reply itself is lost. */
  holdAtTurn(turn: TurnCut): Promise<void> {
    this.#turns = 0;
    return new Promise((done) => this.#turnCut = { ...turn, then: "stall", done });
  }

  /** Counts turns anew and cuts nothing. */
  countTurns(): void {
    this.#turns = 0;
    this.#turnCut = null;
  }

  /** Lets so many more bytes pass in a direction, then cuts the connection. Settles when that has been. */
  cutAfter(direction: Direction, bytes: number): Promise<void> {
    return new Promise((done) => this.#byteCut = { direction, left: bytes, done });
  }

  /** Cuts all connections now. */
  cutAll(): void {
    for (const link of this.#links) this.#cut(link);
  }

  /** Holds back everything, in both directions, until `resume`. New connections are accepted. */
  stall(): void {
    this.#mode = "stalls";
    for (const { client, server } of this.#links) {
      client.pause();
      server.pause();
    }
  }

  /** Takes everything and passes nothing on, like a broken firewall. */
  swallow(): void {
    this.#mode = "swallows";
  }

  /** Cuts all connections and refuses new ones until `resume`. */
  async refuse(): Promise<void> {
    this.#mode = "refuses";
    const closed = once(this.#listener, "close");
    this.#listener.close();
    this.cutAll();
    await closed;
  }

  /** Passes everything on again; connections that lost bytes are cut. */
  async resume(): Promise<void> {
    const was = this.#mode;
    this.#mode = "passes";
    for (const link of this.#links) {
      if (link.maimed) this.#cut(link);
      link.client.resume();
      link.server.resume();
    }
    if (was !== "refuses") return;
    this.#listener = createServer((socket) => this.#accept(socket));
    this.#listener.listen(this.port, "127.0.0.1");
    await once(this.#listener, "listening");
  }

  async close(): Promise<void> {
    if (this.#mode === "refuses") return;
    await this.refuse();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(client: Socket): void {
    if (this.#mode === "refuses") {
      client.destroy();
      return;
    }
    this.#accepted++;
    const server = createConnection({ port: this.#target, host: "127.0.0.1" });
    const link: Link = { client, server, maimed: false, last: "to-client" };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => this.#cut(link));
      socket.on("close", () => this.#cut(link));
    }
    client.on("data", (bytes: Uint8Array) => this.#pass(link, "to-server", bytes));
    server.on("data", (bytes: Uint8Array) => this.#pass(link, "to-client", bytes));
    if (this.#mode === "stalls") {
      client.pause();
      server.pause();
    }
  }

  #pass(link: Link, direction: Direction, bytes: Uint8Array): void {
    if (direction === "to-server" && link.last === "to-client") this.#turns++;
    link.last = direction;
    if (this.#mode === "swallows") {
      link.maimed = true;
      return;
    }
    const cut = this.#turnCut;
    const kind = direction === "to-server" ? "request" : "reply";
    // Where a turn has no such part (its connection went), the next one has it.
    if (cut !== null && cut.of === kind && cut.turn <= this.#turns) {
      this.#turnCut = null;
      if (cut.then === "cut") {
        this.#cut(link);
      } else {
        link.maimed = true;
        this.stall();
      }
      cut.done();
      return;
    }
    const target = direction === "to-server" ? link.server : link.client;
    const limit = this.#byteCut;
    if (limit === null || limit.direction !== direction || limit.left > bytes.length) {
      if (limit?.direction === direction) limit.left -= bytes.length;
      target.write(bytes);
      return;
    }
    this.#byteCut = null;
    const cutHere = () => {
      this.#cut(link);
      limit.done();
    };
    // What may still pass must have left before the connection goes, if it has not gone by then.
    target.once("close", cutHere);
    target.write(bytes.subarray(0, limit.left), cutHere);
  }

  #cut(link: Link): void {
    if (!this.#links.delete(link)) return;
    link.client.destroy();
    link.server.destroy();
  }
}
