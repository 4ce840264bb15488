import type { PacketTypeName } from "../../../src/protocol/mod.ts";
import type { Random } from "../../support/mod.ts";

/** Connections that are open at any time; one that leaves is replaced. */
export const PEERS = 6;

/**
 * What a play is about. Not everything goes together: where C gearmand is known to do otherwise
 * (docs/differences.md), one play has the one thing, another play the other.
 */
export interface World {
  /** Workers register for several functions, which take turns; all jobs are of one priority. */
  readonly manyFunctions: boolean;
  /** Some jobs are never due; nobody sleeps. */
  readonly delayed: boolean;
}

export type SubmitType = Extract<
  PacketTypeName,
  | "SUBMIT_JOB"
  | "SUBMIT_JOB_HIGH"
  | "SUBMIT_JOB_LOW"
  | "SUBMIT_JOB_BG"
  | "SUBMIT_JOB_HIGH_BG"
  | "SUBMIT_JOB_LOW_BG"
  | "SUBMIT_JOB_EPOCH"
  | "SUBMIT_REDUCE_JOB"
  | "SUBMIT_REDUCE_JOB_BACKGROUND"
>;
export type GrabType = Extract<PacketTypeName, "GRAB_JOB" | "GRAB_JOB_UNIQ" | "GRAB_JOB_ALL">;
export type EndType = Extract<
  PacketTypeName,
  "WORK_COMPLETE" | "WORK_FAIL" | "WORK_EXCEPTION"
>;
export type ReportType =
  | EndType
  | Extract<
    PacketTypeName,
    "WORK_DATA" | "WORK_WARNING" | "WORK_STATUS"
  >;

/** One submission; `name` and `unique` are numbers of a list of names. */
export interface Submitted {
  readonly type: SubmitType;
  readonly name: number;
  /** -1: none; -2: `-`. */
  readonly unique: number;
  readonly data: string;
  /** Of SUBMIT_JOB_EPOCH. */
  readonly epoch: string;
}

/**
 * One step of a play, as plain data. It means something, or nothing, in every state, so that any
 * part of a play is a play: `nth` counts round whatever there is.
 */
export type Operation =
  & { readonly peer: number }
  & (
    | { readonly do: "submit"; readonly jobs: readonly Submitted[] }
    | { readonly do: "grab"; readonly type: GrabType }
    | { readonly do: "sleep" | "reset" | "close" | "exceptions" }
    | { readonly do: "can do"; readonly name: number; readonly timeout: string | undefined }
    | { readonly do: "can't do" | "create"; readonly name: number }
    | { readonly do: "drop"; readonly name: number }
    /** `grab`: asks for the next job in the same write. */
    | {
      readonly do: "report";
      readonly type: ReportType;
      readonly nth: number;
      readonly data: string;
      readonly grab: GrabType | undefined;
    }
    /** About a job that somebody else has, or nobody. */
    | { readonly do: "steal"; readonly type: ReportType; readonly nth: number }
    | { readonly do: "status"; readonly nth: number }
    | { readonly do: "cancel"; readonly nth: number }
    | { readonly do: "unique status"; readonly name: number; readonly unique: number }
    | { readonly do: "limit"; readonly name: number; readonly numbers: string }
    /** Bytes whose replies tell all there is to tell. */
    | { readonly do: "say"; readonly bytes: string }
  );

export const FUNCTIONS = ["a", "A", "a::b-1", "\xe9\xff\x01"] as const;
const UNIQUES = 8;
const GRABS: readonly GrabType[] = ["GRAB_JOB", "GRAB_JOB_UNIQ", "GRAB_JOB_ALL"];
const ENDS: readonly EndType[] = [
  "WORK_COMPLETE",
  "WORK_COMPLETE",
  "WORK_FAIL",
  "WORK_EXCEPTION",
];
const UPDATES: readonly ReportType[] = ["WORK_DATA", "WORK_WARNING", "WORK_STATUS"];
const NORMAL: readonly SubmitType[] = [
  "SUBMIT_JOB",
  "SUBMIT_JOB_BG",
  "SUBMIT_JOB",
  "SUBMIT_JOB_BG",
  "SUBMIT_REDUCE_JOB",
  "SUBMIT_REDUCE_JOB_BACKGROUND",
  "SUBMIT_JOB_EPOCH",
];
const ANY_PRIORITY: readonly SubmitType[] = [
  ...NORMAL,
  "SUBMIT_JOB_HIGH",
  "SUBMIT_JOB_LOW",
  "SUBMIT_JOB_HIGH_BG",
  "SUBMIT_JOB_LOW_BG",
];
/** Times that have come, as strtoll reads them. */
const PAST = ["0", "1", "now", "", "-5", "+7", " 12", "1700000000", "9x"];
const FAR_FUTURE = "4000000000";

const LINES = [
  "status",
  "STATUS all of it",
  "prioritystatus",
  "workers",
  "show jobs",
  "show unique jobs",
  "Show Unique Jobs",
  "version",
  "getpid",
  "verbose",
  "show",
  "show x",
  "show jobs now",
  "cancel",
  "cancel job",
  "cancel x y",
  "cancel job H:x:999999",
  "cancel job  H:x:999999",
  "create",
  "create function",
  "create x y",
  "drop",
  "drop function",
  "drop function nobody",
  "maxqueue",
  "maxqueue nobody 3",
  "",
  " status",
  "version\t",
  "help",
  "shutdown",
  "stat\0us",
  "status ",
  "show jobs ",
] as const;

/** Of four plays one after the other, two are with many functions and one with jobs that are never due. */
export function worldOf(number: number): World {
  const manyFunctions = number % 2 === 1;
  // not-due-hides-nothing
  return { manyFunctions, delayed: !manyFunctions && number % 4 === 0 };
}

