/** Protocol section 8: which sleeping workers get a NOOP. */

import { handle, own } from "../marks.ts";
import {
  ask,
  askText,
  close,
  differs,
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
import { grab, grabNothing, sleep, sleeper, submit, woken, worker } from "./openings.ts";

const f = own("f");
const g = own("g");

export const WAKE_UPS: readonly Scenario[] = [
  {
    name: "a worker of libgearman: ask, sleep, wake, ask, do, ask",
    steps: [
      send("w", req("CAN_DO", own("b")), req("CAN_DO", own("a")), req("GRAB_JOB_ALL")),
      receive("w", NO_JOB),
      send("w", req("PRE_SLEEP")),
      silent("w"),
      ask("c", req("SUBMIT_JOB", own("a"), "uuid", "abc"), res("JOB_CREATED", handle(1))),
      receive("w", NOOP),
      ask(
        "w",
        req("GRAB_JOB_ALL"),
        res("JOB_ASSIGN_UNIQ", handle(1), own("a"), "uuid", "abc"),
      ),
      send("w", req("WORK_COMPLETE", handle(1), "cba"), req("GRAB_JOB_ALL")),
      receive("w", NO_JOB),
      receive("c", res("WORK_COMPLETE", handle(1), "cba")),
    ],
  },
  {
    name: "a new job wakes a sleeping worker, once until it asks",
    steps: [
      sleeper("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      woken("w"),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      silent("w"),
      grab("w", 1, f),
      grab("w", 2, f),
      grabNothing("w"),
      sleep("w"),
      submit("c", "SUBMIT_JOB_BG", f, 3),
      woken("w"),
    ],
  },
  {
    name: "workers that are awake, or can't do the function, get none",
    steps: [
      worker("w", f),
      sleeper("v", g),
      submit("c", "SUBMIT_JOB", f, 1),
      silent("w", "v"),
    ],
  },
  {
    name: "GRAB_JOB wakes the worker up: it gets no NOOP before it sleeps again",
    steps: [
      sleeper("w", f),
      grabNothing("w"),
      submit("c", "SUBMIT_JOB", f, 1),
      silent("w"),
      ask("w", req("PRE_SLEEP"), NOOP),
    ],
  },
  {
    name: "NOOP comes before JOB_CREATED on the same connection",
    steps: [
      sleeper("w", f),
      send("w", req("SUBMIT_JOB", f, "", "")),
      receive("w", NOOP, res("JOB_CREATED", handle(1))),
      grab("w", 1, f),
      sleep("w"),
      send("w", req("SUBMIT_JOB_BG", f, "", "")),
      receive("w", NOOP, res("JOB_CREATED", handle(2))),
    ],
  },
  {
    name: "a worker that got a NOOP and sleeps again without asking is woken again",
    steps: [
      sleeper("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      woken("w"),
      worker("v", f),
      grab("v", 1, f),
      sleep("w"),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      differs("sleep-after-noop", { gearmand: [silent("w")], cogd: [woken("w")] }),
    ],
  },
  {
    name: "a sleeping worker registers a function that has jobs",
    steps: [
      sleeper("w", f),
      submit("c", "SUBMIT_JOB_BG", g, 1),
      send("w", req("CAN_DO", g)),
      differs("can-do-wakes", { gearmand: [silent("w")], cogd: [woken("w")] }),
    ],
  },
  {
    name: "with no option set, a job wakes",
    steps: [
      sleeper("a", f),
      sleeper("b", f),
      sleeper("d", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      differs("wake-one", {
        gearmand: [woken("a", "b", "d")],
        cogd: [
          woken("a"),
          silent("b", "d"),
          submit("c", "SUBMIT_JOB_BG", f, 2),
          woken("b"),
          silent("a", "d"),
        ],
      }),
    ],
  },
  {
    name: "the job of a worker that was woken and left needs another one",
    steps: [
      sleeper("a", f),
      sleeper("b", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      woken("a"),
      differs("wake-one", {
        gearmand: [woken("b")],
        cogd: [silent("b"), close("a"), woken("b")],
      }),
    ],
  },
  {
    name: "a worker that sleeps over an abandoned job",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      askText("c", `cancel job ${handle(1)}\n`, "OK\r\n"),
      sleep("w"),
      differs("sleep-drops-nothing", {
        gearmand: [list("c", "status\n", `${f}\t0\t0\t1`)],
        cogd: [list("c", "status\n", `${f}\t1\t0\t1`)],
      }),
    ],
  },
  {
    name: "a sleeping worker that takes its functions back has jobs to give back",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      sleep("w"),
      send("w", req("RESET_ABILITIES")),
      differs("own-jobs-wake-others", { gearmand: [woken("w")], cogd: [silent("w")] }),
      list("c", "status\n", `${f}\t1\t0\t0`),
    ],
  },
];

/** For servers with `--worker-wakeup 0`. */
export const WAKE_ALL: readonly Scenario[] = [
  {
    name: "with --worker-wakeup 0 a job wakes all sleeping workers",
    steps: [
      sleeper("a", f),
      sleeper("b", g, f),
      sleeper("d", f),
      worker("e", f),
      submit("c", "SUBMIT_JOB", f, 1),
      woken("a", "b", "d"),
      submit("c", "SUBMIT_JOB", f, 2),
      silent("a", "b", "d", "e"),
      grab("a", 1, f),
      grab("b", 2, f),
      grabNothing("d"),
    ],
  },
];

/** For servers with `--worker-wakeup 2`. */
export const WAKE_TWO: readonly Scenario[] = [
  {
    name: "with --worker-wakeup 2 a job wakes two sleeping workers, or those that are left",
    steps: [
      sleeper("a", f),
      sleeper("b", f),
      sleeper("d", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      woken("a", "b"),
      silent("d"),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      woken("d"),
      silent("a", "b"),
    ],
  },
];

/** For servers with `--worker-wakeup 1`. */
export const WAKE_NUMBER: readonly Scenario[] = [
  {
    name: "with --worker-wakeup 1 successive jobs wake successive workers",
    steps: [
      sleeper("a", f),
      sleeper("b", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      woken("a"),
      silent("b"),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      woken("b"),
      submit("c", "SUBMIT_JOB_BG", f, 3),
      silent("a", "b"),
    ],
  },
  {
    name: "with --worker-wakeup 1 it is the turn of",
    steps: [
      sleeper("a", f),
      sleeper("b", f),
      sleeper("d", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      woken("a"),
      grab("a", 1, f),
      grabNothing("b"),
      sleep("b"),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      differs("longest-asleep-first", { gearmand: [woken("b")], cogd: [woken("d")] }),
    ],
  },
];
