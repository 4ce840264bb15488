/** Protocol section 6: submissions, options, and what workers are given of them. */

import { handle, own, ownOfLength } from "../marks.ts";
import { ask, closed, differs, error, list, req, res, type Scenario, send } from "../script.ts";
import { complete, grab, grabNothing, status, submit, UNKNOWN, worker } from "./openings.ts";

const TOO_LARGE = error("ARGUMENT_TOO_LARGE", "Unique value too large");

export const SUBMIT: readonly Scenario[] = [
  {
    name: "each kind of SUBMIT_JOB has its priority and its client waits or not",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB_LOW_BG", own("f"), 1),
      submit("c", "SUBMIT_JOB_LOW", own("f"), 2),
      submit("c", "SUBMIT_JOB_BG", own("f"), 3),
      submit("c", "SUBMIT_JOB", own("f"), 4),
      submit("c", "SUBMIT_JOB_HIGH_BG", own("f"), 5),
      submit("c", "SUBMIT_JOB_HIGH", own("f"), 6),
      list("c", "prioritystatus\n", `${own("f")}\t2\t2\t2\t1`),
      grab("w", 5, own("f")),
      grab("w", 6, own("f")),
      grab("w", 3, own("f")),
      grab("w", 4, own("f")),
      grab("w", 1, own("f")),
      grab("w", 2, own("f")),
      grabNothing("w"),
      complete("w", 5, "nobody"),
      complete("w", 6, "high", "c"),
      complete("w", 3, "nobody"),
      complete("w", 4, "normal", "c"),
      complete("w", 1, "nobody"),
      complete("w", 2, "low", "c"),
      list("c", "status\n", `${own("f")}\t0\t0\t1`),
    ],
  },
  {
    name: "a submission needs no worker and makes the function known",
    steps: [
      submit("c", "SUBMIT_JOB_BG", own("new"), 1),
      list("c", "status\n", `${own("new")}\t1\t0\t0`),
    ],
  },
  {
    name: "a workload may hold any bytes, or none, and so may names but for NUL",
    steps: [
      worker("w", own(" \xff\t\n")),
      submit("c", "SUBMIT_JOB", own(" \xff\t\n"), 1, {
        unique: own("\x01\xfe "),
        data: "\0\xff\0",
      }),
      ask(
        "w",
        req("GRAB_JOB_UNIQ"),
        res("JOB_ASSIGN_UNIQ", handle(1), own(" \xff\t\n"), own("\x01\xfe "), "\0\xff\0"),
      ),
      complete("w", 1, "\0", "c"),
    ],
  },
  {
    name: "a large workload arrives whole",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB", own("f"), 1, { data: "0123456789".repeat(100_000) }),
      grab("w", 1, own("f"), "0123456789".repeat(100_000)),
      complete("w", 1, "x".repeat(300_000), "c"),
    ],
  },
  {
    name: "a job without unique ID has an empty one for its worker",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB", own("f"), 1, { data: "d" }),
      ask("w", req("GRAB_JOB_ALL"), res("JOB_ASSIGN_UNIQ", handle(1), own("f"), "", "d")),
    ],
  },
  {
    name: "a unique ID of 63 bytes works, one of 65 is refused",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB_BG", own("f"), 1, { unique: ownOfLength(63) }),
      submit("c", "SUBMIT_JOB_BG", own("f"), 1, { unique: ownOfLength(63) }),
      ask("c", req("SUBMIT_JOB", own("f"), ownOfLength(65), ""), TOO_LARGE),
      ask("c", req("SUBMIT_JOB_LOW_BG", own("f"), ownOfLength(65), ""), TOO_LARGE),
      ask("c", req("SUBMIT_JOB_EPOCH", own("f"), ownOfLength(65), "0", ""), TOO_LARGE),
      list("c", "status\n", `${own("f")}\t1\t0\t1`),
    ],
  },
  {
    name: "a unique ID of 64 bytes",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB_BG", own("f"), 1, { unique: ownOfLength(64), data: "w" }),
      differs("unique-64", {
        gearmand: [
          submit("c", "SUBMIT_JOB_BG", own("f"), 2, { unique: ownOfLength(64), data: "w" }),
          ask(
            "w",
            req("GRAB_JOB_UNIQ"),
            res("JOB_ASSIGN_UNIQ", handle(1), own("f"), ownOfLength(63), "\0w"),
          ),
        ],
        cogd: [
          submit("c", "SUBMIT_JOB_BG", own("f"), 1, { unique: ownOfLength(64), data: "w" }),
          ask(
            "c",
            req("GET_STATUS_UNIQUE", ownOfLength(64)),
            res("STATUS_RES_UNIQUE", ownOfLength(64), "1", "0", "0", "0", "0"),
          ),
          ask(
            "w",
            req("GRAB_JOB_UNIQ"),
            res("JOB_ASSIGN_UNIQ", handle(1), own("f"), ownOfLength(64), "w"),
          ),
        ],
      }),
    ],
  },
  {
    name: "a function's name almost fills the window, and a job of it is given out",
    steps: [
      worker("w", ownOfLength(8180)),
      submit("c", "SUBMIT_JOB_BG", ownOfLength(8180), 1, { data: "d" }),
      differs("long-names-sent", {
        gearmand: [send("w", req("GRAB_JOB_UNIQ")), closed("w")],
        cogd: [
          ask(
            "w",
            req("GRAB_JOB_UNIQ"),
            res("JOB_ASSIGN_UNIQ", handle(1), ownOfLength(8180), "", "d"),
          ),
        ],
      }),
    ],
  },
  {
    name: "`exceptions` is the only option, in any case, with or without NUL",
    steps: [
      ask("c", req("OPTION_REQ", "exceptions"), res("OPTION_RES", "exceptions")),
      ask("c", req("OPTION_REQ", "ExCePtIoNs"), res("OPTION_RES", "ExCePtIoNs")),
      ask("c", req("OPTION_REQ", "exceptions\0"), res("OPTION_RES", "exceptions\0")),
      ask("c", req("OPTION_REQ", "exceptions\0x"), res("OPTION_RES", "exceptions\0x")),
      ...["", "exception", "exceptionss", "other", "x".repeat(64)].map((option) =>
        ask(
          "c",
          req("OPTION_REQ", option),
          error("UNKNOWN_OPTION", "Server does not recognize given option"),
        )
      ),
    ],
  },
  {
    name: "a finished job is forgotten",
    steps: [
      worker("w", own("f")),
      submit("c", "SUBMIT_JOB", own("f"), 1, { unique: own("u") }),
      grab("w", 1, own("f")),
      complete("w", 1, "x", "c"),
      status("c", 1, UNKNOWN),
      submit("c", "SUBMIT_JOB", own("f"), 2, { unique: own("u") }),
    ],
  },
];
