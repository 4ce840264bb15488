import { Buffer } from "node:buffer";
import { bytesOf, type ByteString, byteStringFrom } from "../../src/protocol/mod.ts";
import { type PeerHandler, PeerSocket, type ReplyPacket } from "../faults/mod.ts";
import { SOUND_MARK } from "./payload.ts";
import { quoted } from "./registry.ts";
import type { ReportViolation } from "./sound_peer.ts";
import { Violation } from "./violation.ts";

const ERROR_CODES = [
  "INVALID_MAGIC",
  "INVALID_COMMAND",
  "INVALID_PACKET",
  "ARGUMENT_TOO_LARGE",
  "QUEUE_ERROR",
  "UNKNOWN_OPTION",
  "JOB_NOT_FOUND",
];
const MARK = Buffer.from(SOUND_MARK);

/**
 * A peer that sends anything. What it gets back must be whole replies, echo only what it sent, be
 * about jobs of its own or of functions that it named, and hold nothing of sound peers.
 */
export class WildPeer implements PeerHandler {
  readonly number: number;
  readonly #report: ReportViolation;
  readonly #sent: Buffer[] = [];
  readonly #ownJobs = new Set<ByteString>();
  #held: ByteString[] = [];
  #socket: PeerSocket | undefined;

  constructor(number: number, report: ReportViolation) {
    this.number = number;
    this.#report = report;
  }

  async connect(port: number): Promise<void> {
    this.#socket = await PeerSocket.connect(port, this);
  }

  /** A job that it was given, the latest. */
  get heldJob(): ByteString {
    return this.#held.at(-1) ?? "F:fuzz:0";
  }

  get isOver(): boolean {
    return this.#socket!.isOver;
  }

  send(bytes: Uint8Array): void {
    this.#sent.push(Buffer.from(bytes));
    this.#socket!.send(bytes);
  }

  halfClose(): void {
    this.#socket!.halfClose();
  }

  close(): void {
    this.#socket!.close();
  }

  reset(): void {
    this.#socket!.reset();
  }

  packet({ name, args, data }: ReplyPacket): void {
    if (Buffer.from(data.buffer, data.byteOffset, data.length).includes(MARK)) {
      throw new Violation(`${name} ${quoted(args.join("|"))} with data of a sound peer`);
    }
    switch (name) {
      case "JOB_CREATED":
        this.#ownJobs.add(args[0]!);
        return;
      case "ECHO_RES":
        return this.#requireSent(name, data);
      case "OPTION_RES":
      case "STATUS_RES_UNIQUE":
      case "STATUS_RES":
        return this.#requireSent(name, bytesOf(args[0]!));
      case "ERROR":
        if (ERROR_CODES.includes(args[0]!)) return;
        throw new Violation(`ERROR ${quoted(args[0])}`);
      case "JOB_ASSIGN":
      case "JOB_ASSIGN_UNIQ":
      case "JOB_ASSIGN_ALL":
        this.#requireSent(name, bytesOf(args[1]!));
        this.#held.push(args[0]!);
        return;
      case "WORK_DATA":
      case "WORK_WARNING":
      case "WORK_STATUS":
      case "WORK_COMPLETE":
      case "WORK_FAIL":
      case "WORK_EXCEPTION":
        if (this.#ownJobs.has(args[0]!.replace(/\0.*$/s, ""))) return;
        throw new Violation(`${name} for ${quoted(args[0])}, which it did not submit`);
    }
  }

  text(_text: ByteString): void {
    // Lists show everybody's jobs: that they are whole is all that can be said.
  }

  fault(error: unknown): void {
    this.#report(this.number, error);
  }

  closed(): void {
    // The server may close it at any time.
  }

  /** What is echoed must stand in what was sent, in one piece. */
  #requireSent(name: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const sent = this.#sent.length === 1 ? this.#sent[0]! : Buffer.concat(this.#sent);
    this.#sent.splice(0, this.#sent.length, sent);
    if (sent.includes(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) return;
    const start = byteStringFrom(bytes.subarray(0, 60));
    throw new Violation(`${name} with ${quoted(start)}…, which it never sent`);
  }
}
