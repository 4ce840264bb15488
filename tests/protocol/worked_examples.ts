import { type ByteString, MAGIC_REPLY, MAGIC_REQUEST } from "../../src/protocol/mod.ts";
import { type Delivered, hex } from "./recording_sink.ts";

export interface WorkedExample {
  readonly bytes: Uint8Array;
  readonly delivered: Delivered;
}

type Row = readonly [
  direction: ">" | "<",
  Extract<Delivered, { args: unknown }>["packet"],
  bytes: string,
  args: readonly ByteString[],
  data?: ByteString,
];

/** The captured packets of protocol section 12, and what they mean. */
const ROWS: readonly Row[] = [
  [">", "CAN_DO", "00 52 45 51 00 00 00 01 00 00 00 03 72 65 76", ["rev"]],
  [
    ">",
    "CAN_DO_TIMEOUT",
    "00 52 45 51 00 00 00 17 00 00 00 08 72 76 32 00 35 30 30 30",
    ["rv2", "5000"],
  ],
  [
    ">",
    "SUBMIT_JOB",
    "00 52 45 51 00 00 00 07 00 00 00 0a 72 65 76 00 75 31 00 61 62 63",
    ["rev", "u1"],
    "abc",
  ],
  ["<", "JOB_CREATED", "00 52 45 53 00 00 00 08 00 00 00 05 48 3a 78 3a 31", ["H:x:1"]],
  [">", "GET_STATUS", "00 52 45 51 00 00 00 0f 00 00 00 05 48 3a 78 3a 31", ["H:x:1"]],
  [
    "<",
    "STATUS_RES",
    "00 52 45 53 00 00 00 14 00 00 00 0d 48 3a 78 3a 31 00 31 00 30 00 30 00 30",
    ["H:x:1", "1", "0", "0", "0"],
  ],
  [">", "GRAB_JOB_ALL", "00 52 45 51 00 00 00 27 00 00 00 00", []],
  [
    "<",
    "JOB_ASSIGN_UNIQ",
    "00 52 45 53 00 00 00 1f 00 00 00 10 48 3a 78 3a 31 00 72 65 76 00 75 31 00 61 62 63",
    ["H:x:1", "rev", "u1"],
    "abc",
  ],
  [
    ">",
    "WORK_STATUS",
    "00 52 45 51 00 00 00 0c 00 00 00 09 48 3a 78 3a 31 00 31 00 34",
    ["H:x:1", "1", "4"],
  ],
  [
    "<",
    "WORK_STATUS",
    "00 52 45 53 00 00 00 0c 00 00 00 09 48 3a 78 3a 31 00 31 00 34",
    ["H:x:1", "1", "4"],
  ],
  [">", "GET_STATUS_UNIQUE", "00 52 45 51 00 00 00 29 00 00 00 02 75 31", ["u1"]],
  [
    "<",
    "STATUS_RES_UNIQUE",
    "00 52 45 53 00 00 00 2a 00 00 00 0c 75 31 00 31 00 31 00 31 00 34 00 31",
    ["u1", "1", "1", "1", "4", "1"],
  ],
  [
    ">",
    "WORK_COMPLETE",
    "00 52 45 51 00 00 00 0d 00 00 00 09 48 3a 78 3a 31 00 63 62 61",
    ["H:x:1"],
    "cba",
  ],
  [
    "<",
    "WORK_COMPLETE",
    "00 52 45 53 00 00 00 0d 00 00 00 09 48 3a 78 3a 31 00 63 62 61",
    ["H:x:1"],
    "cba",
  ],
  [
    ">",
    "SUBMIT_JOB_EPOCH",
    "00 52 45 51 00 00 00 24 00 00 00 13 72 65 76 00 65 31 00 " +
    "31 37 30 30 30 30 30 30 30 30 00 78",
    ["rev", "e1", "1700000000"],
    "x",
  ],
  [">", "GRAB_JOB", "00 52 45 51 00 00 00 09 00 00 00 00", []],
  [
    "<",
    "JOB_ASSIGN",
    "00 52 45 53 00 00 00 0b 00 00 00 0b 48 3a 78 3a 32 00 72 65 76 00 78",
    ["H:x:2", "rev"],
    "x",
  ],
  [
    ">",
    "SUBMIT_REDUCE_JOB",
    "00 52 45 51 00 00 00 25 00 00 00 0d 72 65 76 00 72 31 00 72 65 64 00 00 78",
    ["rev", "r1", "red", ""],
    "x",
  ],
  [
    "<",
    "JOB_ASSIGN_ALL",
    "00 52 45 53 00 00 00 28 00 00 00 12 48 3a 78 3a 33 00 72 65 76 00 72 31 00 72 65 64 00 78",
    ["H:x:3", "rev", "r1", "red"],
    "x",
  ],
  [">", "WORK_EXCEPTION", "00 52 45 51 00 00 00 19 00 00 00 07 48 3a 78 3a 33 00 65", [
    "H:x:3",
  ], "e"],
  ["<", "WORK_FAIL", "00 52 45 53 00 00 00 0e 00 00 00 06 48 3a 78 3a 33 00", ["H:x:3\0"]],
  [">", "WORK_FAIL", "00 52 45 51 00 00 00 0e 00 00 00 05 48 3a 78 3a 33", ["H:x:3"]],
  [
    "<",
    "ERROR",
    '00 52 45 53 00 00 00 13 00 00 00 30 "JOB_NOT_FOUND" 00 "Job given in work result not found"',
    ["JOB_NOT_FOUND", "Job given in work result not found"],
  ],
  ["<", "NOOP", "00 52 45 53 00 00 00 06 00 00 00 00", []],
  ["<", "NO_JOB", "00 52 45 53 00 00 00 0a 00 00 00 00", []],
];

export const WORKED_EXAMPLES: readonly WorkedExample[] = ROWS.map((
  [direction, packet, bytes, args, data],
) => ({
  bytes: hex(bytes),
  delivered: {
    packet,
    magic: direction === ">" ? MAGIC_REQUEST : MAGIC_REPLY,
    args,
    data: data ?? null,
  },
}));
