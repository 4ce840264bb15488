import type { Buffer } from "node:buffer";
import { type BunCallbacks, type BunSocket, bunSockets } from "./bun_sockets.ts";

const LOOPBACK = "127.0.0.1";

/** What the two ends of a connection are told. */
export interface LinkEvents {
  data(chunk: Buffer): void;
  /** The other side closed it, or it broke. Not called after `close`. */
  lost(cause: Error): void;
}

/**
 * A connection through Bun's own sockets: they need about a fifth less CPU time for each job than
 * `node:net` on Bun and about a third less than `node:net` on Deno.
 */
export class Link {
  readonly #socket: BunSocket<LinkEnd>;
  /** Written and not yet taken by the kernel. */
  #rest: Uint8Array[] = [];
  closing = false;

  constructor(socket: BunSocket<LinkEnd>) {
    this.#socket = socket;
    socket.setNoDelay(true);
  }

  /** The bytes must stay as they are until they have left. */
  write(bytes: Uint8Array): void {
    if (this.#rest.length > 0) {
      this.#rest.push(bytes);
      return;
    }
    const taken = Math.max(0, this.#socket.write(bytes));
    if (taken < bytes.length) this.#rest.push(bytes.subarray(taken));
  }

  drain(): void {
    const waiting = this.#rest;
    this.#rest = [];
    for (const bytes of waiting) this.write(bytes);
  }

  close(): void {
    this.closing = true;
    this.#socket.terminate();
  }
}

/** What belongs to a socket; both are there once it is open. */
interface LinkEnd {
  link?: Link;
  events?: LinkEvents;
}

/** Connects to loopback; rejects when nobody listens. */
export async function openLink(port: number, events: LinkEvents): Promise<Link> {
  const data: LinkEnd = {};
  const socket = callbacks(() => events);
  const open = await bunSockets().connect({ hostname: LOOPBACK, port, data, socket });
  return open.data.link!;
}

/** Listens on loopback; `accept` gives each new connection its events. */
export function listenLinks(port: number, accept: (link: Link) => LinkEvents): void {
  bunSockets().listen({ hostname: LOOPBACK, port, socket: callbacks(accept) });
}

function callbacks(accept: (link: Link) => LinkEvents): BunCallbacks<LinkEnd> {
  function lose({ link, events }: LinkEnd, cause: Error): void {
    if (link === undefined || link.closing) return;
    link.closing = true;
    events?.lost(cause);
  }
  return {
    open(socket) {
      const link = new Link(socket);
      socket.data = { link, events: accept(link) };
    },
    data(socket, bytes) {
      socket.data.events!.data(bytes as Buffer);
    },
    drain(socket) {
      socket.data.link!.drain();
    },
    close(socket) {
      lose(socket.data, new Error("the server closed the connection"));
    },
    error(socket, cause) {
      lose(socket.data, cause);
    },
  };
}
