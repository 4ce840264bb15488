/** Protocol section 7: WORK_* from workers to clients. */

import { handle, own } from "../marks.ts";
import {
  ask,
  closed,
  differs,
  error,
  list,
  listUntil,
  NO_JOB,
  oddPacket,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
  type Step,
} from "../script.ts";
import { complete, grab, status, submit, UNKNOWN, worker } from "./openings.ts";

const f = own("f");
const NO_SUCH_RESULT = error("JOB_NOT_FOUND", "Job given in work result not found");
const NO_SUCH_DATA = error("JOB_NOT_FOUND", "Job does not exist on server");
const NO_SUCH_EXCEPTION = error(
  "JOB_NOT_FOUND",
  "An exception was received for a job that does not exist",
);

/** A foreground job that `w` runs and `c` waits for. */
const RUNS: readonly Step[] = [
  worker("w", f),
  submit("c", "SUBMIT_JOB", f, 1),
  grab("w", 1, f),
];

/** All reports about the first job are refused. */
function refusedFor(who: string): Step[] {
  return [
    ask(who, req("WORK_STATUS", handle(1), "1", "2"), NO_SUCH_RESULT),
    ask(who, req("WORK_DATA", handle(1), "x"), NO_SUCH_DATA),
    ask(who, req("WORK_WARNING", handle(1), "x"), NO_SUCH_DATA),
    ask(who, req("WORK_COMPLETE", handle(1), "x"), NO_SUCH_RESULT),
    ask(who, req("WORK_FAIL", handle(1)), NO_SUCH_RESULT),
    ask(who, req("WORK_EXCEPTION", handle(1), "x"), NO_SUCH_EXCEPTION),
  ];
}

export const RESULTS: readonly Scenario[] = [
  {
    name: "data, warnings and status go to the client as they are, in order",
    steps: [
      ...RUNS,
      send(
        "w",
        req("WORK_DATA", handle(1), ""),
        req("WORK_DATA", handle(1), "\0a\0"),
        req("WORK_WARNING", handle(1), "careful"),
        req("WORK_STATUS", handle(1), "one", "-2"),
        req("WORK_COMPLETE", handle(1), "end"),
      ),
      receive(
        "c",
        res("WORK_DATA", handle(1), ""),
        res("WORK_DATA", handle(1), "\0a\0"),
        res("WORK_WARNING", handle(1), "careful"),
        res("WORK_STATUS", handle(1), "one", "-2"),
        res("WORK_COMPLETE", handle(1), "end"),
      ),
    ],
  },
  {
    name: "reports on a background job reach nobody and are no error",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      send(
        "w",
        req("WORK_DATA", handle(1), "x"),
        req("WORK_WARNING", handle(1), "x"),
        req("WORK_STATUS", handle(1), "1", "1"),
        req("WORK_COMPLETE", handle(1), "x"),
      ),
      silent("w", "c"),
      status("c", 1, UNKNOWN),
    ],
  },
  {
    name: "WORK_FAIL ends the job and is forwarded as it came",
    steps: [
      ...RUNS,
      submit("c", "SUBMIT_JOB", f, 2),
      send("w", req("WORK_FAIL", handle(1))),
      receive("c", res("WORK_FAIL", handle(1))),
      ...refusedFor("w"),
      grab("w", 2, f),
      send("w", req("WORK_FAIL", `${handle(2)}\0`)),
      receive("c", res("WORK_FAIL", `${handle(2)}\0`)),
      list("c", "status\n", `${f}\t0\t0\t1`),
    ],
  },
  {
    name: "WORK_EXCEPTION reaches the clients that asked for it and ends the job",
    steps: [
      worker("w", f),
      ask("c", req("OPTION_REQ", "exceptions"), res("OPTION_RES", "exceptions")),
      submit("c", "SUBMIT_JOB", f, 1, { unique: own("u") }),
      grab("w", 1, f),
      send("w", req("WORK_EXCEPTION", handle(1), "thrown")),
      receive("c", res("WORK_EXCEPTION", handle(1), "thrown")),
      ...refusedFor("w"),
      status("c", 1, UNKNOWN),
    ],
  },
  {
    name: "WORK_EXCEPTION reaches the others as WORK_FAIL",
    steps: [
      worker("w", f),
      ask("c", req("OPTION_REQ", "exceptions"), res("OPTION_RES", "exceptions")),
      submit("c", "SUBMIT_JOB", f, 1, { unique: own("u") }),
      submit("d", "SUBMIT_JOB", f, 1, { unique: own("u") }),
      grab("w", 1, f),
      send("w", req("WORK_EXCEPTION", handle(1), "thrown")),
      receive("c", res("WORK_EXCEPTION", handle(1), "thrown")),
      differs("exception-bare-handle", {
        gearmand: [receive("d", res("WORK_FAIL", `${handle(1)}\0`))],
        cogd: [receive("d", res("WORK_FAIL", handle(1)))],
      }),
      silent("w"),
    ],
  },
  {
    name: "a result that ends behind its handle, as Perl's worker sends empty ones",
    steps: [
      ...RUNS,
      send("w", oddPacket("WORK_COMPLETE", handle(1)), req("GRAB_JOB")),
      differs("result-without-data", {
        gearmand: [closed("w"), listUntil("c", "show jobs\n", `${handle(1)}\t1\t0\t0`)],
        cogd: [receive("w", NO_JOB), receive("c", res("WORK_COMPLETE", handle(1), ""))],
      }),
    ],
  },
  {
    name: "only the worker that holds the job may report on it",
    steps: [
      ...RUNS,
      worker("v", f),
      ...refusedFor("v"),
      ...refusedFor("c"),
      complete("w", 1, "x", "c"),
      ...refusedFor("w"),
    ],
  },
  {
    name: "reports on a job that nobody was given are refused",
    steps: [worker("w", f), submit("c", "SUBMIT_JOB", f, 1), ...refusedFor("w")],
  },
  {
    name: "a handle that is too long is found nowhere, and WORK_FAIL says why",
    steps: [
      ask("w", req("WORK_STATUS", "n".repeat(64), "1", "2"), NO_SUCH_RESULT),
      ask("w", req("WORK_DATA", "n".repeat(100), ""), NO_SUCH_DATA),
      ask("w", req("WORK_COMPLETE", "n".repeat(64), ""), NO_SUCH_RESULT),
      ask("w", req("WORK_FAIL", "n".repeat(63)), NO_SUCH_RESULT),
      ask(
        "w",
        req("WORK_FAIL", "n".repeat(64)),
        error(
          "ARGUMENT_TOO_LARGE",
          "Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
        ),
      ),
      ask("w", req("WORK_EXCEPTION", "n".repeat(64), ""), NO_SUCH_EXCEPTION),
      ask("w", req("WORK_STATUS", "no", "1", "1".repeat(12)), NO_SUCH_RESULT),
    ],
  },
];

/** For servers with `--exceptions`. */
export const EXCEPTIONS: readonly Scenario[] = [
  {
    name: "with --exceptions every client gets WORK_EXCEPTION",
    steps: [
      ...RUNS,
      send("w", req("WORK_EXCEPTION", handle(1), "thrown")),
      receive("c", res("WORK_EXCEPTION", handle(1), "thrown")),
    ],
  },
];
