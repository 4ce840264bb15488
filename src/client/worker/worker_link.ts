import {
  bytesOf,
  type ByteString,
  type Packet,
  type PacketContent,
  PacketType,
  textOf,
} from "../../protocol/mod.ts";
import { type GearmanError, type ServerAddress, WireConnection } from "../wire/mod.ts";
import type { Assignment } from "./assignment.ts";
import type { Slots } from "./slots.ts";

/** A function as it is registered. */
export interface Registration {
  readonly name: ByteString;
  /** Milliseconds; 0 = no limit. */
  readonly timeoutMs: number;
}

export interface WorkerLinkEvents {
  /** A job to do. Its slot is taken; `finished` gives it back. */
  assigned(assignment: Assignment, link: WorkerLink): void;
  /** An ERROR from the server. */
  refused(text: string): void;
  lost(cause: GearmanError, link: WorkerLink): void;
}

/**
 * `asking`: GRAB_JOB_ALL is on its way, with a slot set aside. `sleeping`: PRE_SLEEP was sent, a NOOP
 * will come. `full`: there may be work, but no slot.
 */
type State = "asking" | "sleeping" | "full";

/** How long a stopping worker waits for a server that does not say whether it gives out a job. */
const LATE_ANSWER_MS = 5000;

/** A worker's connection to one server: asks for jobs as long as there are free slots. */
export class WorkerLink {
  readonly server: string;
  readonly #connection: WireConnection;
  readonly #slots: Slots;
  readonly #events: WorkerLinkEvents;
  readonly #ask = () => this.#grab();
  #state: State = "full";
  #stopping = false;
  #lateAnswer: ReturnType<typeof setTimeout> | undefined;
  /** Jobs of this server that are being done. */
  #running = 0;

  private constructor(connection: WireConnection, slots: Slots, events: WorkerLinkEvents) {
    this.server = connection.server;
    this.#connection = connection;
    this.#slots = slots;
    this.#events = events;
  }

  /** @throws {GearmanError} `CONNECT_FAILED`, `TLS_FAILED`, `ABORTED`, `PROTOCOL` */
  static async open(
    address: ServerAddress,
    options: { timeoutMs: number; signal: AbortSignal },
    slots: Slots,
    events: WorkerLinkEvents,
  ): Promise<WorkerLink> {
    const early: GearmanError[] = [];
    const made: { link?: WorkerLink } = {};
    const connection = await WireConnection.open(address, options, {
      packet: (packet) => made.link?.packet(packet),
      lost: (cause) => made.link === undefined ? early.push(cause) : made.link.#lost(cause),
    });
    if (early[0] !== undefined) throw early[0];
    made.link = new WorkerLink(connection, slots, events);
    return made.link;
  }

  /** Introduces the worker and asks for the first job. */
  start(clientId: ByteString, functions: Iterable<Registration>): void {
    if (clientId !== "") this.#connection.send(PacketType.SET_CLIENT_ID, { args: [clientId] });
    for (const registration of functions) this.register(registration);
    this.#grab();
  }

  register({ name, timeoutMs }: Registration): void {
    if (timeoutMs > 0) {
      this.#connection.send(PacketType.CAN_DO_TIMEOUT, { args: [name, `${timeoutMs}`] });
    } else {
      this.#connection.send(PacketType.CAN_DO, { args: [name] });
    }
    if (this.#state === "sleeping") this.#connection.send(PacketType.PRE_SLEEP);
  }

  unregister(name: ByteString): void {
    this.#connection.send(PacketType.CANT_DO, { args: [name] });
  }

  send(type: PacketType, content: PacketContent): void {
    this.#connection.send(type, content);
  }

  /** Settles when the connection takes more: see `WireConnection.drained`. */
  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /** Ends a job: sends the last packet about it, if there is one, and asks for the next job. */
  finished(type: PacketType | undefined, handle: ByteString, data: Uint8Array | undefined): void {
    this.#running--;
    if (type !== undefined) {
      this.#connection.send(type, {
        args: [bytesOf(handle)],
        ...(data === undefined ? {} : { data }),
      });
    }
    this.#slots.release();
    if (this.#state === "full") this.#grab();
    this.#closeIfDone();
  }

  /**
   * Takes no more jobs; closes when those that run are finished. A job that the server may be giving
   * out at this moment is still done: thrown back, it would count as one more failed attempt. (Neither
   * would RESET_ABILITIES do: servers take the running jobs away with it.)
   */
  stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#slots.forget(this.#ask);
    if (this.#state === "asking") {
      this.#lateAnswer = setTimeout(() => this.#answerIsLate(), LATE_ANSWER_MS);
    }
    this.#closeIfDone();
  }

  close(): void {
    this.#connection.close();
  }

  /** Closes the connection without what has not been sent. */
  cut(): void {
    this.#connection.cut();
  }

  /** Settles when the connection is closed and what was sent over it has left the process. */
  get gone(): Promise<void> {
    return this.#connection.gone;
  }

  packet(packet: Packet): void {
    switch (packet.shape.type) {
      case PacketType.NOOP:
        if (this.#state === "sleeping") this.#grab();
        return;
      case PacketType.NO_JOB:
        return this.#noJob();
      case PacketType.JOB_ASSIGN:
      case PacketType.JOB_ASSIGN_UNIQ:
      case PacketType.JOB_ASSIGN_ALL:
        return this.#assigned(packet);
      case PacketType.ERROR:
        return this.#events.refused(`${packet.argument(0)}: ${textOf(packet.argument(1))}`);
    }
  }

  #noJob(): void {
    if (this.#state !== "asking") return;
    this.#state = "sleeping";
    this.#slots.release();
    if (this.#stopping) this.#closeIfDone();
    else this.#connection.send(PacketType.PRE_SLEEP);
  }

  #assigned(packet: Packet): void {
    if (this.#state !== "asking") return;
    const { type } = packet.shape;
    this.#running++;
    this.#state = "full";
    this.#events.assigned({
      handle: packet.argument(0),
      functionName: packet.argument(1),
      unique: type === PacketType.JOB_ASSIGN ? "" : packet.argument(2),
      reducer: type === PacketType.JOB_ASSIGN_ALL ? packet.argument(3) : "",
      workload: packet.takeData(),
    }, this);
    if (this.#state === "full") this.#grab();
  }

  #grab(): void {
    if (this.#stopping || this.#state === "asking") return;
    if (!this.#slots.take()) {
      this.#state = "full";
      return this.#slots.whenFree(this.#ask);
    }
    this.#slots.forget(this.#ask);
    this.#state = "asking";
    this.#connection.send(PacketType.GRAB_JOB_ALL);
  }

  #closeIfDone(): void {
    if (this.#stopping && this.#running === 0 && this.#state !== "asking") this.#connection.close();
  }

  #answerIsLate(): void {
    if (this.#state !== "asking") return;
    this.#state = "full";
    this.#slots.release();
    this.#closeIfDone();
  }

  #lost(cause: GearmanError): void {
    if (this.#state === "asking") this.#slots.release();
    this.#state = "full";
    this.#stopping = true;
    clearTimeout(this.#lateAnswer);
    this.#slots.forget(this.#ask);
    this.#events.lost(cause, this);
  }
}
