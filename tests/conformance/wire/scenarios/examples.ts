/** Protocol section 12: what was captured from the reference, byte for byte. */

import { ask, differs, error, receive, req, type Scenario, send, silent, text } from "../script.ts";

/** Bytes written as in the protocol document. */
function hex(bytes: string): string {
  return bytes.trim().split(/\s+/).map((byte) => String.fromCharCode(parseInt(byte, 16))).join("");
}

/**
 * For scripts that have a server to themselves: handles are `H:x:1` and so on, and functions are
 * called `rev` and `rv2`.
 */
export const EXAMPLES: readonly Scenario[] = [
  {
    name: "the captured examples",
    steps: [
      send("w", text(hex("00 52 45 51 00 00 00 01 00 00 00 03 72 65 76"))),
      send("w", text(hex("00 52 45 51 00 00 00 17 00 00 00 08 72 76 32 00 35 30 30 30"))),
      silent("w"),
      send(
        "c",
        text(hex("00 52 45 51 00 00 00 07 00 00 00 0a 72 65 76 00 75 31 00 61 62 63")),
      ),
      receive("c", text(hex("00 52 45 53 00 00 00 08 00 00 00 05 48 3a 78 3a 31"))),
      send("c", text(hex("00 52 45 51 00 00 00 0f 00 00 00 05 48 3a 78 3a 31"))),
      receive(
        "c",
        text(hex(
          "00 52 45 53 00 00 00 14 00 00 00 0d 48 3a 78 3a 31 00 31 00 30 00 30 00 30",
        )),
      ),
      send("w", text(hex("00 52 45 51 00 00 00 27 00 00 00 00"))),
      receive(
        "w",
        text(hex(`00 52 45 53 00 00 00 1f 00 00 00 10
          48 3a 78 3a 31 00 72 65 76 00 75 31 00 61 62 63`)),
      ),
      send("w", text(hex("00 52 45 51 00 00 00 0c 00 00 00 09 48 3a 78 3a 31 00 31 00 34"))),
      receive("c", text(hex("00 52 45 53 00 00 00 0c 00 00 00 09 48 3a 78 3a 31 00 31 00 34"))),
      send("c", text(hex("00 52 45 51 00 00 00 29 00 00 00 02 75 31"))),
      receive(
        "c",
        text(hex("00 52 45 53 00 00 00 2a 00 00 00 0c 75 31 00 31 00 31 00 31 00 34 00 31")),
      ),
      send("w", text(hex("00 52 45 51 00 00 00 0d 00 00 00 09 48 3a 78 3a 31 00 63 62 61"))),
      receive("c", text(hex("00 52 45 53 00 00 00 0d 00 00 00 09 48 3a 78 3a 31 00 63 62 61"))),
      send(
        "c",
        text(hex(`00 52 45 51 00 00 00 24 00 00 00 13 72 65 76 00 65 31 00
          31 37 30 30 30 30 30 30 30 30 00 78`)),
      ),
      receive("c", text(hex("00 52 45 53 00 00 00 08 00 00 00 05 48 3a 78 3a 32"))),
      send("w", text(hex("00 52 45 51 00 00 00 09 00 00 00 00"))),
      receive(
        "w",
        text(hex("00 52 45 53 00 00 00 0b 00 00 00 0b 48 3a 78 3a 32 00 72 65 76 00 78")),
      ),
      send(
        "c",
        text(hex(
          "00 52 45 51 00 00 00 25 00 00 00 0d 72 65 76 00 72 31 00 72 65 64 00 00 78",
        )),
      ),
      receive("c", text(hex("00 52 45 53 00 00 00 08 00 00 00 05 48 3a 78 3a 33"))),
      send("w", text(hex("00 52 45 51 00 00 00 27 00 00 00 00"))),
      receive(
        "w",
        text(hex(`00 52 45 53 00 00 00 28 00 00 00 12
          48 3a 78 3a 33 00 72 65 76 00 72 31 00 72 65 64 00 78`)),
      ),
      send("w", text(hex("00 52 45 51 00 00 00 19 00 00 00 07 48 3a 78 3a 33 00 65"))),
      differs("exception-bare-handle", {
        gearmand: [
          receive("c", text(hex("00 52 45 53 00 00 00 0e 00 00 00 06 48 3a 78 3a 33 00"))),
        ],
        cogd: [receive("c", text(hex("00 52 45 53 00 00 00 0e 00 00 00 05 48 3a 78 3a 33")))],
      }),
      send("w", text(hex("00 52 45 51 00 00 00 0e 00 00 00 05 48 3a 78 3a 33"))),
      receive(
        "w",
        text(
          hex("00 52 45 53 00 00 00 13 00 00 00 30") +
            "JOB_NOT_FOUND\0Job given in work result not found",
        ),
      ),
      send("w", text(hex("00 52 45 51 00 00 00 09 00 00 00 00"))),
      receive("w", text(hex("00 52 45 53 00 00 00 0a 00 00 00 00"))),
      send("w", text(hex("00 52 45 51 00 00 00 04 00 00 00 00"))),
      silent("w"),
      send("c", text(hex("00 52 45 51 00 00 00 12 00 00 00 05 72 65 76 00 00"))),
      receive("c", text(hex("00 52 45 53 00 00 00 08 00 00 00 05 48 3a 78 3a 34"))),
      receive("w", text(hex("00 52 45 53 00 00 00 06 00 00 00 00"))),
    ],
  },
  {
    name: "handles count the jobs from 1",
    steps: [
      ask("c", req("SUBMIT_JOB_BG", "f", "u", ""), text("\0RES\0\0\0\x08\0\0\0\x05H:x:1")),
      ask("c", req("SUBMIT_JOB", "f", "", ""), text("\0RES\0\0\0\x08\0\0\0\x05H:x:2")),
      ask("c", req("SUBMIT_JOB_HIGH_BG", "f", "u", ""), text("\0RES\0\0\0\x08\0\0\0\x05H:x:1")),
      ask("c", text("maxqueue f 2\n"), text("OK\r\n")),
      ask("c", req("SUBMIT_JOB", "f", "", ""), error("QUEUE_ERROR", "Job queue is full")),
      ask("c", req("SUBMIT_JOB", "g", "", ""), text("\0RES\0\0\0\x08\0\0\0\x05H:x:3")),
    ],
  },
];
