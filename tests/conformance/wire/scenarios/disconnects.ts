/** Protocol section 11: what becomes of jobs when a worker or a client is gone. */

import { handle, own } from "../marks.ts";
import {
  ask,
  close,
  closed,
  differs,
  error,
  halfClose,
  list,
  listUntil,
  req,
  res,
  reset,
  type Scenario,
  send,
  silent,
} from "../script.ts";
import { complete, grab, grabNothing, sleeper, status, submit, woken, worker } from "./openings.ts";

const f = own("f");

export const DISCONNECTS: readonly Scenario[] = [
  {
    name: "the job of a worker that is gone goes to another one, and its client does not notice",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1, { data: "w" }),
      grab("w", 1, f, "w"),
      send("w", req("WORK_STATUS", handle(1), "1", "2")),
      silent("w"),
      ask("c", req("ECHO_REQ", ""), res("WORK_STATUS", handle(1), "1", "2"), res("ECHO_RES", "")),
      sleeper("v", f),
      close("w"),
      woken("v"),
      status("c", 1, [1, 0, 0, 0]),
      list("c", "show jobs\n", `${handle(1)}\t1\t0\t0`),
      grab("v", 1, f, "w"),
      complete("v", 1, "r", "c"),
    ],
  },
  {
    name: "so does the job of a worker whose connection was reset",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      reset("w"),
      listUntil("c", "show jobs\n", `${handle(1)}\t1\t0\t1`),
      worker("v", f),
      grab("v", 1, f),
    ],
  },
  {
    name: "so does the job of a worker that half-closes",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      sleeper("v", f),
      halfClose("w"),
      closed("w"),
      woken("v"),
      grab("v", 1, f),
    ],
  },
  {
    name: "a connection that runs its own job takes it along",
    steps: [
      worker("w", f),
      submit("w", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      reset("w"),
      listUntil("c", "show jobs\n", `${handle(1)}\t1\t1\t0`),
      worker("v", f),
      grabNothing("v"),
    ],
  },
  {
    name: "background jobs stay when their client is gone",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1),
      close("c"),
      submit("b", "SUBMIT_JOB_BG", f, 2),
      reset("b"),
      worker("w", f),
      grab("w", 1, f),
      grab("w", 2, f),
    ],
  },
  {
    name: "jobs that were submitted just before a close are taken in",
    steps: [
      send("c", ...Array.from({ length: 5 }, (_, i) => req("SUBMIT_JOB_BG", f, "", `${i}`))),
      close("c"),
      listUntil("d", "status\n", `${f}\t5\t0\t0`),
    ],
  },
];

/** For servers with `--job-retries 2`. */
export const RETRIES: readonly Scenario[] = [
  {
    name: "a job is given out as often as --job-retries says, then its clients get WORK_FAIL",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      worker("w", f),
      grab("w", 1, f),
      send("w", req("RESET_ABILITIES")),
      silent("w", "c"),
      list("c", "show jobs\n", `${handle(1)}\t1\t0\t0`, `${handle(2)}\t0\t0\t1`),
      worker("v", f),
      grab("v", 2, f),
      grab("v", 1, f),
      send("v", req("CANT_DO", f)),
      silent("v"),
      ask("c", req("ECHO_REQ", ""), res("WORK_FAIL", handle(1)), res("ECHO_RES", "")),
      list("c", "show jobs\n", `${handle(2)}\t1\t0\t1`),
      worker("u", f),
      grab("u", 2, f),
      send("u", req("CANT_DO", f)),
      silent("u"),
      list("c", "show jobs\n"),
      list("c", "status\n", `${f}\t0\t0\t0`),
      ask(
        "v",
        req("WORK_COMPLETE", handle(1), ""),
        error("JOB_NOT_FOUND", "Job given in work result not found"),
      ),
    ],
  },
];

/** For servers with `--job-retries 0`. */
export const NO_RETRIES: readonly Scenario[] = [
  {
    name: "with --job-retries 0 a job that comes back",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1),
      worker("w", f),
      grab("w", 1, f),
      send("w", req("RESET_ABILITIES")),
      silent("w"),
      differs("job-retries-0", {
        gearmand: [list("c", "show jobs\n", `${handle(1)}\t1\t0\t0`)],
        cogd: [
          ask("c", req("ECHO_REQ", ""), res("WORK_FAIL", handle(1)), res("ECHO_RES", "")),
          list("c", "show jobs\n"),
        ],
      }),
    ],
  },
];