type Maker = (random: Random, world: World) => Operation;

/** The makers of operations, and how often each is chosen in comparison. */
const MAKERS: readonly (readonly [weight: number, make: Maker])[] = [
  [30, submit],
  [20, (random) => ({ do: "grab", peer: peer(random), type: random.pick(GRABS) })],
  [12, (random) => ({ do: "sleep", peer: peer(random) })],
  [10, canDo],
  [3, (random) => ({ do: "can't do", peer: peer(random), name: name(random) })],
  [1, (random) => ({ do: "reset", peer: peer(random) })],
  [30, report],
  [4, steal],
  [5, (random) => ({ do: "status", peer: peer(random), nth: random.below(1000) })],
  [3, (random) => ({ do: "unique status", ...uniqueOf(random), peer: peer(random) })],
  [1, (random) => ({ do: "exceptions", peer: peer(random) })],
  [3, (random) => ({ do: "cancel", peer: peer(random), nth: random.below(1000) })],
  [1, limit],
  [1, (random) => ({ do: "create", peer: peer(random), name: name(random) })],
  [2, (random) => ({ do: "drop", peer: peer(random), name: name(random) })],
  [12, say],
  [4, (random) => ({ do: "close", peer: peer(random) })],
];
const WHEEL: readonly Maker[] = MAKERS.flatMap(([weight, make]) =>
  new Array<Maker>(weight).fill(make)
);

export function randomOperations(random: Random, world: World, count: number): Operation[] {
  return Array.from({ length: count }, () => random.pick(WHEEL)(random, world));
}

function peer(random: Random): number {
  return random.below(PEERS);
}

function name(random: Random): number {
  return random.below(FUNCTIONS.length);
}

function uniqueOf(random: Random): { name: number; unique: number } {
  return { name: name(random), unique: random.below(UNIQUES) };
}

function submit(random: Random, world: World): Operation {
  const count = random.chance(0.2) ? random.between(2, 6) : 1;
  const jobs = Array.from({ length: count }, (): Submitted => ({
    type: random.pick(world.manyFunctions || world.delayed ? NORMAL : ANY_PRIORITY),
    name: name(random),
    unique: random.chance(0.3) ? -1 : random.chance(0.2) ? -2 : random.below(UNIQUES),
    data: data(random),
    epoch: world.delayed && random.chance(0.7) ? FAR_FUTURE : random.pick(PAST),
  }));
  return { do: "submit", peer: peer(random), jobs };
}

function data(random: Random): string {
  if (random.chance(0.2)) return "";
  if (random.chance(0.4)) return random.pick(["x", "y", "x".repeat(70)]);
  const length = random.chance(0.03) ? random.between(5_000, 100_000) : random.between(1, 80);
  return String.fromCharCode(...random.bytes(Math.min(length, 80))).padEnd(length, "abc\0");
}

function canDo(random: Random): Operation {
  const timeout = random.chance(0.3)
    ? random.pick(["600000", "0", "-1", "", "soon", "900000x"])
    : undefined;
  return { do: "can do", peer: peer(random), name: name(random), timeout };
}

function report(random: Random): Operation {
  const ends = random.chance(0.7);
  return {
    do: "report",
    peer: peer(random),
    type: random.pick(ends ? ENDS : UPDATES),
    nth: random.below(1000),
    data: data(random),
    grab: ends && random.chance(0.4) ? random.pick(GRABS) : undefined,
  };
}

function steal(random: Random): Operation {
  return {
    do: "steal",
    peer: peer(random),
    type: random.pick([...ENDS, ...UPDATES]),
    nth: random.below(1000),
  };
}

function limit(random: Random): Operation {
  const numbers = random.pick(["", " 0", " 3", " 1 2", " 2 1 3", " x", " -1", " 9 9 9"]);
  return { do: "limit", peer: peer(random), name: name(random), numbers };
}

function say(random: Random): Operation {
  const bytes = random.chance(0.6)
    ? `${random.pick(LINES)}${random.pick(["\n", "\r\n"])}`
    : random.chance(0.5)
    ? refusedPacket(random)
    : harmlessPacket(random);
  return { do: "say", peer: peer(random), bytes };
}

/** Types that only the server sends, or that nobody does, with as many NULs as they need. */
const NOT_EXPECTED = [5, 6, 8, 10, 11, 17, 19, 20, 24, 27, 31, 35, 40, 42];

function refusedPacket(random: Random): string {
  const kind = random.below(4);
  if (kind === 0) return packet(random.pick(NOT_EXPECTED), "a\0b\0c\0d\0e\0f\0g\0h");
  if (kind === 1) return packet(7, `f\0${"u".repeat(random.between(65, 200))}\0x`);
  if (kind === 2) return packet(26, random.pick(["exception", "", "exceptions x", "x\0"]));
  return packet(random.between(1, 4), "name", "RES");
}

function harmlessPacket(random: Random): string {
  const kind = random.below(4);
  if (kind === 0) return packet(16, data(random));
  if (kind === 1) return packet(15, random.pick(["", "H:x:0", "H:x:01", "nothing", "H:x:7777777"]));
  if (kind === 2) return packet(22, random.pick(["", "me", "me too", "n".repeat(127)]));
  // The reference finds a job of unique ID `-` or none by it when their hashes meet by chance.
  return packet(41, random.pick(["nobody", "nobody\0", "u".repeat(63)]));
}

/** A whole packet as a byte string. */
export function packet(type: number, body: string, magic: "REQ" | "RES" = "REQ"): string {
  return `\0${magic}${uint32(type)}${uint32(body.length)}${body}`;
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255);
}
