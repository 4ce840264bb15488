/**
 * Every packet of the binary protocol in one table: number, name, who sends it, its arguments.
 * The order and meaning of arguments follow the protocol's section "Packet types".
 */

/** Packet types by name, as the protocol spells them. */
export const PacketType = {
  CAN_DO: 1,
  CANT_DO: 2,
  RESET_ABILITIES: 3,
  PRE_SLEEP: 4,
  UNUSED: 5,
  NOOP: 6,
  SUBMIT_JOB: 7,
  JOB_CREATED: 8,
  GRAB_JOB: 9,
  NO_JOB: 10,
  JOB_ASSIGN: 11,
  WORK_STATUS: 12,
  WORK_COMPLETE: 13,
  WORK_FAIL: 14,
  GET_STATUS: 15,
  ECHO_REQ: 16,
  ECHO_RES: 17,
  SUBMIT_JOB_BG: 18,
  ERROR: 19,
  STATUS_RES: 20,
  SUBMIT_JOB_HIGH: 21,
  SET_CLIENT_ID: 22,
  CAN_DO_TIMEOUT: 23,
  ALL_YOURS: 24,
  WORK_EXCEPTION: 25,
  OPTION_REQ: 26,
  OPTION_RES: 27,
  WORK_DATA: 28,
  WORK_WARNING: 29,
  GRAB_JOB_UNIQ: 30,
  JOB_ASSIGN_UNIQ: 31,
  SUBMIT_JOB_HIGH_BG: 32,
  SUBMIT_JOB_LOW: 33,
  SUBMIT_JOB_LOW_BG: 34,
  SUBMIT_JOB_SCHED: 35,
  SUBMIT_JOB_EPOCH: 36,
  SUBMIT_REDUCE_JOB: 37,
  SUBMIT_REDUCE_JOB_BACKGROUND: 38,
  GRAB_JOB_ALL: 39,
  JOB_ASSIGN_ALL: 40,
  GET_STATUS_UNIQUE: 41,
  STATUS_RES_UNIQUE: 42,
} as const;

export type PacketTypeName = keyof typeof PacketType;
export type PacketType = (typeof PacketType)[PacketTypeName];

/**
 * How a packet's body is built: each argument but the last ends in NUL; with `data`, all of them do
 * and the rest of the body is opaque; without, the last argument is the rest of the body.
 */
export interface PacketShape {
  readonly type: PacketType;
  readonly name: PacketTypeName;
  /** `request`: towards the server. `reply`: from the server. `both`: WORK_*, passed on as they came. */
  readonly direction: "request" | "reply" | "both";
  readonly args: readonly string[];
  readonly data: boolean;
}

type Row = readonly [PacketTypeName, PacketShape["direction"], args: string, data?: "data"];

const SUBMIT = "function unique";
const ROWS: readonly Row[] = [
  ["CAN_DO", "request", "function"],
  ["CANT_DO", "request", "function"],
  ["RESET_ABILITIES", "request", ""],
  ["PRE_SLEEP", "request", ""],
  ["UNUSED", "reply", ""],
  ["NOOP", "reply", ""],
  ["SUBMIT_JOB", "request", SUBMIT, "data"],
  ["JOB_CREATED", "reply", "handle"],
  ["GRAB_JOB", "request", ""],
  ["NO_JOB", "reply", ""],
  ["JOB_ASSIGN", "reply", "handle function", "data"],
  ["WORK_STATUS", "both", "handle numerator denominator"],
  ["WORK_COMPLETE", "both", "handle", "data"],
  ["WORK_FAIL", "both", "handle"],
  ["GET_STATUS", "request", "handle"],
  ["ECHO_REQ", "request", "", "data"],
  ["ECHO_RES", "reply", "", "data"],
  ["SUBMIT_JOB_BG", "request", SUBMIT, "data"],
  ["ERROR", "reply", "code text"],
  ["STATUS_RES", "reply", "handle known running numerator denominator"],
  ["SUBMIT_JOB_HIGH", "request", SUBMIT, "data"],
  ["SET_CLIENT_ID", "request", "id"],
  ["CAN_DO_TIMEOUT", "request", "function timeout"],
  ["ALL_YOURS", "request", ""],
  ["WORK_EXCEPTION", "both", "handle", "data"],
  ["OPTION_REQ", "request", "option"],
  ["OPTION_RES", "reply", "option"],
  ["WORK_DATA", "both", "handle", "data"],
  ["WORK_WARNING", "both", "handle", "data"],
  ["GRAB_JOB_UNIQ", "request", ""],
  ["JOB_ASSIGN_UNIQ", "reply", "handle function unique", "data"],
  ["SUBMIT_JOB_HIGH_BG", "request", SUBMIT, "data"],
  ["SUBMIT_JOB_LOW", "request", SUBMIT, "data"],
  ["SUBMIT_JOB_LOW_BG", "request", SUBMIT, "data"],
  ["SUBMIT_JOB_SCHED", "request", `${SUBMIT} minute hour mday month wday`, "data"],
  ["SUBMIT_JOB_EPOCH", "request", `${SUBMIT} epoch`, "data"],
  ["SUBMIT_REDUCE_JOB", "request", `${SUBMIT} reducer ignored`, "data"],
  ["SUBMIT_REDUCE_JOB_BACKGROUND", "request", `${SUBMIT} reducer ignored`, "data"],
  ["GRAB_JOB_ALL", "request", ""],
  ["JOB_ASSIGN_ALL", "reply", "handle function unique reducer", "data"],
  ["GET_STATUS_UNIQUE", "request", "unique"],
  ["STATUS_RES_UNIQUE", "reply", "unique known running numerator denominator clients"],
];

/** Most arguments that any packet has. */
export const MAX_ARGUMENTS = 7;

/** Shapes by packet number; index 0 is empty because numbers start at 1. */
export const PACKET_SHAPES: readonly (PacketShape | undefined)[] = [
  undefined,
  ...ROWS.map(([name, direction, args, data]): PacketShape => ({
    type: PacketType[name],
    name,
    direction,
    args: args === "" ? [] : args.split(" "),
    data: data === "data",
  })),
];

/** The shape of a packet number, or undefined where the protocol has none. */
export function packetShape(type: number): PacketShape | undefined {
  return PACKET_SHAPES[type];
}
