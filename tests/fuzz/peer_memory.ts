import { type ByteString, byteStringFrom, type PacketTypeName } from "../../src/protocol/mod.ts";
import type { ReplyPacket } from "../faults/mod.ts";
import { type Expectation, shown } from "./expectation.ts";
import { sameBytes } from "./payload.ts";
import { quoted, type Registry } from "./registry.ts";
import { Violation } from "./violation.ts";

/**
 * What a sound peer knows of itself: which replies must come, which jobs it holds as a worker and
 * waits for as a client. Compares with it what comes; throws `Violation`.
 */
export class PeerMemory {
  readonly #registry: Registry;
  #expected: Expectation[] = [];
  #requests = 0;
  #abilities: ReadonlySet<ByteString> = new Set();
  /** At which of its requests it last gave a function up, or all of them. */
  readonly #gaveUp = new Map<ByteString, number>();
  #gaveUpAll = 0;
  /** Jobs it holds, with their functions. */
  readonly #held = new Map<ByteString, ByteString>();
  /** Foreground jobs, and how often it waits for each. */
  readonly #waiting = new Map<ByteString, number>();
  askedForExceptions = false;
  slept = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  get expected(): readonly Expectation[] {
    return this.#expected;
  }

  get abilities(): ReadonlySet<ByteString> {
    return this.#abilities;
  }

