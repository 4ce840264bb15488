import type {
  Client,
  ClientPort,
  Job,
  JobServer,
  Limits,
  Worker,
  WorkerPort,
} from "../core/mod.ts";
import {
  type ByteString,
  ErrorReply,
  type ErrorReplyContent,
  MAGIC_REQUEST,
  type Packet,
  PacketDecoder,
  type PacketSink,
  PacketType,
  ProtocolError,
} from "../protocol/mod.ts";
import type { Connection, ConnectionHandler } from "../runtime/mod.ts";
import { Frames } from "./frames.ts";
import { handleLine } from "./handlers/mod.ts";
import { PACKET_HANDLERS } from "./handlers/mod.ts";
import { HeldReplies } from "./held_replies.ts";
import type { Slab } from "./slab.ts";
import type { CloseReason, Traffic } from "./traffic.ts";
import type { WorkloadPool } from "./workload_pool.ts";

/** The code of ERRORs that refuse a submission: nothing is wrong with the packet. */
const REFUSAL_CODE = ErrorReply.QUEUE_FULL.code;

/** What every session shares with the server it belongs to. */
export interface SessionHost {
  readonly jobServer: JobServer;
  readonly limits: Limits;
  readonly slab: Slab;
  readonly workloads: WorkloadPool;
  readonly facts: ServerFacts;
  readonly traffic: Traffic;
  /** Milliseconds since 1970, as of the current turn. */
  now(): number;
  /** The session has bytes to send: its `flush` is to be called at the end of this turn. */
  flushLater(session: Session): void;
  /** The session is over. */
  ended(session: Session, cause: unknown): void;
  /** A NOTICE for each accepted submission, where that level is logged (cli section 3). */
  logSubmission: ((functionName: ByteString, unique: ByteString, suffix: string) => void) | null;
  log(level: "INFO" | "DEBUG" | "WARNING", text: string): void;
  sessions(): Iterable<Session>;
  /** A text command dropped a function: what the store keeps of it goes. */
  functionDropped(name: ByteString): void;
}

/** What text commands tell about the server itself. */
export interface ServerFacts {
  readonly version: string;
  readonly verbose: () => string;
  readonly pid: number;
}

/**
 * One connection: bytes in, packets and lines to their handlers, frames out. It may be client,
 * worker and admin at once (protocol section 1).
 */
export class Session implements ConnectionHandler, PacketSink, ClientPort, WorkerPort {
  readonly host: SessionHost;
  /** Any stable number, shown by `workers`. */
  readonly number: number;
  readonly remoteAddress: string;
  clientId: ByteString = "-";
  readonly client: Client;
  readonly worker: Worker;
  /** Milliseconds since 1970. */
  readonly connectedAt: number;
  /** When bytes came last, milliseconds since 1970: while they are handled, the time that it is. */
  lastPacketAt: number;
  /** Jobs that it ended with WORK_COMPLETE; with WORK_FAIL or WORK_EXCEPTION. */
  jobsDone = 0;
  jobsFailed = 0;
  /** Submissions of its that were taken. */
  submitted = 0;
  /** The function that it named last in a submission, and the handle that it was given last: to be said again. */
  lastFunction: ByteString = "";
  lastHandle: ByteString = "";
  readonly #connection: Connection;
  readonly #decoder: PacketDecoder;
  readonly #out: Frames;
  readonly #replies: HeldReplies;
  /** Bytes given to the connection that it has not sent yet stop the next ones. */
  #blocked = false;
  /** Nothing is read from a peer that does not take the replies to what it asked, or has to wait for them. */
  #paused = false;
  #flushing = false;
  #peerEnded = false;
  /** All that the peer sent before its end has been handled. */
  #allRead = false;
  #closed = false;

  constructor(host: SessionHost, connection: Connection, number: number) {
    this.host = host;
    this.number = number;
    this.remoteAddress = connection.remoteAddress;
    this.#connection = connection;
    this.#decoder = new PacketDecoder(this, host.limits);
    const { slab, traffic } = host;
    this.#out = new Frames(slab, traffic.sent);
    this.#replies = new HeldReplies(slab, traffic.sent, this.#out, () => this.#flushLater());
    traffic.opened++;
    this.connectedAt = host.now();
    this.lastPacketAt = this.connectedAt;
    this.client = host.jobServer.connectClient(this);
    this.worker = host.jobServer.connectWorker(this);
  }

  /** The peer's address and port, for the log. */
  get peer(): string {
    return `${this.remoteAddress}:${this.#connection.remotePort}`;
  }

  get remotePort(): number {
    return this.#connection.remotePort;
  }

  /** Bytes written for it that its connection has not taken, those that wait for the store included. */
  get unsentBytes(): number {
    return this.#out.length + this.#replies.bytes;
  }

  // From the connection

