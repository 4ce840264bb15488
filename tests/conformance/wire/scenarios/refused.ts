/** Protocol section 3: malformed and refused input. */

import { handle, own } from "../marks.ts";
import {
  ask,
  closed,
  differs,
  error,
  halfClose,
  list,
  oddPacket,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
  text,
} from "../script.ts";
import { complete, grab, RUNNING, status, submit, worker } from "./openings.ts";

const NOT_EXPECTED = error("INVALID_COMMAND", "Command not expected");
const REQUEST_MAGIC = error("INVALID_MAGIC", "Request magic expected");
const INCOMPLETE = error("INVALID_PACKET", "Packet is shorter than its arguments");
const OUT_OF_RANGE = error("INVALID_PACKET", "Number out of range");
const TOO_LARGE = error("ARGUMENT_TOO_LARGE", "Argument too large");

const f = own("f");

export const REFUSED: readonly Scenario[] = [
  {
    name:
      "a NUL that does not begin \\0REQ or \\0RES closes the connection after a header's length",
    steps: [
      send("c", text("\0GET /\r\n")),
      silent("other"),
      send("c", text("\r\n\r\n")),
      closed("c"),
    ],
  },
  {
    name: "a packet number that the protocol does not have closes the connection",
    steps: [
      send("a", oddPacket(0, "")),
      closed("a"),
      send("b", oddPacket(43, "")),
      closed("b"),
      send("c", oddPacket(0x7fffffff, "")),
      closed("c"),
    ],
  },
  {
    name: "a reply's magic is refused and the connection stays",
    steps: [
      ask("c", oddPacket("ECHO_REQ", "x", { magic: "RES" }), REQUEST_MAGIC),
      ask("c", oddPacket("SUBMIT_JOB_BG", "f\0u\0d", { magic: "RES" }), REQUEST_MAGIC),
      ask("c", oddPacket("NOOP", "", { magic: "RES" }), REQUEST_MAGIC),
    ],
  },
  {
    name: "packets that only the server sends are refused",
    steps: [
      ask("c", oddPacket("UNUSED", ""), NOT_EXPECTED),
      ask("c", req("NOOP"), NOT_EXPECTED),
      ask("c", req("JOB_CREATED", "h"), NOT_EXPECTED),
      ask("c", req("NO_JOB"), NOT_EXPECTED),
      ask("c", req("JOB_ASSIGN", "h", "f", "d"), NOT_EXPECTED),
      ask("c", req("ECHO_RES", "x"), NOT_EXPECTED),
      ask("c", req("ERROR", "CODE", "text"), NOT_EXPECTED),
      ask("c", req("STATUS_RES", "h", "0", "0", "0", "0"), NOT_EXPECTED),
      ask("c", req("OPTION_RES", "exceptions"), NOT_EXPECTED),
      ask("c", req("JOB_ASSIGN_UNIQ", "h", "f", "u", "d"), NOT_EXPECTED),
      ask("c", req("JOB_ASSIGN_ALL", "h", "f", "u", "r", "d"), NOT_EXPECTED),
      ask("c", req("STATUS_RES_UNIQUE", "u", "0", "0", "0", "0", "0"), NOT_EXPECTED),
    ],
  },
  {
    name: "ALL_YOURS and SUBMIT_JOB_SCHED are refused",
    steps: [
      ask("c", req("ALL_YOURS"), NOT_EXPECTED),
      ask(
        "c",
        req("SUBMIT_JOB_SCHED", own("f"), "u", "0", "0", "1", "1", "0", "data"),
        NOT_EXPECTED,
      ),
    ],
  },
  {
    name: "arguments that do not fit the window of 8192 bytes close the connection",
    steps: [
      send("c", req("SUBMIT_JOB", "f".repeat(9000), "u", "")),
      closed("c"),
    ],
  },
  {
    name: "so does a last argument that does not fit",
    steps: [send("c", req("CAN_DO", "f".repeat(9000))), closed("c")],
  },
  {
    name: "a body shorter than its arguments",
    steps: [
      differs("incomplete-body", {
        gearmand: [
          send("c", oddPacket("SUBMIT_JOB_BG", f), req("ECHO_REQ", "lost")),
          closed("c"),
          send("d", oddPacket("SUBMIT_REDUCE_JOB", `${f}\0u\0r\0data`), req("ECHO_REQ", "lost")),
          closed("d"),
        ],
        cogd: [
          send("c", oddPacket("SUBMIT_JOB_BG", f), req("ECHO_REQ", "kept")),
          receive("c", INCOMPLETE, res("ECHO_RES", "kept")),
          ask("c", oddPacket("SUBMIT_REDUCE_JOB", `${f}\0u\0r\0data`), INCOMPLETE),
          ask("c", oddPacket("SUBMIT_JOB", ""), INCOMPLETE),
          ask("c", oddPacket("SUBMIT_JOB_EPOCH", `${f}\0u\x001`), INCOMPLETE),
          ask("c", oddPacket("CAN_DO_TIMEOUT", f), INCOMPLETE),
          ask("c", oddPacket("WORK_STATUS", "H:x:1\x001"), INCOMPLETE),
          ask("c", oddPacket("JOB_ASSIGN", "H:x:1"), NOT_EXPECTED),
          ask("c", oddPacket("SUBMIT_JOB", "f", { magic: "RES" }), REQUEST_MAGIC),
          list("c", "status\n"),
        ],
      }),
    ],
  },
  {
    name: "a handle or unique ID that is too long to be one is asked for",
    steps: [
      send("c", req("GET_STATUS", "n".repeat(64))),
      send("d", req("GET_STATUS_UNIQUE", "n".repeat(65))),
      silent("other"),
      differs("too-long-answered", {
        gearmand: [halfClose("c"), closed("c"), halfClose("d"), closed("d")],
        cogd: [receive("c", TOO_LARGE), receive("d", TOO_LARGE)],
      }),
    ],
  },
  {
    name: "half-close: replies that are due are still delivered",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1, { data: "w" }),
      grab("w", 1, f, "w"),
      differs("half-close", {
        gearmand: [halfClose("c"), closed("c"), complete("w", 1, "late")],
        cogd: [
          send("c", req("SUBMIT_JOB_BG", f, "", ""), text("maxqueue\nshow jobs \n")),
          halfClose("c"),
          receive(
            "c",
            res("JOB_CREATED", handle(2)),
            text(
              "ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+maxqueue\r\n",
            ),
            text("ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
          ),
          closed("c"),
          complete("w", 1, "late"),
        ],
      }),
    ],
  },
  {
    name: "the denominator of WORK_STATUS has 12 digits",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      send("w", req("WORK_STATUS", handle(1), "1", "1".repeat(12))),
      differs("too-long-answered", {
        gearmand: [silent("c"), halfClose("w"), closed("w")],
        cogd: [receive("w", TOO_LARGE), silent("c"), status("c", 1, RUNNING)],
      }),
    ],
  },
];

