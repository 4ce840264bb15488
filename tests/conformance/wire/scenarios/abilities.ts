/** Protocol section 7: what workers register, and what GRAB_JOB and PRE_SLEEP answer. */

import { handle, own } from "../marks.ts";
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
import {
  complete,
  grab,
  grabNothing,
  QUEUED,
  sleep,
  sleeper,
  status,
  submit,
  worker,
} from "./openings.ts";

const f = own("f");
const g = own("g");

export const ABILITIES: readonly Scenario[] = [
  {
    name: "a worker is given jobs of its functions only",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", g, 1),
      grabNothing("w"),
      send("w", req("CAN_DO", g)),
      grab("w", 1, g),
    ],
  },
  {
    name: "functions are listed newest first, and their workers counted",
    steps: [
      send("w", req("SET_CLIENT_ID", own("w"))),
      worker("w", own("a"), own("b"), own("c")),
      worker("v", own("b")),
      list(
        "c",
        "workers\n",
        `FD 127.0.0.1 ${own("w")} : ${own("c")} ${own("b")} ${own("a")}`,
        `FD 127.0.0.1 - : ${own("b")}`,
      ),
      list("c", "status\n", `${own("a")}\t0\t0\t1`, `${own("b")}\t0\t0\t2`, `${own("c")}\t0\t0\t1`),
      send("w", req("CANT_DO", own("b"))),
      silent("w"),
      list("c", "status\n", `${own("a")}\t0\t0\t1`, `${own("b")}\t0\t0\t1`, `${own("c")}\t0\t0\t1`),
      send("w", req("RESET_ABILITIES")),
      silent("w"),
      list("c", "workers\n", `FD 127.0.0.1 ${own("w")} :`, `FD 127.0.0.1 - : ${own("b")}`),
      list("c", "status\n", `${own("a")}\t0\t0\t0`, `${own("b")}\t0\t0\t1`, `${own("c")}\t0\t0\t0`),
    ],
  },
  {
    name: "CANT_DO of a function that was never registered is ignored",
    steps: [
      worker("w", f),
      send("w", req("CANT_DO", own("never")), req("CANT_DO", "")),
      silent("w"),
      list("w", "status\n", `${f}\t0\t0\t1`),
    ],
  },
  {
    name: "a second CAN_DO of a function",
    steps: [
      worker("w", f, g, f),
      differs("can-do-replaces", {
        gearmand: [
          list("c", "status\n", `${f}\t0\t0\t2`, `${g}\t0\t0\t1`),
          list("c", "workers\n", `FD 127.0.0.1 - : ${f} ${g} ${f}`),
        ],
        cogd: [
          list("c", "status\n", `${f}\t0\t0\t1`, `${g}\t0\t0\t1`),
          list("c", "workers\n", `FD 127.0.0.1 - : ${f} ${g}`),
        ],
      }),
      send("w", req("CANT_DO", f)),
      silent("w"),
      list("c", "status\n", `${f}\t0\t0\t0`, `${g}\t0\t0\t1`),
    ],
  },
  {
    name: "a trailing NUL makes another function",
    steps: [
      worker("w", `${f}\0`),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grabNothing("w"),
      list("c", "status\n", `${f}\t0\t0\t1`, `${f}\t1\t0\t0`),
    ],
  },
  {
    name: "names are compared byte for byte",
    steps: [
      worker("w", own("Function")),
      submit("c", "SUBMIT_JOB_BG", own("function"), 1),
      grabNothing("w"),
    ],
  },
  {
    name: "CAN_DO_TIMEOUT takes any number that is in range, and text",
    steps: [
      send(
        "w",
        ...["5000", "1", "0", "-1", "", "soon", "2147483647"].map((timeout, i) =>
          req("CAN_DO_TIMEOUT", own(`f${i}`), timeout)
        ),
      ),
      silent("w"),
      list(
        "w",
        "workers\n",
        `FD 127.0.0.1 - : ${[6, 5, 4, 3, 2, 1, 0].map((i) => own(`f${i}`)).join(" ")}`,
      ),
    ],
  },
  {
    name: "a time-out of more than 24 days",
    steps: [
      send("w", req("CAN_DO_TIMEOUT", f, "2147483648")),
      differs("number-range", {
        gearmand: [silent("w"), list("w", "status\n", `${f}\t0\t0\t1`)],
        cogd: [
          receive("w", error("INVALID_PACKET", "Number out of range")),
          list("w", "status\n"),
        ],
      }),
    ],
  },
  {
    name: "jobs of a function that the worker gives up go back to the queue",
    steps: [
      worker("w", f, g),
      submit("c", "SUBMIT_JOB", f, 1, { data: "1" }),
      submit("c", "SUBMIT_JOB", g, 2, { data: "2" }),
      grab("w", 2, g, "2"),
      grab("w", 1, f, "1"),
      send("w", req("WORK_STATUS", handle(1), "1", "2"), req("CANT_DO", f)),
      receive("c", res("WORK_STATUS", handle(1), "1", "2")),
      silent("w"),
      status("c", 1, QUEUED),
      list("c", "show jobs\n", `${handle(1)}\t1\t0\t0`, `${handle(2)}\t0\t0\t0`),
      ask(
        "w",
        req("WORK_COMPLETE", handle(1), "late"),
        error("JOB_NOT_FOUND", "Job given in work result not found"),
      ),
      send("w", req("RESET_ABILITIES")),
      silent("w"),
      status("c", 2, QUEUED),
      worker("v", f, g),
      grab("v", 2, g, "2"),
      grab("v", 1, f, "1"),
      complete("v", 1, "r1", "c"),
      complete("v", 2, "r2", "c"),
    ],
  },
  {
    name: "requeued jobs wake sleeping workers",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1),
      worker("w", f),
      grab("w", 1, f),
      sleeper("v", f),
      send("w", req("CANT_DO", f)),
      receive("v", NOOP),
      grab("v", 1, f),
    ],
  },
  {
    name: "SET_CLIENT_ID takes what it is given, up to 127 bytes",
    steps: [
      worker("w", f),
      list("w", "workers\n", `FD 127.0.0.1 - : ${f}`),
      send("w", req("SET_CLIENT_ID", "")),
      list("w", "workers\n", `FD 127.0.0.1  : ${f}`),
      send("w", req("SET_CLIENT_ID", "a b")),
      list("w", "workers\n", `FD 127.0.0.1 a b : ${f}`),
      send("w", req("SET_CLIENT_ID", "x".repeat(127))),
      list("w", "workers\n", `FD 127.0.0.1 ${"x".repeat(127)} : ${f}`),
      send("w", req("SET_CLIENT_ID", "x".repeat(126) + "yz")),
      list("w", "workers\n", `FD 127.0.0.1 ${"x".repeat(126)}y : ${f}`),
      send("w", req("SET_CLIENT_ID", "with\0NUL")),
      list("w", "workers\n", `FD 127.0.0.1 with : ${f}`),
    ],
  },
  {
    name: "a connection may hold several jobs at once",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      submit("c", "SUBMIT_JOB", f, 2),
      grab("w", 1, f),
      grab("w", 2, f),
      list("c", "status\n", `${f}\t2\t2\t1`),
      complete("w", 2, "second", "c"),
      complete("w", 1, "first", "c"),
    ],
  },
  {
    name: "several requests for a job in one segment are answered in turn",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1, { data: "1" }),
      submit("c", "SUBMIT_JOB_BG", f, 2, { unique: own("u"), data: "2" }),
      send("w", req("GRAB_JOB"), req("GRAB_JOB_ALL"), req("GRAB_JOB_UNIQ"), req("PRE_SLEEP")),
      receive(
        "w",
        res("JOB_ASSIGN", handle(1), f, "1"),
        res("JOB_ASSIGN_UNIQ", handle(2), f, own("u"), "2"),
        NO_JOB,
      ),
    ],
  },
  {
    name: "PRE_SLEEP is answered with NOOP each time while there is a job",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      ask("w", req("PRE_SLEEP"), NOOP),
      ask("w", req("PRE_SLEEP"), NOOP),
      grab("w", 1, f),
      sleep("w"),
      sleep("w"),
    ],
  },
  {
    name: "a worker without functions may ask and sleep",
    steps: [
      ask("w", req("GRAB_JOB"), NO_JOB),
      ask("w", req("GRAB_JOB_UNIQ"), NO_JOB),
      ask("w", req("GRAB_JOB_ALL"), NO_JOB),
      sleep("w"),
    ],
  },
];
