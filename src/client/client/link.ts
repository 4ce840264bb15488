import { byteStringFrom, type Packet, PacketType, textOf } from "../../protocol/mod.ts";
import {
  ConnectionLostError,
  GearmanError,
  JobExceptionError,
  JobFailedError,
  type ServerAddress,
  WireConnection,
} from "../wire/mod.ts";
import { errorFromServer } from "./server_error.ts";
import type { OutgoingPacket } from "./submission.ts";

/** Who waits for a job. After `failed` or `completed` nothing more is told. */
export interface JobListener {
  /** For the text of errors. */
  readonly functionName: string;
  /** False for background jobs: they end with `created`. */
  readonly foreground: boolean;
  created(handle: string, server: string): void;
  data(bytes: Uint8Array): void;
  warning(bytes: Uint8Array): void;
  status(numerator: number, denominator: number): void;
  completed(bytes: Uint8Array): void;
  failed(error: GearmanError): void;
}

/** A request whose answer is due: answers come in the order of requests (protocol section 1). */
type Pending =
  | { readonly kind: "job"; readonly listener: JobListener }
  | {
    readonly kind: "ask";
    readonly expected: PacketType;
    readonly answered: (args: string[], data: Uint8Array) => void;
    readonly failed: (error: GearmanError) => void;
  };

/**
 * Those who wait for one handle. A connection that submitted a job several times (by its unique ID)
 * receives each packet as many times (protocol section 6): each copy goes to the next of them.
 */
interface Waiting {
  readonly listeners: JobListener[];
  next: number;
}

/** A client's connection to one server: pairs answers with requests and packets with jobs. */
export class ClientLink {
  readonly server: string;
  readonly #connection: WireConnection;
  readonly #pending: Pending[] = [];
  readonly #waiting = new Map<string, Waiting>();
  readonly #onLost: (link: ClientLink) => void;
  #lost = false;

  private constructor(connection: WireConnection, onLost: (link: ClientLink) => void) {
    this.server = connection.server;
    this.#connection = connection;
    this.#onLost = onLost;
  }