  get held(): ByteString[] {
    return [...this.#held.keys()];
  }

  get waitsFor(): ByteString[] {
    return [...this.#waiting.keys()];
  }

  // What it did

  /** A request was made, which these replies must answer. */
  requested(expected: readonly Expectation[]): void {
    this.#requests++;
    this.#expected.push(...expected);
  }

  addAbility(functionName: ByteString): void {
    this.#abilities = new Set([...this.#abilities, functionName]);
  }

  /** Jobs of the function that it holds go to others. */
  removeAbility(functionName: ByteString): void {
    const abilities = new Set(this.#abilities);
    abilities.delete(functionName);
    this.#abilities = abilities;
    this.#gaveUp.set(functionName, this.#requests);
    this.#release((name) => name === functionName);
  }

  removeAllAbilities(): void {
    this.#abilities = new Set();
    this.#gaveUpAll = this.#requests;
    this.#release(() => true);
  }

  /** The job is finished, or given up. */
  letGo(handle: ByteString): void {
    this.#held.delete(handle);
    this.#registry.released(handle, this);
  }

  /** It sends no more: what it holds, and what it is still given, goes to others. */
  leave(): void {
    this.#release(() => true);
    this.#gaveUpAll = Infinity;
  }

  /** No reply is owed any more. */
  forgetExpected(): void {
    this.#expected = [];
  }

  /** The expectation of a grab made now. */
  expectAssignment(how: (Expectation & { kind: "grab" })["with"]): Expectation {
    return { kind: "grab", with: how, functions: this.#abilities, request: this.#requests + 1 };
  }

  // What came

  text(text: ByteString): void {
    const expectation = this.#expected.shift();
    if (expectation?.kind === "text" && expectation.pattern.test(text)) return;
    throw new Violation(`text ${quoted(text.slice(0, 200))}, expected ${shown(expectation)}`);
  }

  packet(packet: ReplyPacket): void {
    const { name, args, data } = packet;
    this.#registry.came(name);
    switch (name) {
      case "NOOP":
        if (!this.slept) throw new Violation("NOOP for a peer that never slept");
        return;
      case "WORK_DATA":
      case "WORK_WARNING":
      case "WORK_STATUS":
      case "WORK_COMPLETE":
      case "WORK_FAIL":
      case "WORK_EXCEPTION":
        return this.#result(name, args[0]!, data);
      default: {
        const expectation = this.#expected.shift();
        if (this.#isRight(packet, expectation)) return;
        const seen = `${name} ${quoted(args.join("|"))} ${
          quoted(byteStringFrom(data.subarray(0, 60)))
        }`;
        throw new Violation(`${seen}, expected ${shown(expectation)}`);
      }
    }
  }

  #isRight(packet: ReplyPacket, expectation: Expectation | undefined): boolean {
    const { name, args, data } = packet;
    switch (expectation?.kind) {
      case "echo":
        return name === "ECHO_RES" && sameBytes(data, expectation.data);
      case "option":
        return name === "OPTION_RES" && args[0] === expectation.option;
      case "error":
        return name === "ERROR" && args[0] === expectation.code;
      case "status":
        return name === "STATUS_RES" && args[0] === expectation.handle && isStatus(args) &&
          // A job that it waits for is known until its last packet.
          (args[1] === "1" || !this.#waiting.has(expectation.handle));
      case "unique status":
        return name === "STATUS_RES_UNIQUE" && args[0] === expectation.unique && isStatus(args);
      case "created":
        if (name !== "JOB_CREATED") return false;
        this.#registry.created(args[0]!, expectation.attempt);
        if (expectation.foreground) {
          this.#waiting.set(args[0]!, (this.#waiting.get(args[0]!) ?? 0) + 1);
        }
        return true;
      case "grab":
        return name === "NO_JOB" || this.#isRightAssignment(packet, expectation);
      default:
        return false;
    }
  }

  #isRightAssignment(
    { name, args, data }: ReplyPacket,
    grab: Expectation & { kind: "grab" },
  ): boolean {
    const [handle, functionName, unique, reducer] = args;
    if (!assignmentsFor(grab.with).includes(name) || reducer === "") return false;
    if (!grab.functions.has(functionName!)) return false;
    const gaveUp = Math.max(this.#gaveUp.get(functionName!) ?? 0, this.#gaveUpAll);
    const keeps = gaveUp <= grab.request;
    this.#registry.assigned({
      handle: handle!,
      functionName: functionName!,
      unique,
      // JOB_ASSIGN_ALL comes only for jobs with a reducer; for others the unique form does.
      reducer: reducer ?? (grab.with === "GRAB_JOB_ALL" ? "" : undefined),
      workload: data,
    }, keeps ? this : undefined);
    if (keeps) this.#held.set(handle!, functionName!);
    return true;
  }

  #result(name: PacketTypeName, handle: ByteString, data: Uint8Array): void {
    const times = this.#waiting.get(handle);
    if (times === undefined) {
      throw new Violation(`${name} for ${handle}, which it does not wait for`);
    }
    if (name === "WORK_EXCEPTION" && !this.askedForExceptions) {
      throw new Violation("WORK_EXCEPTION for a peer that did not ask for exceptions");
    }
    if (name === "WORK_STATUS") return;
    this.#registry.resultReceived(name, handle, data);
    if (name === "WORK_DATA" || name === "WORK_WARNING") return;
    if (times === 1) this.#waiting.delete(handle);
    else this.#waiting.set(handle, times - 1);
  }

  #release(matches: (functionName: ByteString) => boolean): void {
    for (const [handle, functionName] of this.#held) {
      if (matches(functionName)) this.letGo(handle);
    }
  }
}

function assignmentsFor(how: (Expectation & { kind: "grab" })["with"]): readonly string[] {
  switch (how) {
    case "GRAB_JOB":
      return ["JOB_ASSIGN"];
    case "GRAB_JOB_UNIQ":
      return ["JOB_ASSIGN_UNIQ"];
    case "GRAB_JOB_ALL":
      return ["JOB_ASSIGN_UNIQ", "JOB_ASSIGN_ALL"];
  }
}

/** Known, running, numerator, denominator (and perhaps a count of clients) behind the name. */
function isStatus(args: readonly ByteString[]): boolean {
  const [, known, running, ...numbers] = args;
  return /^[01]$/.test(known!) && /^[01]$/.test(running!) &&
    numbers.every((number) => /^\d+$/.test(number));
}
