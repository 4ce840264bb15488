/** Admin section 3: create function, drop function, maxqueue. */

import { epochIn, handle, own } from "../marks.ts";
import {
  ask,
  askText,
  closed,
  differs,
  error,
  list,
  listUntil,
  req,
  res,
  reset,
  type Scenario,
  send,
  silent,
  text,
} from "../script.ts";
import { complete, grab, submit, worker } from "./openings.ts";

const f = own("f");
const FULL = error("QUEUE_ERROR", "Job queue is full");
const IN_USE = "ERR there are still connected workers or executing clients\r\n";
const NOT_FOUND = "ERR function not found\r\n";

function incomplete(command: string): string {
  return `ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+${command}\r\n`;
}

export const ADMIN_FUNCTIONS: readonly Scenario[] = [
  {
    name: "create function makes a function known, once",
    steps: [
      askText("c", `create function ${f}\r\n`, "OK\r\n"),
      askText("c", `create function ${f}\r\n`, "OK\r\n"),
      list("c", "status\n", `${f}\t0\t0\t0`),
    ],
  },
  {
    name: "create function with a bare LF",
    steps: [
      askText("c", `create function ${own("foo")}\n`, "OK\r\n"),
      differs("create-takes-the-word", {
        gearmand: [list("c", "status\n", `${own("fo")}\t0\t0\t0`)],
        cogd: [list("c", "status\n", `${own("foo")}\t0\t0\t0`)],
      }),
    ],
  },
  {
    name: "create and drop refuse other words",
    steps: [
      ...["create", "create function", "create job x", "create function a b"].map((line) =>
        askText("c", `${line}\r\n`, incomplete("create"))
      ),
      ...["drop", "drop function", "drop job x", "drop function a b", "drop function a "].map(
        (line) => askText("c", `${line}\n`, incomplete("drop")),
      ),
      askText("c", "Create\n", incomplete("Create")),
    ],
  },
  {
    name: "drop function forgets a function that nobody uses",
    steps: [
      askText("c", `drop function ${f}\n`, NOT_FOUND),
      worker("w", f),
      askText("c", `drop function ${f}\n`, IN_USE),
      list("c", "status\n", `${f}\t0\t0\t1`),
      send("w", req("CANT_DO", f)),
      silent("w"),
      askText("c", `drop function ${f}\n`, "OK\r\n"),
      list("c", "status\n"),
      askText("c", `drop function ${f}\n`, NOT_FOUND),
    ],
  },
  {
    name: "drop function matches names exactly",
    steps: [
      worker("w", own("Foo"), own("foo"), own("FOO")),
      send("w", req("RESET_ABILITIES")),
      silent("w"),
      differs("drop-exact", {
        gearmand: [
          askText("c", `drop function ${own("fOO")}\n`, "OK\r\nOK\r\nOK\r\n"),
          list("c", "status\n"),
        ],
        cogd: [
          askText("c", `drop function ${own("fOO")}\n`, NOT_FOUND),
          askText("c", `drop function ${own("foo")}\n`, "OK\r\n"),
          list("c", "status\n", `${own("Foo")}\t0\t0\t0`, `${own("FOO")}\t0\t0\t0`),
        ],
      }),
    ],
  },
  {
    name: "maxqueue is always OK, and creates no function",
    steps: [
      askText("c", "maxqueue\n", incomplete("maxqueue")),
      askText("c", `maxqueue ${f}\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 1\r\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 1 2\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 1 2 3\n`, "OK\r\n"),
      list("c", "status\n"),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2),
      send("c", text(`maxqueue ${f} 1 2 3 4\n`)),
      closed("c"),
    ],
  },
  {
    name: "maxqueue limits all priorities with one number",
    steps: [
      askText("c", `create function ${f}\r\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 2\n`, "OK\r\n"),
      askText("c", `maxqueue ${own("F")} 1\n`, "OK\r\n"),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: own("u") }),
      ask("c", req("SUBMIT_JOB_EPOCH", f, "", epochIn(200), ""), res("JOB_CREATED", handle(2))),
      ask("c", req("SUBMIT_JOB", f, "", ""), FULL),
      ask("c", req("SUBMIT_JOB_HIGH_BG", f, "", ""), FULL),
      ask("c", req("SUBMIT_JOB_LOW", f, "", ""), FULL),
      ask("c", req("SUBMIT_JOB_EPOCH", f, "", "0", ""), FULL),
      ask("c", req("SUBMIT_REDUCE_JOB", f, "", "r", "", ""), FULL),
      submit("c", "SUBMIT_JOB", f, 1, { unique: own("u") }),
      submit("c", "SUBMIT_JOB_BG", own("other"), 3),
      worker("w", f),
      grab("w", 1, f),
      ask("c", req("SUBMIT_JOB", f, "", ""), FULL),
      complete("w", 1, "r", "c"),
      submit("c", "SUBMIT_JOB", f, 4),
      askText("c", `maxqueue ${f}\n`, "OK\r\n"),
      submit("c", "SUBMIT_JOB", f, 5),
    ],
  },
  {
    name: "maxqueue with three numbers limits each priority by the function's total",
    steps: [
      askText("c", `create function ${f}\r\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 3 2 1\n`, "OK\r\n"),
      submit("c", "SUBMIT_JOB_LOW", f, 1),
      ask("c", req("SUBMIT_JOB_LOW", f, "", ""), FULL),
      submit("c", "SUBMIT_JOB", f, 2),
      ask("c", req("SUBMIT_JOB", f, "", ""), FULL),
      submit("c", "SUBMIT_JOB_HIGH", f, 3),
      ask("c", req("SUBMIT_JOB_HIGH", f, "", ""), FULL),
    ],
  },
  {
    name: "maxqueue with two numbers leaves low without limit; text and negative mean none",
    steps: [
      askText("c", `create function ${f}\r\n`, "OK\r\n"),
      askText("c", `maxqueue ${f} 1 2\n`, "OK\r\n"),
      submit("c", "SUBMIT_JOB_LOW", f, 1),
      ask("c", req("SUBMIT_JOB_HIGH", f, "", ""), FULL),
      submit("c", "SUBMIT_JOB", f, 2),
      ask("c", req("SUBMIT_JOB", f, "", ""), FULL),
      submit("c", "SUBMIT_JOB_LOW", f, 3),
      askText("c", `maxqueue ${f} none -1 1x\n`, "OK\r\n"),
      submit("c", "SUBMIT_JOB_HIGH", f, 4),
      submit("c", "SUBMIT_JOB", f, 5),
      ask("c", req("SUBMIT_JOB_LOW", f, "", ""), FULL),
    ],
  },
  {
    name: "drop function of a function with queued jobs",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: own("u") }),
      differs("drop-refuses-jobs", {
        gearmand: [
          askText("c", `drop function ${f}\n`, "OK\r\n"),
          list("c", "status\n"),
          list("c", "show jobs\n", `${handle(1)}\t0\t0\t1`),
        ],
        cogd: [
          askText("c", `drop function ${f}\n`, IN_USE),
          list("c", "status\n", `${f}\t1\t0\t0`),
        ],
      }),
    ],
  },
  {
    name: "drop function of a function whose only job is abandoned",
    steps: [
      submit("c", "SUBMIT_JOB", f, 1),
      reset("c"),
      listUntil("d", "show jobs\n", `${handle(1)}\t0\t1\t0`),
      askText("d", `drop function ${f}\n`, "OK\r\n"),
      list("d", "status\n"),
      differs("drop-refuses-jobs", {
        gearmand: [list("d", "show jobs\n", `${handle(1)}\t0\t1\t0`)],
        cogd: [list("d", "show jobs\n")],
      }),
    ],
  },
];
