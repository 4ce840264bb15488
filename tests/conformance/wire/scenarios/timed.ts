/**
 * Protocol sections 6 (epoch) and 10 (time-outs): scripts that take some seconds, so all run at once.
 * Where nothing must happen, another job's time-out tells that the time has passed.
 */

import { epochIn, handle, own } from "../marks.ts";
import {
  ask,
  differs,
  error,
  list,
  listUntil,
  NO_JOB,
  NOOP,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
  type Step,
  steps,
  until,
} from "../script.ts";
import { complete, grab, QUEUED, RUNNING, status, submit, worker } from "./openings.ts";

const f = own("f");
const g = own("g");
const clock = own("clock");

/** A worker that has four seconds for each job of a function: enough for the steps in between. */
function timed(who: string, name: string): Step {
  return steps(send(who, req("CAN_DO_TIMEOUT", name, "4000")), silent(who));
}

/** Waits until the `number`-th job is back in its queue. The reference's timers run in several threads. */
function untilQueued(who: string, number: number): Step {
  return until(
    who,
    req("GET_STATUS", handle(number)),
    res("STATUS_RES", handle(number), "1", "0", "0", "0"),
  );
}

/** Takes longer than all time-outs that began before: job `number` times out, too. */
function timePasses(number: number): Step {
  return steps(
    timed("clock", clock),
    submit("clock", "SUBMIT_JOB_BG", clock, number),
    grab("clock", number, clock),
    untilQueued("clock", number),
  );
}

export const TIMED: readonly Scenario[] = [
  {
    name: "a job that takes longer than its time-out goes back to the queue",
    steps: [
      timed("w", f),
      submit("c", "SUBMIT_JOB", f, 1, { data: "w" }),
      grab("w", 1, f, "w"),
      send("w", req("WORK_STATUS", handle(1), "1", "2")),
      receive("c", res("WORK_STATUS", handle(1), "1", "2")),
      worker("v", f),
      ask("v", req("GRAB_JOB"), NO_JOB),
      send("v", req("PRE_SLEEP")),
      receive("v", NOOP),
      status("c", 1, QUEUED),
      list("c", "show jobs\n", `${handle(1)}\t1\t0\t0`),
      list("c", "status\n", `${f}\t1\t0\t2`),
      silent("w"),
      ask(
        "w",
        req("WORK_COMPLETE", handle(1), "late"),
        error("JOB_NOT_FOUND", "Job given in work result not found"),
      ),
      grab("v", 1, f, "w"),
      complete("v", 1, "r", "c"),
    ],
  },
  {
    name: "each job of a worker has its own time-out",
    steps: [
      timed("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      grab("w", 1, f),
      grab("w", 2, f),
      timePasses(3),
      differs("time-out-per-job", {
        gearmand: [untilQueued("c", 1), status("c", 2, RUNNING)],
        cogd: [status("c", 1, QUEUED), status("c", 2, QUEUED)],
      }),
    ],
  },
  {
    name: "a further job without time-out leaves the first one's alone",
    steps: [
      timed("w", f),
      worker("w", g),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      submit("c", "SUBMIT_JOB_BG", g, 2),
      grab("w", 2, g),
      timePasses(3),
      differs("time-out-per-job", {
        gearmand: [status("c", 1, RUNNING)],
        cogd: [status("c", 1, QUEUED)],
      }),
      status("c", 2, RUNNING),
    ],
  },
  {
    name: "PRE_SLEEP leaves the time-out of a running job alone",
    steps: [
      timed("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      send("w", req("PRE_SLEEP")),
      silent("w"),
      timePasses(2),
      differs("time-out-per-job", {
        gearmand: [status("c", 1, RUNNING)],
        cogd: [receive("w", NOOP), status("c", 1, QUEUED)],
      }),
    ],
  },
  {
    name: "without a time-out a job may take its time",
    steps: [
      worker("w", f),
      send("v", req("CAN_DO_TIMEOUT", g, "0")),
      silent("v"),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", g, 2),
      grab("w", 1, f),
      grab("v", 2, g),
      timePasses(3),
      status("c", 1, RUNNING),
      status("c", 2, RUNNING),
    ],
  },
  {
    name: "a job whose time has come wakes a sleeping worker",
    steps: [
      worker("w", f),
      ask(
        "c",
        req("SUBMIT_JOB_EPOCH", f, "", epochIn(8), "later"),
        res("JOB_CREATED", handle(1)),
      ),
      ask("w", req("GRAB_JOB"), NO_JOB),
      send("w", req("PRE_SLEEP")),
      silent("w"),
      differs("epoch-wakes-when-due", {
        gearmand: [
          worker("v", f),
          until("v", req("GRAB_JOB"), res("JOB_ASSIGN", handle(1), f, "later")),
          silent("w"),
        ],
        cogd: [receive("w", NOOP), grab("w", 1, f, "later")],
      }),
    ],
  },
];

/** Confuses the reference's other jobs: for scripts that have a server to themselves. */
export const TIMED_APART: readonly Scenario[] = [
  {
    name: "a job that was done in time has no time-out any more",
    steps: [
      timed("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      complete("w", 1, "r", "c"),
      worker("v", g),
      submit("c", "SUBMIT_JOB_BG", g, 2),
      grab("v", 2, g),
      timePasses(3),
      differs("time-out-per-job", {
        gearmand: [untilQueued("c", 2)],
        cogd: [status("c", 2, RUNNING)],
      }),
    ],
  },
];

/** For servers with `--job-retries 1`. */
export const TIMED_RETRIES: readonly Scenario[] = [
  {
    name: "the last attempt that takes too long fails the job",
    steps: [
      send("w", req("CAN_DO_TIMEOUT", f, "1")),
      silent("w"),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      receive("c", res("WORK_FAIL", handle(1))),
      listUntil("c", "status\n", `${f}\t0\t0\t1`),
    ],
  },
];