  /** @throws {GearmanError} `CONNECT_FAILED`, `TLS_FAILED`, `ABORTED`, `PROTOCOL` */
  static async open(
    address: ServerAddress,
    timeoutMs: number,
    signal: AbortSignal,
    onLost: (link: ClientLink) => void,
  ): Promise<ClientLink> {
    const early: GearmanError[] = [];
    const made: { link?: ClientLink } = {};
    const connection = await WireConnection.open(address, { timeoutMs, signal }, {
      packet: (packet) => made.link?.packet(packet),
      lost: (cause) => made.link === undefined ? early.push(cause) : made.link.lost(cause),
    });
    if (early[0] !== undefined) throw early[0];
    const link = new ClientLink(connection, onLost);
    made.link = link;
    link.#askForExceptions();
    return link;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Requests and jobs whose answer is due. */
  get busy(): number {
    return this.#pending.length + this.#waiting.size;
  }

  submit(packet: OutgoingPacket, listener: JobListener): void {
    if (this.#lost) return listener.failed(new ConnectionLostError(this.server));
    // In this order: what cannot be sent has no answer that could be taken for another's.
    this.#connection.send(packet.type, packet.content);
    this.#pending.push({ kind: "job", listener });
  }

  /** Sends a request that has an answer of its own: arguments and data of the expected type. */
  ask(packet: OutgoingPacket, expected: PacketType): Promise<{ args: string[]; data: Uint8Array }> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(new ConnectionLostError(this.server));
      this.#connection.send(packet.type, packet.content);
      this.#pending.push({
        kind: "ask",
        expected,
        answered: (args, data) => resolve({ args, data }),
        failed: reject,
      });
    });
  }

  close(): void {
    this.#connection.close();
  }

  /** Without the option, a server sends WORK_FAIL instead of WORK_EXCEPTION. Old ones refuse it. */
  #askForExceptions(): void {
    const content = { args: ["exceptions"] };
    this.ask({ type: PacketType.OPTION_REQ, content }, PacketType.OPTION_RES).catch(() => {});
  }

  packet(packet: Packet): void {
    const { type } = packet.shape;
    switch (type) {
      case PacketType.JOB_CREATED:
        return this.#created(packet);
      case PacketType.ERROR:
        return this.#refused(packet);
      case PacketType.WORK_DATA:
        return this.#listenerOf(packet, false)?.data(packet.takeData());
      case PacketType.WORK_WARNING:
        return this.#listenerOf(packet, false)?.warning(packet.takeData());
      case PacketType.WORK_STATUS:
        return this.#listenerOf(packet, false)
          ?.status(Number(packet.argument(1)) || 0, Number(packet.argument(2)) || 0);
      case PacketType.WORK_COMPLETE:
        return this.#listenerOf(packet, true)?.completed(packet.takeData());
      case PacketType.WORK_FAIL:
        return this.#listenerOf(packet, true)?.failed(new JobFailedError(handleOf(packet)));
      case PacketType.WORK_EXCEPTION:
        return this.#listenerOf(packet, true)
          ?.failed(new JobExceptionError(handleOf(packet), packet.takeData()));
      default:
        return this.#answered(packet);
    }
  }

  lost(cause: GearmanError): void {
    this.#lost = true;
    const listeners: { failed(error: GearmanError): void }[] = this.#pending.splice(0).map(
      (entry) => entry.kind === "job" ? entry.listener : entry,
    );
    for (const { listeners: waiting, next } of this.#waiting.values()) {
      listeners.push(
        ...waiting.slice(next % Math.max(1, waiting.length)),
        ...waiting.slice(0, next),
      );
    }
    this.#waiting.clear();
    this.#onLost(this);
    for (const listener of new Set(listeners)) listener.failed(cause);
  }

  #created(packet: Packet): void {
    const entry = this.#pending.shift();
    if (entry?.kind !== "job") return this.#outOfOrder(packet);
    const handle = packet.argument(0);
    const { listener } = entry;
    if (listener.foreground) {
      const waiting = this.#waiting.get(handle);
      if (waiting === undefined) this.#waiting.set(handle, { listeners: [listener], next: 0 });
      else waiting.listeners.push(listener);
    }
    listener.created(textOf(handle), this.server);
  }

  #refused(packet: Packet): void {
    const entry = this.#pending.shift();
    if (entry === undefined) return;
    const [code, text] = [packet.argument(0), packet.argument(1)];
    if (entry.kind === "ask") entry.failed(errorFromServer(code, text, ""));
    else entry.listener.failed(errorFromServer(code, text, entry.listener.functionName));
  }

  #answered(packet: Packet): void {
    const entry = this.#pending.shift();
    if (entry?.kind !== "ask" || entry.expected !== packet.shape.type) {
      return this.#outOfOrder(packet);
    }
    const args = packet.shape.args.map((_, i) => packet.argument(i));
    entry.answered(args, packet.shape.data ? packet.takeData() : new Uint8Array(0));
  }

  /** Whose turn it is among those who wait for the packet's handle; `ends`: it is their last packet. */
  #listenerOf(packet: Packet, ends: boolean): JobListener | undefined {
    const handle = packet.argument(0);
    const waiting = this.#waiting.get(handle);
    if (waiting === undefined) return undefined;
    const listener = waiting.listeners[waiting.next % waiting.listeners.length];
    if (ends) {
      waiting.listeners.splice(waiting.next % waiting.listeners.length, 1);
      if (waiting.listeners.length === 0) this.#waiting.delete(handle);
    } else {
      waiting.next = (waiting.next + 1) % waiting.listeners.length;
    }
    return listener;
  }

  #outOfOrder(packet: Packet): void {
    const text = `Server "${this.server}" sent ${packet.shape.name}, which nobody asked for`;
    this.#connection.close();
    if (!this.#lost) this.lost(new GearmanError("PROTOCOL", text));
  }
}

function handleOf(packet: Packet): string {
  return textOf(byteStringFrom(packet.buffer, packet.argumentStart(0), packet.argumentEnd(0)));
}
