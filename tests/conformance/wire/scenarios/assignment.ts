/** Protocol section 9: the order in which jobs are given out. */

import { epochIn, handle, own } from "../marks.ts";
import {
  ask,
  askText,
  close,
  differs,
  list,
  listUntil,
  req,
  res,
  type Scenario,
} from "../script.ts";
import { grab, grabNothing, submit, worker } from "./openings.ts";

const f = own("f");
const a = own("a");
const b = own("b");

export const ASSIGNMENT: readonly Scenario[] = [
  {
    name: "within a function: high before normal before low, first in first out",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_LOW_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      submit("c", "SUBMIT_JOB_HIGH_BG", f, 3),
      submit("c", "SUBMIT_JOB_LOW_BG", f, 4),
      submit("c", "SUBMIT_JOB_BG", f, 5),
      submit("c", "SUBMIT_JOB_HIGH_BG", f, 6),
      ...[3, 6, 2, 5, 1, 4].map((number) => grab("w", number, f)),
    ],
  },
  {
    name: "the function that was registered last comes first",
    steps: [
      worker("w", a, b),
      submit("c", "SUBMIT_JOB_BG", a, 1),
      submit("c", "SUBMIT_JOB_BG", b, 2),
      grab("w", 2, b),
      grab("w", 1, a),
    ],
  },
  {
    name: "priority counts across functions",
    steps: [
      worker("w", a, b),
      submit("c", "SUBMIT_JOB_HIGH_BG", a, 1),
      submit("c", "SUBMIT_JOB_LOW_BG", b, 2),
      submit("c", "SUBMIT_JOB_BG", a, 3),
      differs("priority-global", {
        gearmand: [grab("w", 2, b), grab("w", 1, a), grab("w", 3, a)],
        cogd: [grab("w", 1, a), grab("w", 3, a), grab("w", 2, b)],
      }),
    ],
  },
  {
    name: "functions take turns",
    steps: [
      worker("w", a, b),
      submit("c", "SUBMIT_JOB_BG", a, 1),
      submit("c", "SUBMIT_JOB_BG", a, 2),
      submit("c", "SUBMIT_JOB_BG", b, 3),
      submit("c", "SUBMIT_JOB_BG", b, 4),
      differs("round-robin-always", {
        gearmand: [
          ...[3, 4].map((number) => grab("w", number, b)),
          ...[1, 2].map((number) => grab("w", number, a)),
        ],
        cogd: [grab("w", 3, b), grab("w", 1, a), grab("w", 4, b), grab("w", 2, a)],
      }),
    ],
  },
  {
    name: "a job that is not due hides no lower priority",
    steps: [
      worker("w", f),
      ask("c", req("SUBMIT_JOB_EPOCH", f, "", epochIn(200), ""), res("JOB_CREATED", handle(1))),
      submit("c", "SUBMIT_JOB_LOW_BG", f, 2),
      differs("not-due-hides-nothing", {
        gearmand: [grabNothing("w")],
        cogd: [grab("w", 2, f)],
      }),
    ],
  },
  {
    name: "a job that comes back goes to the end of its priority",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      submit("c", "SUBMIT_JOB_HIGH_BG", f, 3),
      submit("c", "SUBMIT_JOB_BG", f, 4),
      grab("w", 3, f),
      grab("w", 1, f),
      grab("w", 2, f),
      close("w"),
      listUntil("c", "status\n", `${f}\t4\t0\t0`),
      worker("v", f),
      grab("v", 3, f),
      grab("v", 4, f),
      grab("v", 2, f),
      grab("v", 1, f),
    ],
  },
];

/** For servers with `--round-robin`. */
export const ROUND_ROBIN: readonly Scenario[] = [
  {
    name: "with --round-robin functions take turns, the newest first",
    steps: [
      worker("w", own("d"), a, b),
      submit("c", "SUBMIT_JOB_BG", a, 1),
      submit("c", "SUBMIT_JOB_BG", a, 2),
      submit("c", "SUBMIT_JOB_BG", b, 3),
      submit("c", "SUBMIT_JOB_BG", b, 4),
      submit("c", "SUBMIT_JOB_BG", own("d"), 5),
      grab("w", 3, b),
      list("c", "workers\n", `FD 127.0.0.1 - : ${a} ${own("d")} ${b}`),
      grab("w", 1, a),
      grab("w", 5, own("d")),
      grab("w", 4, b),
      grab("w", 2, a),
      grabNothing("w"),
      submit("c", "SUBMIT_JOB_BG", a, 6),
      submit("c", "SUBMIT_JOB_BG", own("d"), 7),
      grab("w", 7, own("d")),
      grab("w", 6, a),
    ],
  },
  {
    name: "with --round-robin a function whose abandoned job is dropped",
    steps: [
      worker("w", a, b),
      submit("c", "SUBMIT_JOB_BG", a, 1),
      submit("c", "SUBMIT_JOB_BG", b, 2),
      submit("c", "SUBMIT_JOB_BG", b, 3),
      askText("c", `cancel job ${handle(2)}\n`, "OK\r\n"),
      differs("dropped-is-no-turn", {
        gearmand: [grab("w", 1, a), grab("w", 3, b)],
        cogd: [grab("w", 3, b), grab("w", 1, a)],
      }),
    ],
  },
  {
    name: "with --round-robin a job that is not due hides no other function",
    steps: [
      worker("w", a, b),
      submit("c", "SUBMIT_JOB_BG", a, 1),
      ask("c", req("SUBMIT_JOB_EPOCH", b, "", epochIn(200), ""), res("JOB_CREATED", handle(2))),
      differs("not-due-hides-nothing", {
        gearmand: [grabNothing("w")],
        cogd: [grab("w", 1, a)],
      }),
    ],
  },
];
