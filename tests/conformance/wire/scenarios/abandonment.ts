/** Protocol section 11: foreground jobs whose clients are gone. */

import { handle, own } from "../marks.ts";
import {
  ask,
  close,
  differs,
  list,
  listUntil,
  NOOP,
  req,
  res,
  reset,
  type Scenario,
  send,
  silent,
  type Step,
  until,
} from "../script.ts";
import {
  complete,
  grab,
  grabNothing,
  sleep,
  status,
  submit,
  UNKNOWN,
  woken,
  worker,
} from "./openings.ts";

const f = own("f");
const unique = own("u");

/** `c` submits a foreground job and is gone; the server has noticed. */
const ABANDONED: readonly Step[] = [
  submit("c", "SUBMIT_JOB", f, 1, { unique }),
  reset("c"),
  listUntil("d", "show jobs\n", `${handle(1)}\t0\t1\t0`),
];

export const ABANDONMENT: readonly Scenario[] = [
  {
    name: "a foreground job that nobody waits for is counted, and not given out",
    steps: [
      ...ABANDONED,
      list("d", "status\n", `${f}\t1\t0\t0`),
      list("d", "prioritystatus\n", `${f}\t0\t1\t0\t0`),
      submit("d", "SUBMIT_JOB", f, 2),
      worker("w", f),
      grab("w", 2, f),
      status("d", 1, UNKNOWN),
      list("d", "status\n", `${f}\t1\t1\t1`),
      complete("w", 2, "r", "d"),
    ],
  },
  {
    name: "an abandoned job is discarded when a worker asks",
    steps: [
      ...ABANDONED,
      worker("w", f),
      grabNothing("w"),
      list("d", "show jobs\n"),
      list("d", "status\n", `${f}\t0\t0\t1`),
    ],
  },
  {
    name: "PRE_SLEEP counts no abandoned job, and passes over it to others",
    steps: [
      ...ABANDONED,
      worker("w", f),
      sleep("w"),
      submit("d", "SUBMIT_JOB_LOW", f, 2),
      woken("w"),
      ask("w", req("PRE_SLEEP"), NOOP),
      grab("w", 2, f),
    ],
  },
  {
    name: "a running job that nobody waits for any more runs on",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      reset("c"),
      listUntil("d", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      list("d", "status\n", `${f}\t1\t1\t1`),
      send("w", req("WORK_DATA", handle(1), "x"), req("WORK_COMPLETE", handle(1), "x")),
      silent("w"),
      list("d", "status\n", `${f}\t0\t0\t1`),
    ],
  },
  {
    name: "and is not run again when its worker is gone too",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      reset("c"),
      listUntil("d", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      close("w"),
      differs("abandoned-forgotten", {
        gearmand: [listUntil("d", "status\n", `${f}\t1\t0\t0`)],
        cogd: [listUntil("d", "status\n", `${f}\t0\t0\t0`)],
      }),
      worker("v", f),
      grabNothing("v"),
    ],
  },
  {
    name: "nothing changes while another client waits",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("d", "SUBMIT_JOB", f, 1, { unique }),
      reset("c"),
      until(
        "d",
        req("GET_STATUS_UNIQUE", unique),
        res("STATUS_RES_UNIQUE", unique, "1", "0", "0", "0", "1"),
      ),
      worker("w", f),
      grab("w", 1, f),
      complete("w", 1, "r", "d"),
    ],
  },
  {
    name: "a submission that joins an abandoned job",
    steps: [
      ...ABANDONED,
      submit("d", "SUBMIT_JOB", f, 1, { unique }),
      worker("w", f),
      differs("abandoned-revived", {
        gearmand: [grabNothing("w"), silent("d")],
        cogd: [grab("w", 1, f), complete("w", 1, "r", "d")],
      }),
    ],
  },
  {
    name: "a background job that a client joined and left",
    steps: [
      submit("d", "SUBMIT_JOB_BG", f, 1, { unique }),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      reset("c"),
      until(
        "d",
        req("GET_STATUS_UNIQUE", unique),
        res("STATUS_RES_UNIQUE", unique, "1", "0", "0", "0", "0"),
      ),
      worker("w", f),
      differs("background-never-abandoned", {
        gearmand: [list("d", "show jobs\n", `${handle(1)}\t0\t1\t0`), grabNothing("w")],
        cogd: [list("d", "show jobs\n", `${handle(1)}\t0\t0\t1`), grab("w", 1, f)],
      }),
    ],
  },
  {
    name: "a foreground job that a background submission joined, when its client is gone",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("d", "SUBMIT_JOB_BG", f, 1, { unique }),
      reset("c"),
      until(
        "d",
        req("GET_STATUS_UNIQUE", unique),
        res("STATUS_RES_UNIQUE", unique, "1", "0", "0", "0", "0"),
      ),
      worker("w", f),
      differs("background-joins-foreground", {
        gearmand: [grabNothing("w")],
        cogd: [grab("w", 1, f)],
      }),
    ],
  },
  {
    name: "a client that waits closes its connection",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1),
      worker("w", f),
      close("c"),
      listUntil("d", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      grabNothing("w"),
    ],
  },
];
