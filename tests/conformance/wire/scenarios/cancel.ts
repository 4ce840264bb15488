/** Admin section 3 and protocol section 11: cancel job. */

import { handle, own } from "../marks.ts";
import {
  askText,
  close,
  differs,
  list,
  listUntil,
  receive,
  req,
  res,
  type Scenario,
  send,
  silent,
} from "../script.ts";
import { grab, grabNothing, submit, worker } from "./openings.ts";

const f = own("f");
const unique = own("u");
const cancel = `cancel job ${handle(1)}\n`;

export const CANCEL: readonly Scenario[] = [
  {
    name: "cancel needs a job's handle",
    steps: [
      askText("c", "cancel\n", "ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n"),
      askText("c", "cancel job\n", "ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n"),
      askText("c", "Cancel x\n", "ERR UNKNOWN_COMMAND Unknown+server+commandCancel\r\n"),
      askText("c", "cancel x y\n", "ERR UNKNOWN_ERROR\r\n"),
      askText("c", "cancel job H:x:1 \n", "ERR UNKNOWN_ERROR\r\n"),
      askText("c", "cancel job H:x:1 now\n", "ERR UNKNOWN_ERROR\r\n"),
      askText("c", "cancel job nothing\n", "ERR UNKNOWN_JOB\r\n"),
    ],
  },
  {
    name: "a queued job that is cancelled fails for its clients and is not given out",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("d", "SUBMIT_JOB", f, 1, { unique }),
      askText("a", cancel, "OK\r\n"),
      receive("c", res("WORK_FAIL", handle(1))),
      receive("d", res("WORK_FAIL", handle(1))),
      list("a", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      list("a", "status\n", `${f}\t1\t0\t0`),
      worker("w", f),
      grabNothing("w"),
      list("a", "status\n", `${f}\t0\t0\t1`),
      askText("a", cancel, "ERR UNKNOWN_JOB\r\n"),
    ],
  },
  {
    name: "a queued background job that is cancelled is not given out",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1),
      askText("a", cancel, "OK\r\n"),
      list("a", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      askText("a", cancel, "OK\r\n"),
      worker("w", f),
      grabNothing("w"),
      silent("c"),
    ],
  },
  {
    name: "a running job that is cancelled",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB", f, 1),
      grab("w", 1, f),
      askText("a", cancel, "OK\r\n"),
      receive("c", res("WORK_FAIL", handle(1))),
      silent("w"),
      send("w", req("WORK_DATA", handle(1), "d"), req("WORK_COMPLETE", handle(1), "r")),
      silent("w"),
      differs("cancel-detaches", {
        gearmand: [
          receive("c", res("WORK_DATA", handle(1), "d"), res("WORK_COMPLETE", handle(1), "r")),
        ],
        cogd: [silent("c")],
      }),
    ],
  },
  {
    name: "a running job that is cancelled is not run again when its worker is gone",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      askText("a", cancel, "OK\r\n"),
      list("a", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      close("w"),
      listUntil("a", "workers\n"),
      worker("v", f),
      grabNothing("v"),
      list("a", "status\n", `${f}\t0\t0\t1`),
    ],
  },
  {
    name: "a submission with the unique ID of a cancelled job",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      askText("a", cancel, "OK\r\n"),
      receive("c", res("WORK_FAIL", handle(1))),
      worker("w", f),
      differs("cancelled-not-joined", {
        gearmand: [submit("d", "SUBMIT_JOB", f, 1, { unique }), grabNothing("w"), silent("d")],
        cogd: [submit("d", "SUBMIT_JOB", f, 2, { unique }), grab("w", 2, f)],
      }),
    ],
  },
];
