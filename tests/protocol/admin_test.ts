import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ADMIN_FUNCTION_IN_USE,
  ADMIN_FUNCTION_NOT_FOUND,
  ADMIN_OK,
  ADMIN_UNKNOWN_ERROR,
  ADMIN_UNKNOWN_JOB,
  type AdminCommand,
  adminValue,
  bytesOf,
  byteStringFrom,
  jobsReply,
  parseAdminLine,
  priorityStatusReply,
  statusReply,
  uniqueJobsReply,
  workersReply,
} from "../../src/protocol/mod.ts";
import { byteByByte, decoded } from "./recording_sink.ts";

/** Lines and the commands they are. */
function understood(cases: readonly (readonly [line: string, command: AdminCommand])[]): void {
  for (const [line, command] of cases) {
    assert.deepEqual(parseAdminLine(line), command, JSON.stringify(line));
  }
}

/** Lines and the replies that refuse them. */
function refused(cases: readonly (readonly [line: string, reply: string])[]): void {
  understood(cases.map(([line, reply]) => [line, { kind: "refused", reply }]));
}

const incomplete = (command: string) =>
  `ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+${command}\r\n`;
const unknown = (word: string) => `ERR UNKNOWN_COMMAND Unknown+server+command${word}\r\n`;

const BARE = ["status", "prioritystatus", "workers", "version", "verbose", "getpid"] as const;

test("the commands without arguments ignore case, extra words and a trailing space", () => {
  for (const kind of BARE) {
    understood([
      [kind, { kind }],
      [kind.toUpperCase(), { kind }],
      [kind[0]!.toUpperCase() + kind.slice(1), { kind }],
      [`${kind} `, { kind }],
      [`${kind} extra   words here`, { kind }],
    ]);
  }
});

test("words are split at SPACE only, and a run of spaces counts as one", () => {
  understood([
    ["show    jobs", { kind: "show jobs" }],
    ["show  unique   jobs", { kind: "show unique jobs" }],
    ["cancel   job    H:x:1", { kind: "cancel job", handle: "H:x:1" }],
  ]);
  refused([
    ["version\t", unknown("version\t")],
    ["show\tjobs", unknown("show\tjobs")],
    ["status\v", unknown("status\v")],
    ["\tstatus", unknown("\tstatus")],
  ]);
});

