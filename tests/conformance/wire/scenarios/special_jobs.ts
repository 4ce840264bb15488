/** Protocol section 6: reduce jobs, delayed jobs, and SUBMIT_JOB_SCHED. */

import { epochIn, handle, own, ownOfLength } from "../marks.ts";
import {
  ask,
  differs,
  error,
  list,
  NO_JOB,
  NOOP,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
} from "../script.ts";
import { complete, grab, grabNothing, sleeper, status, submit, worker } from "./openings.ts";

const TOO_LARGE = error("ARGUMENT_TOO_LARGE", "Unique value too large");

export const SPECIAL_JOBS: readonly Scenario[] = [
  {
    name: "a reduce job tells its reducer to GRAB_JOB_ALL only",
    steps: [
      worker("w", own("f")),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB", own("f"), own("u"), "red", "ignored", "data"),
        res("JOB_CREATED", handle(1)),
      ),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB_BACKGROUND", own("f"), "", "red", "", "\0"),
        res("JOB_CREATED", handle(2)),
      ),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB", own("f"), "", "red", "", "3"),
        res("JOB_CREATED", handle(3)),
      ),
      ask("c", req("SUBMIT_REDUCE_JOB", own("f"), "", "", "", "4"), res("JOB_CREATED", handle(4))),
      ask(
        "w",
        req("GRAB_JOB_ALL"),
        res("JOB_ASSIGN_ALL", handle(1), own("f"), own("u"), "red", "data"),
      ),
      ask("w", req("GRAB_JOB_UNIQ"), res("JOB_ASSIGN_UNIQ", handle(2), own("f"), "", "\0")),
      grab("w", 3, own("f"), "3"),
      ask("w", req("GRAB_JOB_ALL"), res("JOB_ASSIGN_UNIQ", handle(4), own("f"), "", "4")),
      complete("w", 1, "1", "c"),
      complete("w", 2, "2"),
    ],
  },
  {
    name: "a reducer may have 64 bytes, not more",
    steps: [
      worker("w", own("f")),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB", own("f"), "", "r".repeat(64), "", "d"),
        res("JOB_CREATED", handle(1)),
      ),
      ask(
        "w",
        req("GRAB_JOB_ALL"),
        res("JOB_ASSIGN_ALL", handle(1), own("f"), "", "r".repeat(64), "d"),
      ),
      ask("c", req("SUBMIT_REDUCE_JOB", own("f"), "", "r".repeat(65), "", "d"), TOO_LARGE),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB_BACKGROUND", own("f"), "", "r".repeat(65), "", ""),
        TOO_LARGE,
      ),
    ],
  },
  {
    name: "a reduce job's unique ID of 65 bytes",
    steps: [
      send("c", req("SUBMIT_REDUCE_JOB_BACKGROUND", own("f"), ownOfLength(65), "red", "", "")),
      differs("reduce-unique-checked", {
        gearmand: [receive("c", res("JOB_CREATED", handle(1)))],
        cogd: [receive("c", TOO_LARGE)],
      }),
    ],
  },
  {
    name: "SUBMIT_JOB_SCHED leaves nothing behind",
    steps: [
      ask(
        "c",
        req("SUBMIT_JOB_SCHED", own("f"), own("u"), "0", "0", "1", "1", "0", "data"),
        error("INVALID_COMMAND", "Command not expected"),
      ),
      list("c", "status\n"),
    ],
  },
  {
    name: "an epoch that is past, zero, negative or no number means now",
    steps: [
      worker("w", own("f")),
      ask(
        "c",
        req("SUBMIT_JOB_EPOCH", own("f"), "", "1700000000", "a"),
        res("JOB_CREATED", handle(1)),
      ),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), "", "0", "b"), res("JOB_CREATED", handle(2))),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), "", "-5", "c"), res("JOB_CREATED", handle(3))),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), "", "soon", "d"), res("JOB_CREATED", handle(4))),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), "", "", "e"), res("JOB_CREATED", handle(5))),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), "", " 17x", "f"), res("JOB_CREATED", handle(6))),
      grab("w", 1, own("f"), "a"),
      grab("w", 2, own("f"), "b"),
      grab("w", 3, own("f"), "c"),
      grab("w", 4, own("f"), "d"),
      grab("w", 5, own("f"), "e"),
      grab("w", 6, own("f"), "f"),
      complete("w", 1, ""),
    ],
  },
  {
    name: "a job that is not due is counted, and passed over",
    steps: [
      worker("w", own("f")),
      ask(
        "c",
        req("SUBMIT_JOB_EPOCH", own("f"), own("u"), epochIn(200), "later"),
        res("JOB_CREATED", handle(1)),
      ),
      submit("c", "SUBMIT_JOB_BG", own("f"), 2),
      list("c", "status\n", `${own("f")}\t2\t0\t1`),
      list("c", "prioritystatus\n", `${own("f")}\t0\t2\t0\t1`),
      list("c", "show jobs\n", `${handle(1)}\t0\t0\t1`, `${handle(2)}\t0\t0\t1`),
      status("c", 1, [1, 0, 0, 0]),
      grab("w", 2, own("f")),
      grabNothing("w"),
      send("w", req("PRE_SLEEP")),
      silent("w"),
    ],
  },
  {
    name: "a job that is not due wakes a sleeping worker in the reference",
    steps: [
      sleeper("w", own("f")),
      ask(
        "c",
        req("SUBMIT_JOB_EPOCH", own("f"), "", epochIn(200), ""),
        res("JOB_CREATED", handle(1)),
      ),
      differs("epoch-wakes-when-due", {
        gearmand: [receive("w", NOOP), ask("w", req("GRAB_JOB"), NO_JOB)],
        cogd: [silent("w")],
      }),
    ],
  },
];
