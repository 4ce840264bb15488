/** Protocol sections 1 to 3: how messages are cut out of the stream, and what is refused. */

import { ANY, handle, own } from "../marks.ts";
import {
  ask,
  error,
  NO_JOB,
  oddPacket,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
  text,
} from "../script.ts";

export const FRAMING: readonly Scenario[] = [
  {
    name: "ECHO_REQ is answered with the same bytes, none included",
    steps: [
      ask("c", req("ECHO_REQ", ""), res("ECHO_RES", "")),
      ask("c", req("ECHO_REQ", "a\0\xff\n\0RES"), res("ECHO_RES", "a\0\xff\n\0RES")),
      ask("c", req("ECHO_REQ", "x".repeat(100_000)), res("ECHO_RES", "x".repeat(100_000))),
    ],
  },
  {
    name: "a packet may come in pieces, and a line too",
    steps: [
      send("c", text("\0")),
      silent("other"),
      send("c", text("REQ\0\0\0")),
      silent("other"),
      send("c", text("\x10\0\0\0\x02a")),
      silent("other"),
      send("c", text("bver")),
      receive("c", res("ECHO_RES", "ab")),
      silent("other"),
      send("c", text("sion\r")),
      silent("other"),
      send("c", text("\n")),
      receive("c", text(`OK ${ANY}\n`)),
    ],
  },
  {
    name: "text and packets mix in one segment and are answered in order",
    steps: [
      send(
        "c",
        req("ECHO_REQ", "1"),
        text("maxqueue\n"),
        req("GRAB_JOB"),
        text("cancel job no\r\nversion\n"),
        req("ECHO_REQ", "2"),
      ),
      receive(
        "c",
        res("ECHO_RES", "1"),
        text(
          "ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+maxqueue\r\n",
        ),
        NO_JOB,
        text("ERR UNKNOWN_JOB\r\n"),
        text(`OK ${ANY}\n`),
        res("ECHO_RES", "2"),
      ),
    ],
  },
  {
    name: "pipelined submissions are answered in their order, refusals between them",
    steps: [
      send(
        "c",
        req("SUBMIT_JOB", own("f"), "", "1"),
        req("SUBMIT_JOB_BG", own("f"), "u".repeat(65), "2"),
        req("SUBMIT_JOB_BG", own("g"), "", "3"),
        req("GET_STATUS", "nothing"),
        req("SUBMIT_JOB_EPOCH", own("f"), "", "0", "4"),
        req("ECHO_REQ", "end"),
      ),
      receive(
        "c",
        res("JOB_CREATED", handle(1)),
        error("ARGUMENT_TOO_LARGE", "Unique value too large"),
        res("JOB_CREATED", handle(2)),
        res("STATUS_RES", "nothing", "0", "0", "0", "0"),
        res("JOB_CREATED", handle(3)),
        res("ECHO_RES", "end"),
      ),
    ],
  },
  {
    name: "one connection is client, worker and admin at once",
    steps: [
      send("c", req("CAN_DO", own("f")), req("SUBMIT_JOB", own("f"), "", "w"), req("GRAB_JOB")),
      receive(
        "c",
        res("JOB_CREATED", handle(1)),
        res("JOB_ASSIGN", handle(1), own("f"), "w"),
      ),
      send("c", req("WORK_COMPLETE", handle(1), "done"), text("verbose\n")),
      receive("c", res("WORK_COMPLETE", handle(1), "done"), text(`OK ${ANY}\n`)),
    ],
  },
  {
    name: "the body of a packet without arguments is skipped",
    steps: [
      ask("w", oddPacket("GRAB_JOB", "GRAB_JOB has no body"), NO_JOB),
      ask("w", oddPacket("GRAB_JOB_UNIQ", "x"), NO_JOB),
      ask("w", oddPacket("GRAB_JOB_ALL", "\0"), NO_JOB),
      send("w", oddPacket("PRE_SLEEP", "zzz"), oddPacket("RESET_ABILITIES", "all of them")),
    ],
  },
];
