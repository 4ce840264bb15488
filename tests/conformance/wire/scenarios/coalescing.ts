/** Protocol section 6, coalescing: which submissions share a job, and who hears of it. */

import { handle, own } from "../marks.ts";
import { ask, differs, list, receive, req, res, type Scenario, send, silent } from "../script.ts";
import { complete, grab, grabNothing, sleep, sleeper, submit, woken, worker } from "./openings.ts";

const f = own("f");
const unique = own("u");

export const COALESCING: readonly Scenario[] = [
  {
    name: "the same function and unique ID are one job, whatever the workload and priority",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_LOW_BG", f, 1, { unique, data: "first" }),
      submit("c", "SUBMIT_JOB_HIGH_BG", f, 1, { unique, data: "second" }),
      ask("c", req("SUBMIT_JOB_EPOCH", f, unique, "0", "third"), res("JOB_CREATED", handle(1))),
      ask(
        "c",
        req("SUBMIT_REDUCE_JOB_BACKGROUND", f, unique, "red", "", "fourth"),
        res("JOB_CREATED", handle(1)),
      ),
      list("c", "prioritystatus\n", `${f}\t0\t0\t1\t1`),
      ask("w", req("GRAB_JOB_ALL"), res("JOB_ASSIGN_UNIQ", handle(1), f, unique, "first")),
      grabNothing("w"),
    ],
  },
  {
    name: "jobs without unique ID are never the same",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1, { data: "same" }),
      submit("c", "SUBMIT_JOB_BG", f, 2, { data: "same" }),
    ],
  },
  {
    name: "the same unique ID under another function is another job",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique }),
      submit("c", "SUBMIT_JOB_BG", own("g"), 2, { unique }),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique }),
    ],
  },
  {
    name: "with `-` the workload is the key, unless it is empty",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: "-", data: "w" }),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: "-", data: "w" }),
      submit("c", "SUBMIT_JOB_BG", f, 2, { unique: "-", data: "w2" }),
      submit("c", "SUBMIT_JOB_BG", f, 3, { unique: "-" }),
      submit("c", "SUBMIT_JOB_BG", f, 4, { unique: "-" }),
      submit("c", "SUBMIT_JOB_BG", own("g"), 5, { unique: "-", data: "w" }),
      submit("c", "SUBMIT_JOB_BG", f, 6, { unique: "-", data: "x".repeat(1000) + "a" }),
      submit("c", "SUBMIT_JOB_BG", f, 7, { unique: "-", data: "x".repeat(1000) + "b" }),
      submit("c", "SUBMIT_JOB_BG", f, 6, { unique: "-", data: "x".repeat(1000) + "a" }),
      ask("w", req("GRAB_JOB_UNIQ"), res("JOB_ASSIGN_UNIQ", handle(1), f, "-", "w")),
    ],
  },
  {
    name: "a unique ID that looks like a workload is no workload",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: "-", data: own("w") }),
      submit("c", "SUBMIT_JOB_BG", f, 2, { unique: own("w"), data: "-" }),
    ],
  },
  {
    name: "every client that joined hears of the job, each submission for itself",
    steps: [
      worker("w", f),
      submit("a", "SUBMIT_JOB", f, 1, { unique }),
      submit("b", "SUBMIT_JOB", f, 1, { unique }),
      submit("b", "SUBMIT_JOB_HIGH", f, 1, { unique }),
      grab("w", 1, f),
      send("w", req("WORK_DATA", handle(1), "d")),
      receive("a", res("WORK_DATA", handle(1), "d")),
      receive("b", res("WORK_DATA", handle(1), "d"), res("WORK_DATA", handle(1), "d")),
      submit("a", "SUBMIT_JOB", f, 1, { unique }),
      complete("w", 1, "x", "a", "a", "b", "b"),
    ],
  },
  {
    name: "a client may join a background job, queued or running",
    steps: [
      worker("w", f),
      submit("a", "SUBMIT_JOB_BG", f, 1, { unique }),
      submit("b", "SUBMIT_JOB", f, 1, { unique }),
      grab("w", 1, f),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      complete("w", 1, "x", "b", "c"),
      silent("a"),
    ],
  },
  {
    name: "joining wakes nobody",
    steps: [
      sleeper("w", f),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      woken("w"),
      grab("w", 1, f),
      grabNothing("w"),
      sleep("w"),
      submit("d", "SUBMIT_JOB", f, 1, { unique }),
      silent("w"),
    ],
  },
  {
    name: "a background submission that joins a foreground job",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("d", "SUBMIT_JOB_BG", f, 1, { unique }),
      differs("background-joins-foreground", {
        gearmand: [list("d", "show jobs\n", `${handle(1)}\t0\t0\t0`)],
        cogd: [list("d", "show jobs\n", `${handle(1)}\t0\t0\t1`)],
      }),
    ],
  },
];
