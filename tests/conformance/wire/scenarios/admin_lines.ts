/** Admin sections 1 and 3: how lines are read, and the commands that only tell something. */

import { ANY, handle, own } from "../marks.ts";
import {
  ask,
  askText,
  closed,
  differs,
  list,
  listWhole,
  req,
  res,
  type Scenario,
  send,
  silent,
  text,
} from "../script.ts";
import { grab, submit, worker } from "./openings.ts";

const f = own("f");
const OK_ANY = `OK ${ANY}\n`;

function unknown(word: string): string {
  return `ERR UNKNOWN_COMMAND Unknown+server+command${word}\r\n`;
}

export const ADMIN_LINES: readonly Scenario[] = [
  {
    name: "a line ends in LF, with or without one CR before it",
    steps: [
      askText("c", "version\n", OK_ANY),
      askText("c", "version\r\n", OK_ANY),
      askText("c", "version\r\r\n", unknown("version\r")),
      askText("c", "\n", unknown("")),
      askText("c", "\r\n", unknown("")),
    ],
  },
  {
    name: "words are split at spaces only",
    steps: [
      worker("w", f),
      list("c", "status \n", `${f}\t0\t0\t1`),
      list("c", "status   extra words are fine\n", `${f}\t0\t0\t1`),
      askText("c", " version\n", unknown("")),
      askText("c", "version\t\n", unknown("version\t")),
      list("c", "show   jobs\n"),
      askText("c", "show jobs \n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    ],
  },
  {
    name: "extra words are ignored by the commands that take none",
    steps: [
      worker("w", f),
      askText("c", "version 1 2 3 4\n", OK_ANY),
      askText("c", "verbose x\n", OK_ANY),
      askText("c", "getpid x\n", OK_ANY),
      list("c", "workers x\n", `FD 127.0.0.1 - : ${f}`),
      list("c", "prioritystatus x\n", `${f}\t0\t0\t0\t1`),
    ],
  },
  {
    name: "more than five words close the connection, an empty last one counts",
    steps: [
      askText("c", "a b c d e\n", unknown("a")),
      send("c", text("a b c d e f\n")),
      closed("c"),
      send("d", text("version b c d e \n")),
      closed("d"),
    ],
  },
  {
    name: "a NUL ends the word it is in",
    steps: [
      askText("c", "ver\0sion\n", unknown("ver")),
      askText("c", "version\0x y\n", OK_ANY),
      askText("c", "create function " + own("cut") + "\0off\r\n", "OK\r\n"),
      list("c", "status\n", `${own("cut")}\t0\t0\t0`),
    ],
  },
  {
    name: "a line may have 8192 bytes with its LF",
    steps: [
      askText("c", `${"x".repeat(8191)}\n`, unknown("x".repeat(8191))),
      send("c", text(`${"x".repeat(8192)}\n`)),
      closed("c"),
      send("d", text("x".repeat(9000))),
      closed("d"),
    ],
  },
  {
    name: "commands and their words are read in any case",
    steps: [
      worker("w", f),
      askText("c", "VERSION\n", OK_ANY),
      list("c", "Status\n", `${f}\t0\t0\t1`),
      list("c", "SHOW Jobs\n"),
      list("c", "show UNIQUE jobs\n"),
      askText("c", "Cancel JOB none\n", "ERR UNKNOWN_JOB\r\n"),
      askText("c", `Create Function ${own("g")}\r\n`, "OK\r\n"),
      askText("c", `DROP FUNCTION ${own("g")}\n`, "OK\r\n"),
      askText("c", "MAXQUEUE none\n", "OK\r\n"),
    ],
  },
  {
    name: "what is no command is answered with its first word",
    steps: [
      ...["shutdown", "help", "log", "gladiator", "reload", "ShutDown", "statuss", "\xff\xfe", "."]
        .map((word) => askText("c", `${word}\n`, unknown(word))),
      askText("c", "shutdown graceful\n", unknown("shutdown")),
    ],
  },
  {
    name: "show needs to know what",
    steps: [
      askText("c", "show\n", unknown("show")),
      askText("c", "SHOW\n", unknown("SHOW")),
      askText("c", "show \n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
      askText("c", "show job\n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
      askText("c", "show jobs all\n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
      askText("c", "show unique\n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
      askText("c", "show unique jobs all\n", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    ],
  },
  {
    name: "version, verbose and getpid end in LF alone",
    steps: [
      send("c", text("version\nverbose\r\ngetpid\n"), req("ECHO_REQ", "")),
      ask("c", text(""), text(OK_ANY), text(OK_ANY), text(OK_ANY), res("ECHO_RES", "")),
    ],
  },
  {
    name: "lists show queued and running jobs",
    steps: [
      worker("w", f, own("with space")),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique: own("u") }),
      submit("c", "SUBMIT_JOB_HIGH", f, 2, { unique: own("v") }),
      submit("c", "SUBMIT_JOB_LOW_BG", f, 3, { unique: own("u2") }),
      submit("c", "SUBMIT_JOB_BG", own("other"), 4, { unique: own("u") }),
      grab("w", 2, f),
      list(
        "c",
        "status\n",
        `${f}\t3\t1\t1`,
        `${own("with space")}\t0\t0\t1`,
        `${own("other")}\t1\t0\t0`,
      ),
      list(
        "c",
        "prioritystatus\n",
        `${f}\t0\t1\t1\t1`,
        `${own("with space")}\t0\t0\t0\t1`,
        `${own("other")}\t0\t1\t0\t0`,
      ),
      list("c", "workers\n", `FD 127.0.0.1 - : ${own("with space")} ${f}`),
      list(
        "c",
        "show jobs\n",
        `${handle(1)}\t0\t0\t1`,
        `${handle(2)}\t0\t0\t0`,
        `${handle(3)}\t0\t0\t1`,
        `${handle(4)}\t0\t0\t1`,
      ),
      list("c", "show unique jobs\n", own("u"), own("v"), own("u2"), own("u")),
    ],
  },
];

/** For scripts that have a server to themselves. */
export const WHOLE_LISTS: readonly Scenario[] = [
  {
    name: "a new server knows nothing but the connection that asks",
    steps: [
      listWhole("c", "status\n"),
      listWhole("c", "prioritystatus\n"),
      listWhole("c", "show jobs\n"),
      listWhole("c", "show unique jobs\n"),
      listWhole("c", "workers\n", "FD 127.0.0.1 - :"),
      silent("d"),
      listWhole("c", "workers\n", "FD 127.0.0.1 - :", "FD 127.0.0.1 - :"),
    ],
  },
  {
    name: "jobs without unique ID are empty lines, and the function may have no name",
    steps: [
      ask("c", req("SUBMIT_JOB_BG", "", "", "x"), res("JOB_CREATED", handle(1))),
      ask("c", req("SUBMIT_JOB", "f", "-", "x"), res("JOB_CREATED", handle(2))),
      ask("c", req("SUBMIT_JOB", "f", "u", "x"), res("JOB_CREATED", handle(3))),
      listWhole("c", "show unique jobs\n", "", "-", "u"),
      listWhole("c", "status\n", "\t1\t0\t0", "f\t2\t0\t0"),
      worker("w", ""),
      listWhole("c", "workers\n", "FD 127.0.0.1 - :", "FD 127.0.0.1 - : "),
      grab("w", 1, "", "x"),
    ],
  },
];

/** For servers that listen on `::1`. */
export const IPV6: readonly Scenario[] = [
  {
    name: "the address of an IPv6 peer",
    steps: [
      worker("w", f),
      differs("ipv6-address", {
        gearmand: [list("c", "workers\n", `FD ::%N - : ${f}`)],
        cogd: [list("c", "workers\n", `FD ::1 - : ${f}`)],
      }),
    ],
  },
];
