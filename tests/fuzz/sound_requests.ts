import {
  bytesOf,
  type ByteString,
  encodeRequest,
  MAGIC_REPLY,
  PacketType,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";
import type { Random } from "../support/mod.ts";
import { junk, junkName, MOST_PAYLOAD } from "./payload.ts";
import type { Registry, SoundAttempt } from "./registry.ts";
import type { SoundPeer } from "./sound_peer.ts";

/** What requests of sound peers are made of. */
export interface SoundWorld {
  readonly registry: Registry;
  readonly functions: readonly ByteString[];
  /** Unique IDs that are used again and again. */
  readonly uniques: readonly ByteString[];
  /** The server's process. */
  readonly pid: number;
}

type Maker = (peer: SoundPeer, random: Random, world: SoundWorld) => void;

const SUBMITS = [
  "SUBMIT_JOB",
  "SUBMIT_JOB_HIGH",
  "SUBMIT_JOB_LOW",
  "SUBMIT_JOB_BG",
  "SUBMIT_JOB_HIGH_BG",
  "SUBMIT_JOB_LOW_BG",
] as const;
const GRABS = ["GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"] as const;
const UPDATES = ["WORK_DATA", "WORK_WARNING"] as const;
const LISTS = ["status", "prioritystatus", "workers", "show jobs", "show unique jobs"];

/** The makers of requests, and how often each is chosen in comparison. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [30, submit],
  [4, submitEpoch],
  [4, submitReduce],
  [6, echo],
  [8, (peer, random, { functions }) => peer.canDo(random.pick(functions))],
  [2, (peer, random, { functions }) => peer.canDo(random.pick(functions), "600000")],
  [2, (peer, random, { functions }) => peer.cantDo(random.pick(functions))],
  [1, (peer) => peer.resetAbilities()],
  [1, (peer, random) => peer.request("SET_CLIENT_ID", { args: [`sound${random.below(9)}`] })],
  [30, (peer, random) => peer.grab(random.pick(GRABS))],
  [5, (peer) => peer.preSleep()],
  [30, finishOne],
  [6, updateOne],
  [4, askStatus],
  [2, askUniqueStatus],
  [3, (peer, random) => peer.askForExceptions(random.pick(["exceptions", "Exceptions\0"]))],
  [2, steal],
  [2, askText],
  [2, cancelOne],
  [6, refused],
];
const WHEEL: readonly Maker[] = MAKERS.flatMap(([weight, make]) =>
  new Array<Maker>(weight).fill(make)
);

/** One request of a sound peer, chosen by `random` alone. */
export function makeRequest(peer: SoundPeer, random: Random, world: SoundWorld): void {
  random.pick(WHEEL)(peer, random, world);
}

function lengthOf(random: Random): number {
  const draw = random.below(400);
  if (draw === 0) return random.between(16 * 1024, MOST_PAYLOAD);
  return draw < 20 ? random.between(300, 16 * 1024) : random.between(0, 300);
}

function attemptBy(peer: SoundPeer, random: Random, world: SoundWorld): SoundAttempt {
  const tag = peer.nextTag();
  const draw = random.below(20);
  const empty = draw === 0;
  const shared = draw < 6 ? random.pick(world.uniques) : "";
  return {
    tag,
    functionName: random.pick(world.functions),
    unique: empty ? tag : draw === 6 ? "-" : draw === 7 ? `u${junkName(random, 63)}` : shared,
    reducer: "",
    length: empty ? 0 : Math.max(tag.length, lengthOf(random)),
  };
}

function submit(peer: SoundPeer, random: Random, world: SoundWorld): void {
  const attempt = attemptBy(peer, random, world);
  const name = random.pick(SUBMITS);
  peer.submit(name, attempt);
  // With `-` the same workload joins the same job, or makes another one when that is done.
  if (attempt.unique === "-" && random.chance(0.5)) peer.submit(name, attempt);
}

/** Only times that are past, or none: such a job runs at once. */
function submitEpoch(peer: SoundPeer, random: Random, world: SoundWorld): void {
  const epoch = random.pick(["0", "1600000000", "-5", "soon", "", " 12"]);
  peer.submit("SUBMIT_JOB_EPOCH", attemptBy(peer, random, world), [epoch]);
}

function submitReduce(peer: SoundPeer, random: Random, world: SoundWorld): void {
  const reducer = random.pick(["", ...world.functions]);
  const attempt = { ...attemptBy(peer, random, world), reducer };
  const name = random.pick(["SUBMIT_REDUCE_JOB", "SUBMIT_REDUCE_JOB_BACKGROUND"] as const);
  // Whoever joins a job gets that job's reducer: such attempts must not share.
  peer.submit(name, { ...attempt, unique: attempt.length === 0 ? attempt.tag : "" }, [reducer, ""]);
}

function echo(peer: SoundPeer, random: Random): void {
  const data = junk(random, lengthOf(random));
  peer.request("ECHO_REQ", { data }, { kind: "echo", data });
}

function finishOne(peer: SoundPeer, random: Random): void {
  const { held } = peer.memory;
  const draw = random.below(10);
  const length = lengthOf(random);
  const handle = held[random.below(Math.max(1, held.length))];
  if (handle === undefined) peer.barrier();
  else if (draw === 0) peer.fail(handle);
  else peer.report(draw === 1 ? "WORK_EXCEPTION" : "WORK_COMPLETE", handle, length);
}

function updateOne(peer: SoundPeer, random: Random): void {
  const { held } = peer.memory;
  const length = lengthOf(random);
  const type = random.pick(UPDATES);
  const status = random.chance(0.3);
  const handle = held[random.below(Math.max(1, held.length))];
  if (handle === undefined) peer.barrier();
  else if (!status) peer.report(type, handle, length);
  else peer.request("WORK_STATUS", { args: [handle, "12", "345"] });
}

function askStatus(peer: SoundPeer, random: Random, { registry }: SoundWorld): void {
  const { waitsFor } = peer.memory;
  const draw = random.uint32();
  const own = waitsFor[draw % Math.max(1, waitsFor.length)];
  const handle = (random.chance(0.5) ? own : registry.someHandle(draw)) ?? "F:fuzz:0";
  peer.request("GET_STATUS", { args: [handle] }, { kind: "status", handle });
}

function askUniqueStatus(peer: SoundPeer, random: Random, { uniques }: SoundWorld): void {
  const unique = random.pick(["", "-", ...uniques]);
  peer.request("GET_STATUS_UNIQUE", { args: [unique] }, { kind: "unique status", unique });
}

/** A report about a job that another worker has, or nobody: refused. */
function steal(peer: SoundPeer, random: Random, { registry }: SoundWorld): void {
  const handle = registry.someHandle(random.uint32()) ?? "F:fuzz:0";
  const error = { kind: "error", code: "JOB_NOT_FOUND" } as const;
  const draw = random.below(4);
  const asks = peer.memory.expected.some((expectation) => expectation.kind === "grab");
  // While a grab is unanswered it might be given just this job.
  if (asks || peer.memory.held.includes(handle)) peer.barrier();
  else if (draw === 0) peer.request("WORK_FAIL", { args: [handle] }, error);
  else if (draw === 1) peer.request("WORK_STATUS", { args: [handle, "1", "2"] }, error);
  else {
    const name = draw === 2 ? "WORK_COMPLETE" : "WORK_DATA";
    peer.request(name, { args: [handle], data: bytesOf("stolen") }, error);
  }
}

function askText(peer: SoundPeer, random: Random, { functions, pid }: SoundWorld): void {
  switch (random.below(8)) {
    case 0:
      return peer.line("version\r\n", /^OK \S+\n$/);
    case 1:
      return peer.line("getpid\n", new RegExp(`^OK ${pid}\\n$`));
    case 2:
      return peer.line("VERBOSE\n", /^OK [A-Z]+\n$/);
    case 3:
      return peer.line(`create function ${random.pick(functions)}\n`, /^OK\r\n$/);
    case 4:
      return peer.line("drop function nobody\n", /^ERR function not found\r\n$/);
    case 5:
      return peer.line("shutdown now\r\n", /^ERR UNKNOWN_COMMAND [^ ]*commandshutdown\r\n$/);
    default:
      return peer.line(`${random.pick(LISTS)}\n`, /\.\n$/);
  }
}

function cancelOne(peer: SoundPeer, random: Random): void {
  const { waitsFor } = peer.memory;
  peer.cancel(waitsFor[random.below(Math.max(1, waitsFor.length))] ?? "F:fuzz:0");
}

const NOT_A_REQUEST: readonly PacketTypeName[] = [
  "UNUSED",
  "NOOP",
  "JOB_CREATED",
  "NO_JOB",
  "JOB_ASSIGN",
  "ECHO_RES",
  "ERROR",
  "STATUS_RES",
  "ALL_YOURS",
  "SUBMIT_JOB_SCHED",
  "JOB_ASSIGN_ALL",
];
/** Types with arguments that end in NUL, so that a body without any is too short. */
const NEEDS_NUL: readonly PacketTypeName[] = [
  "SUBMIT_JOB",
  "SUBMIT_JOB_EPOCH",
  "SUBMIT_REDUCE_JOB",
  "WORK_STATUS",
  "CAN_DO_TIMEOUT",
];

/** A request that is answered with an error of a certain code. */
function refused(peer: SoundPeer, random: Random, { functions }: SoundWorld): void {
  const data = junk(random, random.below(100));
  const long = `u${"x".repeat(random.between(64, 200))}`;
  const name = random.pick(functions);
  const code = (text: ByteString) => ({ kind: "error", code: text }) as const;
  const send = (type: PacketTypeName, body: Uint8Array, expected: ByteString, magic?: number) =>
    peer.raw(withBody(type, body, magic), code(expected));
  switch (random.below(10)) {
    case 0:
      return send("ECHO_REQ", data, "INVALID_MAGIC", MAGIC_REPLY);
    case 1:
      return send(random.pick(NOT_A_REQUEST), data, "INVALID_COMMAND");
    case 2:
      return send(random.pick(NEEDS_NUL), bytesOf("no NUL at all"), "INVALID_PACKET");
    case 3:
      return peer.request("SUBMIT_JOB", { args: [name, long], data }, code("ARGUMENT_TOO_LARGE"));
    case 4:
      return peer.request("GET_STATUS", { args: [long] }, code("ARGUMENT_TOO_LARGE"));
    case 5:
      return peer.request(
        "CAN_DO_TIMEOUT",
        { args: [name, "9".repeat(25)] },
        code("INVALID_PACKET"),
      );
    case 6:
      return peer.request("OPTION_REQ", { args: ["magic"] }, code("UNKNOWN_OPTION"));
    case 7:
      // A result whose handle ends without a NUL counts as an empty result.
      return send("WORK_COMPLETE", bytesOf("F:fuzz:0"), "JOB_NOT_FOUND");
    case 8:
      return peer.request(
        "SUBMIT_JOB_EPOCH",
        { args: [name, "", "9".repeat(20)], data },
        code("INVALID_PACKET"),
      );
    default:
      return peer.request(
        "SUBMIT_REDUCE_JOB_BACKGROUND",
        { args: [name, "", long, ""], data },
        code("ARGUMENT_TOO_LARGE"),
      );
  }
}

/** A packet with a body that need not fit its type. */
export function withBody(name: PacketTypeName, body: Uint8Array, magic?: number): Uint8Array {
  const packet = encodeRequest(PacketType.ECHO_REQ, { data: body });
  packet[7] = PacketType[name];
  if (magic !== undefined) new DataView(packet.buffer, packet.byteOffset).setUint32(0, magic);
  return packet;
}