  data(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.host.traffic.bytesReceived += bytes.length;
    this.lastPacketAt = this.host.now();
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      this.#refuseStream(error);
    }
  }

  #refuseStream(error: unknown): void {
    if (!(error instanceof ProtocolError)) throw error;
    this.host.log("INFO", `Closing ${this.peer}: ${error.code}, ${error.message}`);
    this.host.traffic.countProtocolError(error.code);
    this.close("protocol error");
  }

  drained(): void {
    this.#blocked = false;
    if (this.#out.length > 0 || this.#paused) this.#flushLater();
    else this.#endIfDone();
  }

  /**
   * The peer sends no more, but may read on: replies to what it asked are still delivered (protocol
   * section 3). A closed socket looks the same, so nobody is kept waiting: its foreground jobs are
   * abandoned (section 11), and a worker, which can't send results any more, gives its jobs back.
   */
  ended(): void {
    this.#peerEnded = true;
    if (!this.#decoder.isPaused) this.#readToEnd();
  }

  #readToEnd(): void {
    this.#allRead = true;
    this.#decoder.stop();
    this.host.jobServer.workerGone(this.worker, this.host.now());
    this.host.jobServer.clientGone(this.client);
    this.#endIfDone();
  }

  closed(cause: unknown): void {
    if (this.#closed) return;
    this.#leave(cause, cause === undefined ? "peer" : "lost");
  }

  // From the decoder

  packet(packet: Packet): void {
    this.host.traffic.received[packet.shape.type]!++;
    if (packet.magic !== MAGIC_REQUEST) return this.refuse(ErrorReply.REQUEST_MAGIC_EXPECTED);
    const handler = PACKET_HANDLERS[packet.shape.type];
    if (handler === undefined) return this.refuse(ErrorReply.COMMAND_NOT_EXPECTED);
    handler(this, packet);
    this.#holdBack();
  }

  malformed(packet: Packet): void {
    this.host.traffic.received[packet.shape.type]!++;
    if (packet.magic !== MAGIC_REQUEST) return this.refuse(ErrorReply.REQUEST_MAGIC_EXPECTED);
    const known = PACKET_HANDLERS[packet.shape.type] !== undefined;
    this.refuse(known ? ErrorReply.PACKET_INCOMPLETE : ErrorReply.COMMAND_NOT_EXPECTED);
  }

  line(line: ByteString): void {
    this.host.traffic.lines++;
    handleLine(this, line);
    this.#holdBack();
  }

  /** A chunk of short requests may ask for any number of long replies: the rest of it waits until these have left. */
  #holdBack(): void {
    if (this.unsentBytes <= this.host.limits.pauseSendBytes) return;
    this.#decoder.pause();
    this.#flushLater();
  }

  // From the core

  workPacket(job: Job, packet: Packet): void {
    this.#replies.targetFor(job.handle).forward(packet.shape.type, packet);
    this.#flushLater();
  }

  workFailed(job: Job): void {
    this.#replies.targetFor(job.handle).text(PacketType.WORK_FAIL, job.handle);
    this.#flushLater();
  }

  wake(): void {
    this.#out.empty(PacketType.NOOP);
    this.#flushLater();
  }

  // From the handlers

  /** Where the reply to the current request is to be written. */
  reply(): Frames {
    this.#flushLater();
    return this.#replies.target;
  }

  refuse(content: ErrorReplyContent): void {
    if (content.code !== REFUSAL_CODE) this.host.traffic.countProtocolError(content.code);
    this.reply().error(content);
  }

  jobCreated(job: Job): void {
    this.#replies.jobCreated(job.handle);
    this.#flushLater();
  }

  /** JOB_CREATED follows when the store has the job. */
  jobCreatedWhenStored(job: Job): void {
    this.host.jobServer.awaitStore(job, this.#replies.hold(job));
  }

  /** Ends the connection now; nothing more is sent. */
  close(reason: CloseReason): void {
    if (this.#closed) return;
    this.#connection.destroy();
    this.#leave(undefined, reason);
  }

  /** Ends the connection because the server stops: jobs stay as they are, for the next start. */
  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#decoder.stop();
    this.#connection.destroy();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  /** Sends what has been written in this turn. */
  flush(): void {
    this.#flushing = false;
    if (this.#closed) return;
    if (!this.#blocked) {
      this.host.traffic.bytesSent += this.#out.length;
      for (const piece of this.#out.takeForWriting()) {
        if (!this.#connection.write(piece)) this.#blocked = true;
      }
    }
    this.#boundReplies();
    this.#endIfDone();
  }

  /**
   * A peer that does not take its replies, or of whose requests too many wait for a reply of the store, is
   * not read from; at the limit it is cut.
   */
  #boundReplies(): void {
    const waiting = this.unsentBytes;
    if (waiting === 0 && !this.#paused && !this.#decoder.isPaused) return;
    const { maxSendBytes, pauseSendBytes } = this.host.limits;
    if (waiting > maxSendBytes) {
      const why = this.#blocked ? "it does not read its replies" : "too much waits for the store";
      this.host.log("WARNING", `Closing ${this.peer}: ${why}`);
      return this.close("slow reader");
    }
    this.#out.leaveSlab();
    this.#replies.leaveSlab();
    const waits = waiting > pauseSendBytes || (this.#blocked && this.#decoder.isPaused);
    if (waits && !this.#paused) {
      this.#paused = true;
      this.#connection.pause();
    } else if (!waits && !this.#blocked) {
      this.#readOn();
    }
  }

  /** First what came before and had to wait, which may be too much again. */
  #readOn(): void {
    if (this.#decoder.isPaused) this.lastPacketAt = this.host.now();
    try {
      this.#decoder.resume();
    } catch (error) {
      return this.#refuseStream(error);
    }
    if (this.#decoder.isPaused) return;
    if (this.#peerEnded && !this.#allRead) this.#readToEnd();
    if (!this.#paused) return;
    this.#paused = false;
    this.#connection.resume();
  }

  #flushLater(): void {
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    this.host.flushLater(this);
  }

  #endIfDone(): void {
    if (!this.#allRead || this.#closed || this.#blocked || this.#out.length > 0) return;
    if (!this.#replies.isEmpty) return;
    this.#connection.end();
  }

  #leave(cause: unknown, reason: CloseReason): void {
    this.#closed = true;
    this.host.traffic.closed[reason]++;
    this.#decoder.stop();
    this.host.jobServer.workerGone(this.worker, this.host.now());
    this.host.jobServer.clientGone(this.client);
    this.host.ended(this, cause);
  }
}