test("a trailing space is an empty word, and a leading one makes the first word empty", () => {
  refused([
    ["show jobs ", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["show unique jobs ", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["show ", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["cancel job H:x:1 ", "ERR UNKNOWN_ERROR\r\n"],
    ["create function f ", incomplete("create")],
    [" status", unknown("")],
    [" ", unknown("")],
    ["   version", unknown("")],
  ]);
});

test("more than five words end the connection, an empty last word counts", () => {
  for (const line of ["1 2 3 4 5 6", "status 2 3 4 5 6", "maxqueue f 1 2 3 4", "status 2 3 4 5 "]) {
    assert.throws(() => parseAdminLine(line), { code: "TOO_MANY_WORDS" }, line);
  }
  understood([["status 2 3 4 5", { kind: "status" }]]);
  understood([["maxqueue f 1 2 3", { kind: "maxqueue", name: "f", limits: [1, 2, 3] }]]);
});

test("a NUL ends the word it is in", () => {
  understood([
    ["status\0x", { kind: "status" }],
    ["show\0x jobs\0y", { kind: "show jobs" }],
    ["create function f\0g", { kind: "create function", name: "f" }],
    ["cancel job H:x:1\0", { kind: "cancel job", handle: "H:x:1" }],
  ]);
  refused([["st\0atus", unknown("st")]]);
});

test("names, handles and unknown words keep their case, commands and sub-words have none", () => {
  understood([
    ["SHOW Unique JOBS", { kind: "show unique jobs" }],
    ["Cancel JOB H:Host:1", { kind: "cancel job", handle: "H:Host:1" }],
    ["CREATE Function Foo", { kind: "create function", name: "Foo" }],
    ["drop FUNCTION Foo", { kind: "drop function", name: "Foo" }],
    ["MaxQueue Foo 1", { kind: "maxqueue", name: "Foo", limits: [1, 1, 1] }],
  ]);
  refused([["Help me", unknown("Help")]]);
});

test("only ASCII letters have no case", () => {
  // U+0130 and U+212A become ASCII letters when lower-cased by Unicode's rules; as bytes they differ.
  refused([["verb\u00d6se", unknown("verb\u00d6se")], ["statu\u00df", unknown("statu\u00df")]]);
});

test("names are any bytes", () => {
  const name = "\u0001\t\u007f\u0080\u00ff\r";
  understood([[`create function ${name}`, { kind: "create function", name }]]);
});

test("show needs exactly 'jobs' or 'unique jobs'", () => {
  understood([
    ["show jobs", { kind: "show jobs" }],
    ["show unique jobs", { kind: "show unique jobs" }],
  ]);
  refused([
    ["show", unknown("show")],
    ["SHOW", unknown("SHOW")],
    ["show job", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["show jobs extra", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["show unique", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
    ["show unique jobs extra", "ERR UNKNOWN_SHOW_ARGUMENTS\r\n"],
  ]);
});

test("cancel needs 'job' and a handle", () => {
  understood([["cancel job H:x:12", { kind: "cancel job", handle: "H:x:12" }]]);
  understood([["cancel job ", { kind: "cancel job", handle: "" }]]);
  refused([
    ["cancel", unknown("cancel")],
    ["cancel job", unknown("cancel")],
    ["cancel ", unknown("cancel")],
    ["cancel function f", "ERR UNKNOWN_ERROR\r\n"],
    ["cancel job H:x:1 H:x:2", "ERR UNKNOWN_ERROR\r\n"],
  ]);
});

test("create and drop need 'function' and a name, which may end the line with LF alone", () => {
  for (const command of ["create", "drop"] as const) {
    understood([
      [`${command} function foo`, { kind: `${command} function`, name: "foo" }],
      [`${command} function `, { kind: `${command} function`, name: "" }],
    ]);
    refused([
      [command, incomplete(command)],
      [`${command} function`, incomplete(command)],
      [`${command} job foo`, incomplete(command)],
      [`${command} function foo bar`, incomplete(command)],
    ]);
  }
  // The reference loses the last letter of the name here (admin section 3).
  assert.deepEqual(decoded([bytesOf("create function foo\n")]), [{ line: "create function foo" }]);
});

test("maxqueue takes no number, one, two or three", () => {
  const limits = (line: string, ...numbers: [number, number, number]) =>
    understood([[line, { kind: "maxqueue", name: "f", limits: numbers }]]);
  limits("maxqueue f", 0, 0, 0);
  limits("maxqueue f 5", 5, 5, 5);
  limits("maxqueue f 5 6", 5, 6, 0);
  limits("maxqueue f 5 6 7", 5, 6, 7);
  limits("maxqueue f ", 0, 0, 0);
  refused([["maxqueue", incomplete("maxqueue")]]);
});

test("maxqueue reads numbers as atoi does: text, zero and below mean no limit", () => {
  const numbers: readonly [word: string, limit: number][] = [
    ["0", 0],
    ["-1", 0],
    ["abc", 0],
    ["12abc", 12],
    ["+3", 3],
    ["\t4", 4],
    ["007", 7],
    ["1.9", 1],
    ["0x10", 0],
    ["2147483647", 2147483647],
    ["99999999999999999999", 2147483647],
  ];
  for (const [word, limit] of numbers) {
    understood([
      [`maxqueue f ${word}`, { kind: "maxqueue", name: "f", limits: [limit, limit, limit] }],
    ]);
  }
});

test("anything else is unknown, glued to the word 'command' as it was sent", () => {
  refused([
    ["", unknown("")],
    ["help", unknown("help")],
    ["shutdown", unknown("shutdown")],
    ["shutdown graceful", unknown("shutdown")],
    ["LOG", unknown("LOG")],
    ["statuss", unknown("statuss")],
    ["reload\r", unknown("reload\r")],
    // Names that every object has are no commands.
    ["constructor", unknown("constructor")],
    ["__proto__", unknown("__proto__")],
  ]);
});

test("replies of one line end in CR LF, values in LF alone", () => {
  assert.equal(ADMIN_OK, "OK\r\n");
  assert.equal(ADMIN_UNKNOWN_JOB, "ERR UNKNOWN_JOB\r\n");
  assert.equal(ADMIN_UNKNOWN_ERROR, "ERR UNKNOWN_ERROR\r\n");
  assert.equal(ADMIN_FUNCTION_NOT_FOUND, "ERR function not found\r\n");
  assert.equal(
    ADMIN_FUNCTION_IN_USE,
    "ERR there are still connected workers or executing clients\r\n",
  );
  assert.equal(adminValue("1.1.20+ds"), "OK 1.1.20+ds\n");
  assert.equal(adminValue("4711"), "OK 4711\n");
});

test("an empty list is a line with a full stop", () => {
  for (const reply of [statusReply, priorityStatusReply, workersReply, jobsReply]) {
    assert.equal(byteStringFrom(reply([])), ".\n");
  }
  assert.equal(byteStringFrom(uniqueJobsReply([])), ".\n");
});

test("status lists name, total, running and workers between TABs", () => {
  assert.equal(
    byteStringFrom(statusReply([
      { name: "rev", total: 3, running: 1, workers: 2 },
      { name: "two words", total: 0, running: 0, workers: 0 },
    ])),
    "rev\t3\t1\t2\ntwo words\t0\t0\t0\n.\n",
  );
});

test("prioritystatus lists name, high, normal, low and workers between TABs", () => {
  assert.equal(
    byteStringFrom(priorityStatusReply([{ name: "rev", high: 1, normal: 2, low: 3, workers: 4 }])),
    "rev\t1\t2\t3\t4\n.\n",
  );
});

test("workers lists number, address, id and functions between single spaces", () => {
  const row = { connection: 36, address: "127.0.0.1", clientId: "-", functions: [] };
  assert.equal(
    byteStringFrom(workersReply([
      row,
      { ...row, connection: 38, clientId: "w1", functions: ["c", "b", "a"] },
      { ...row, connection: 39, clientId: "", address: "::1", functions: [""] },
      { ...row, connection: 40, clientId: "two words" },
    ])),
    "36 127.0.0.1 - :\n38 127.0.0.1 w1 : c b a\n39 ::1  : \n40 127.0.0.1 two words :\n.\n",
  );
});

test("show jobs lists handle, retries, ignored and persisted between TABs", () => {
  assert.equal(
    byteStringFrom(jobsReply([
      { handle: "H:x:1", retries: 0, ignored: false, persisted: true },
      { handle: "H:x:2", retries: 12, ignored: true, persisted: false },
    ])),
    "H:x:1\t0\t0\t1\nH:x:2\t12\t1\t0\n.\n",
  );
});

test("show unique jobs lists one unique ID a line, an empty one too", () => {
  assert.equal(byteStringFrom(uniqueJobsReply(["u1", "", "-"])), "u1\n\n-\n.\n");
});

test("a listing of any length is in one piece, in order", () => {
  const uniques = Array.from({ length: 5000 }, (_, i) => `unique-${i}`);
  assert.equal(byteStringFrom(uniqueJobsReply(uniques)), `${uniques.join("\n")}\n.\n`);
});

test("names are printed byte for byte", () => {
  const reply = statusReply([{ name: "\u00c3\u00a9\u0080", total: 0, running: 0, workers: 0 }]);
  assert.deepEqual(
    reply,
    Uint8Array.of(0xc3, 0xa9, 0x80, 9, 0x30, 9, 0x30, 9, 0x30, 10, 0x2e, 10),
  );
});

test("one CR before the LF belongs to the line's end, every other CR to the line", () => {
  const lines = (text: string) => decoded([bytesOf(text)]);
  assert.deepEqual(lines("a\r\n"), [{ line: "a" }]);
  assert.deepEqual(lines("a\r\r\n"), [{ line: "a\r" }]);
  assert.deepEqual(lines("a\rb\n"), [{ line: "a\rb" }]);
  assert.deepEqual(lines("\r\n\n"), [{ line: "" }, { line: "" }]);
  assert.deepEqual(decoded([bytesOf("a\r"), bytesOf("\n")]), [{ line: "a" }]);
});

test("a partial line just waits", () => {
  assert.deepEqual(decoded([bytesOf("stat")]), []);
  assert.deepEqual(decoded([bytesOf("stat"), bytesOf("us\n")]), [{ line: "status" }]);
});

test("bytes of a line survive, NUL and 0x80 to 0xff included", () => {
  const line = String.fromCharCode(...Array.from({ length: 255 }, (_, i) => i + 1))
    .replace("\n", "") + "\0";
  assert.deepEqual(decoded([bytesOf(`${line}\n`)]), [{ line }]);
});

test("a line of 8192 bytes with its LF is taken, a longer one ends the stream", () => {
  const error = [{ error: "LINE_TOO_LONG" }];
  for (const whole of [true, false]) {
    const feed = (text: string) => decoded(whole ? [bytesOf(text)] : byteByByte(bytesOf(text)));
    assert.deepEqual(feed(`${"a".repeat(8190)}\n`), [{ line: "a".repeat(8190) }]);
    assert.deepEqual(feed(`${"a".repeat(8191)}\n`), [{ line: "a".repeat(8191) }]);
    assert.deepEqual(feed(`${"a".repeat(8190)}\r\n`), [{ line: "a".repeat(8190) }]);
    assert.deepEqual(feed(`${"a".repeat(8192)}\n`), error);
    assert.deepEqual(feed(`${"a".repeat(8191)}\r\n`), error);
    // Without LF: 8191 bytes wait, 8192 can't become a line any more.
    assert.deepEqual(feed("a".repeat(8191)), []);
    assert.deepEqual(feed("a".repeat(8192)), error);
  }
});
