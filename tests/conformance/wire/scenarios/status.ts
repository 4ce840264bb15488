/** Protocol section 6: GET_STATUS and GET_STATUS_UNIQUE. */

import { handle, own } from "../marks.ts";
import { ask, receive, req, res, reset, type Scenario, send, silent, until } from "../script.ts";
import { complete, grab, QUEUED, RUNNING, status, submit, UNKNOWN, worker } from "./openings.ts";

const f = own("f");
const unique = own("u");

/** The status of a unique ID is so. */
function uniqueStatus(who: string, id: string, ...numbers: readonly number[]) {
  const [known, running, numerator, denominator, clients] = numbers.map(String);
  return ask(
    who,
    req("GET_STATUS_UNIQUE", id),
    res("STATUS_RES_UNIQUE", id, known!, running!, numerator!, denominator!, clients!),
  );
}

export const STATUS: readonly Scenario[] = [
  {
    name: "the status of a job follows it from the queue to its end, whoever asks",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      status("anybody", 1, QUEUED),
      grab("w", 1, f),
      status("anybody", 1, RUNNING),
      send("w", req("WORK_STATUS", handle(1), "3", "10")),
      silent("w"),
      status("anybody", 1, [1, 1, 3, 10]),
      complete("w", 1, ""),
      status("anybody", 1, UNKNOWN),
    ],
  },
  {
    name: "a handle that was never given out is unknown, also an empty one",
    steps: [
      ask("c", req("GET_STATUS", ""), res("STATUS_RES", "", "0", "0", "0", "0")),
      ask("c", req("GET_STATUS", "H:x"), res("STATUS_RES", "H:x", "0", "0", "0", "0")),
      ask("c", req("GET_STATUS", "\xff \n"), res("STATUS_RES", "\xff \n", "0", "0", "0", "0")),
      ask(
        "c",
        req("GET_STATUS", "n".repeat(63)),
        res("STATUS_RES", "n".repeat(63), "0", "0", "0", "0"),
      ),
      ask("c", req("GET_STATUS", "H:x\0rest"), res("STATUS_RES", "H:x", "0", "0", "0", "0")),
    ],
  },
  {
    name: "a handle with a trailing NUL is found",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1),
      ask(
        "c",
        req("GET_STATUS", `${handle(1)}\0`),
        res("STATUS_RES", handle(1), "1", "0", "0", "0"),
      ),
    ],
  },
  {
    name: "the numbers of WORK_STATUS are read as C's atoi reads them",
    steps: [
      worker("w", f),
      submit("c", "SUBMIT_JOB_BG", f, 1),
      grab("w", 1, f),
      ...([
        ["-7", "text", 4294967289, 0],
        ["12abc", " 34", 12, 34],
        ["4294967295", "+5", 4294967295, 5],
        ["", "", 0, 0],
      ] as const).flatMap(([numerator, denominator, n, d]) => [
        send("w", req("WORK_STATUS", handle(1), numerator, denominator)),
        silent("w"),
        status("c", 1, [1, 1, n, d]),
      ]),
    ],
  },
  {
    name: "GET_STATUS_UNIQUE counts the clients that wait",
    steps: [
      worker("w", f),
      uniqueStatus("c", unique, 0, 0, 0, 0, 0),
      submit("c", "SUBMIT_JOB_BG", f, 1, { unique }),
      uniqueStatus("c", unique, 1, 0, 0, 0, 0),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("d", "SUBMIT_JOB", f, 1, { unique }),
      uniqueStatus("c", unique, 1, 0, 0, 0, 3),
      grab("w", 1, f),
      send("w", req("WORK_STATUS", handle(1), "1", "2")),
      receive(
        "c",
        res("WORK_STATUS", handle(1), "1", "2"),
        res("WORK_STATUS", handle(1), "1", "2"),
      ),
      receive("d", res("WORK_STATUS", handle(1), "1", "2")),
      uniqueStatus("e", unique, 1, 1, 1, 2, 3),
      reset("c"),
      until(
        "d",
        req("GET_STATUS_UNIQUE", unique),
        res("STATUS_RES_UNIQUE", unique, "1", "1", "1", "2", "1"),
      ),
      complete("w", 1, "", "d"),
      uniqueStatus("e", unique, 0, 0, 0, 0, 0),
    ],
  },
  {
    name: "an empty unique ID and `-` are not found",
    steps: [
      submit("c", "SUBMIT_JOB_BG", f, 1),
      submit("c", "SUBMIT_JOB_BG", f, 2, { unique: "-", data: own("w") }),
      uniqueStatus("c", "", 0, 0, 0, 0, 0),
      uniqueStatus("c", "-", 0, 0, 0, 0, 0),
      ask(
        "c",
        req("GET_STATUS_UNIQUE", `${own("no")}\0x`),
        res("STATUS_RES_UNIQUE", own("no"), "0", "0", "0", "0", "0"),
      ),
    ],
  },
  {
    name: "of several functions with a unique ID the newest job answers",
    steps: [
      worker("w", own("g")),
      submit("c", "SUBMIT_JOB", f, 1, { unique }),
      submit("c", "SUBMIT_JOB_BG", own("g"), 2, { unique }),
      uniqueStatus("c", unique, 1, 0, 0, 0, 0),
      grab("w", 2, own("g")),
      uniqueStatus("c", unique, 1, 1, 0, 0, 0),
      complete("w", 2, ""),
      uniqueStatus("c", unique, 1, 0, 0, 0, 1),
    ],
  },
];
