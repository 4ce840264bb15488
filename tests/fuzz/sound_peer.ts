import {
  bytesOf,
  type ByteString,
  encodeRequest,
  type PacketContent,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";
import { type PeerHandler, PeerSocket, type ReplyPacket } from "../faults/mod.ts";
import { deadline, PATIENCE_MS } from "../support/mod.ts";
import { type Expectation, shown } from "./expectation.ts";
import { payloadFor, SOUND_MARK, tagOf } from "./payload.ts";
import { PeerMemory } from "./peer_memory.ts";
import type { Registry, SoundAttempt } from "./registry.ts";
import { Violation } from "./violation.ts";

/** How long any answer may take, milliseconds. */
export const ANSWER_MS = PATIENCE_MS;

/** Told of what a peer saw and must not have seen. */
export type ReportViolation = (peer: number, error: unknown) => void;

/**
 * A peer that keeps to the protocol, as client and worker at once, and knows for each request what
 * the reply must be. Requests are gathered by its methods and fetched by `takeOutgoing`.
 */
export class SoundPeer implements PeerHandler {
  readonly number: number;
  readonly memory: PeerMemory;
  readonly #registry: Registry;
  readonly #report: ReportViolation;
  readonly #answerMs: number;
  #socket: PeerSocket | undefined;
  #outgoing: Uint8Array[] = [];
  #payloads = 0;
  #barriers = 0;
  /** From now on the server may close the connection. */
  #ending = false;
  #onChange: () => void = () => {};

  constructor(
    number: number,
    registry: Registry,
    report: ReportViolation,
    answerMs: number = ANSWER_MS,
  ) {
    this.number = number;
    this.#answerMs = answerMs;
    this.memory = new PeerMemory(registry);
    this.#registry = registry;
    this.#report = report;
  }

  async connect(port: number): Promise<void> {
    this.#socket = await PeerSocket.connect(port, this);
  }

  get isOver(): boolean {
    return this.#socket!.isOver;
  }

  // Requests: sent when somebody fetches them

  /** Bytes as they are, and what must come back for them. */
  raw(bytes: Uint8Array, ...expected: Expectation[]): void {
    this.#outgoing.push(bytes);
    this.memory.requested(expected);
  }

  request(name: PacketTypeName, content: PacketContent, ...expected: Expectation[]): void {
    this.raw(encodeRequest(PacketType[name], content), ...expected);
  }

  line(text: ByteString, pattern: RegExp): void {
    this.raw(bytesOf(text), { kind: "text", pattern });
  }

  /** A tag for a payload of this peer. */
  nextTag(): ByteString {
    return tagOf(SOUND_MARK, this.number, ++this.#payloads);
  }

  /** `more`: arguments between the unique ID and the workload. */
  submit(name: PacketTypeName, attempt: SoundAttempt, more: readonly ByteString[] = []): void {
    const foreground = !/_BG$|_BACKGROUND$|_EPOCH$/.test(name);
    const data = attempt.length === 0 ? new Uint8Array(0) : payloadFor(attempt.tag, attempt.length);
    this.#registry.attempted(attempt);
    this.request(
      name,
      { args: [attempt.functionName, attempt.unique, ...more], data },
      { kind: "created", attempt, foreground },
    );
  }

  canDo(functionName: ByteString, timeoutMs?: ByteString): void {
    if (timeoutMs === undefined) this.request("CAN_DO", { args: [functionName] });
    else this.request("CAN_DO_TIMEOUT", { args: [functionName, timeoutMs] });
    this.memory.addAbility(functionName);
  }

  cantDo(functionName: ByteString): void {
    this.request("CANT_DO", { args: [functionName] });
    this.memory.removeAbility(functionName);
  }

  resetAbilities(): void {
    this.request("RESET_ABILITIES", {});
    this.memory.removeAllAbilities();
  }

  grab(how: "GRAB_JOB" | "GRAB_JOB_UNIQ" | "GRAB_JOB_ALL"): void {
    this.request(how, {}, this.memory.expectAssignment(how));
  }

  preSleep(): void {
    this.memory.slept = true;
    this.request("PRE_SLEEP", {});
  }

  askForExceptions(option: ByteString): void {
    this.memory.askedForExceptions = true;
    this.request("OPTION_REQ", { args: [option] }, { kind: "option", option });
  }

  /** A result with data of about `length` bytes, for a job that it holds. */
  report(
    type: "WORK_DATA" | "WORK_WARNING" | "WORK_COMPLETE" | "WORK_EXCEPTION",
    handle: ByteString,
    length: number,
  ): void {
    const tag = this.nextTag();
    this.#registry.resultSent(tag, { handle, type, length });
    if (type === "WORK_EXCEPTION") this.#registry.mayFail(handle);
    if (type === "WORK_COMPLETE" || type === "WORK_EXCEPTION") this.memory.letGo(handle);
    this.request(type, { args: [handle], data: payloadFor(tag, length) });
  }

  fail(handle: ByteString): void {
    this.#registry.mayFail(handle);
    this.memory.letGo(handle);
    this.request("WORK_FAIL", { args: [handle] });
  }

  cancel(handle: ByteString): void {
    this.#registry.mayFail(handle);
    this.line(`cancel job ${handle}\n`, /^(OK|ERR UNKNOWN_JOB)\r\n$/);
  }

  /** An echo like no other: when it is answered, so is all before it. */
  barrier(): void {
    const data = bytesOf(`barrier ${this.number}/${++this.#barriers}`);
    this.request("ECHO_REQ", { data }, { kind: "echo", data });
  }

  takeOutgoing(): Uint8Array[] {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  send(bytes: Uint8Array): void {
    this.#socket!.send(bytes);
  }

  // Waiting; what takes too long is reported

  /** Settles when all replies have come. */
  async answered(): Promise<void> {
    await this.#until(() => this.memory.expected.length === 0, "its replies");
  }

  /** Settles when all results that it waits for have come. */
  async served(): Promise<void> {
    await this.#until(() => this.memory.waitsFor.length === 0, "its results");
  }

  /** Settles when the server has closed the connection. */
  async ended(): Promise<void> {
    await this.#until(() => false, "the server to close its connection");
  }

  // Ends

  /** The server must close because of what was sent; replies may be lost with it. */
  expectEnd(): void {
    this.#leave();
    this.memory.forgetExpected();
  }

  /** Ends its sending side: replies to what it asked still come, then the server closes. */
  halfClose(): void {
    this.#leave();
    this.#socket!.halfClose();
  }

  close(): void {
    this.#leave();
    this.#socket!.close();
  }

  reset(): void {
    this.#leave();
    this.#socket!.reset();
  }

  #leave(): void {
    this.#ending = true;
    this.memory.leave();
  }

  // From the server

  packet(packet: ReplyPacket): void {
    this.memory.packet(packet);
    this.#onChange();
  }

  text(text: ByteString): void {
    this.memory.text(text);
    this.#onChange();
  }

  fault(error: unknown): void {
    this.#ending = true;
    this.#report(this.number, error);
  }

  closed(): void {
    if (!this.#ending) this.fault(new Violation("the server closed the connection"));
    this.#onChange();
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#onChange = () => {
        // A connection that is over brings nothing more; if that is wrong, it has been reported.
        if (done() || this.isOver) resolve();
      };
      this.#onChange();
    });
    const left = () => {
      const { expected, waitsFor } = this.memory;
      return `${expected.length} replies are missing, first ${shown(expected[0])}; ` +
        `it waits for ${waitsFor.length} jobs, first ${waitsFor[0]}`;
    };
    try {
      await deadline(settled, this.#answerMs, `peer ${this.number}: ${what}`, left);
    } catch (error) {
      this.fault(error);
    }
  }
}