/** Input that may end the reference: for scripts that have a server to themselves. */
export const DANGEROUS: readonly Scenario[] = [
  {
    name: "a packet number of 0x80000000 or more",
    steps: [
      silent("other"),
      send("c", oddPacket(0x80000000, "")),
      closed("c"),
      differs("packet-number-survives", {
        gearmand: [closed("other")],
        cogd: [send("d", oddPacket(0xffffffff, "")), closed("d"), silent("other")],
      }),
    ],
  },
  {
    name: "a body of 4 GiB is announced",
    steps: [
      send("c", req("SET_CLIENT_ID", own("announcer"))),
      silent("c"),
      send("c", oddPacket("SUBMIT_JOB_BG", "f\0u\0", { size: 0xffffffff })),
      differs("packet-limit", {
        gearmand: [
          silent("other"),
          list("other", "workers\n", `FD 127.0.0.1 ${own("announcer")} :`),
          halfClose("c"),
          closed("c"),
        ],
        cogd: [closed("c")],
      }),
    ],
  },
  {
    name: "a time-out that is out of range",
    steps: [
      send("w", req("CAN_DO_TIMEOUT", f, "1".repeat(20))),
      differs("number-range", {
        gearmand: [halfClose("w"), closed("w")],
        cogd: [
          receive("w", OUT_OF_RANGE),
          ask("w", req("CAN_DO_TIMEOUT", f, "-" + "9".repeat(19)), OUT_OF_RANGE),
          ask("w", req("CAN_DO_TIMEOUT", f, "0".repeat(21)), OUT_OF_RANGE),
          list("w", "status\n"),
        ],
      }),
    ],
  },
  {
    name: "an epoch that is out of range",
    steps: [
      send("c", req("SUBMIT_JOB_EPOCH", f, "u", "9".repeat(19), "w")),
      differs("number-range", {
        gearmand: [halfClose("c"), closed("c")],
        cogd: [
          receive("c", OUT_OF_RANGE),
          ask("c", req("SUBMIT_JOB_EPOCH", f, "u", "-" + "9".repeat(19), "w"), OUT_OF_RANGE),
          list("c", "status\n"),
        ],
      }),
    ],
  },
];
