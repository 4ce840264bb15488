import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { actionsOf, maxqueueOf } from "../../src/cli/gearadmin/actions.ts";
import { readOptions } from "../../src/cli/gearadmin/arguments.ts";
import { judge, type Thresholds } from "../../src/cli/gearadmin/check_verdict.ts";
import { GEARADMIN_OPTIONS, gearadminHelp } from "../../src/cli/gearadmin/option_table.ts";
import { ReplyReader } from "../../src/cli/gearadmin/reply_reader.ts";
import { functionRows, workerRows } from "../../src/cli/gearadmin/rows.ts";
import { type Look, viewLines } from "../../src/cli/gearadmin/top_view.ts";

const NO_LIMITS: Thresholds = {
  waiting: { warning: undefined, critical: undefined },
  running: { warning: undefined, critical: undefined },
  workers: { warning: undefined, critical: undefined },
};

test("actions are asked in the reference's order, options may be shortened", () => {
  const commands = (...words: string[]) =>
    actionsOf(readOptions(words, GEARADMIN_OPTIONS)).map(({ command }) =>
      Buffer.from(command).toString()
    );
  assert.deepEqual(commands("--stat", "--work", "--server-vers", "stray", "--getp"), [
    "getpid",
    "version",
    "workers",
    "status",
  ]);
  assert.deepEqual(commands("--drop=a b", "--create", "c"), [
    "create function c",
    "drop function a b",
  ]);
  assert.deepEqual(commands("--maxqueue", "f=1,2"), ["maxqueue f 1 2 0"]);
  assert.throws(() => commands("--cancel-job", "a\nshutdown"), /is invalid/);
  assert.throws(() => commands("--sh"), {
    message: "option '--sh' is ambiguous and matches '--show-jobs', and '--show-unique-jobs'",
  });
});

test("limits of queues are one number, two, three, or none", () => {
  assert.deepEqual(maxqueueOf("f=5"), { function: "f", limits: [5, 5, 5] });
  assert.deepEqual(maxqueueOf("f=5,6"), { function: "f", limits: [5, 6, null] });
  assert.deepEqual(maxqueueOf("a=b=5,0,7"), { function: "a=b", limits: [5, null, 7] });
  assert.deepEqual(maxqueueOf("f="), { function: "f", limits: [null, null, null] });
  for (const wrong of ["f", "=1", "f=x", "f=1,2,3,4", "a b=1", "f=-1"]) {
    assert.throws(() => maxqueueOf(wrong), /--maxqueue/, wrong);
  }
});

test("replies are read to their real end, however they arrive", () => {
  const read = (form: "line" | "list", ...pieces: string[]) => {
    const reader = new ReplyReader(form);
    return pieces.map((piece) => {
      const reply = reader.push(Buffer.from(piece));
      return reply === undefined ? undefined : Buffer.from(reply).toString();
    });
  };
  assert.deepEqual(read("line", "OK 1", "2\n"), [undefined, "OK 12\n"]);
  assert.deepEqual(read("list", "a\t0\n", ".", "\n"), [undefined, undefined, "a\t0\n.\n"]);
  assert.deepEqual(read("list", ".\n"), [".\n"]);
  assert.deepEqual(read("list", "ERR x\r", "\n"), [undefined, "ERR x\r\n"]);
  // A function that is called so, and a unique ID that is a dot.
  assert.deepEqual(read("list", "ERR x\t0\t0\t0\n", ".\n"), [undefined, "ERR x\t0\t0\t0\n.\n"]);
  assert.deepEqual(read("list", "a\n.\nb\n.\n"), ["a\n.\nb\n.\n"]);
});

test("rows of lists keep names with spaces and TABs", () => {
  assert.deepEqual(functionRows(Buffer.from("a\tb c\t3\t1\t2\n.\n")), [
    { function: "a\tb c", total: 3, running: 1, workers: 2 },
  ]);
  assert.deepEqual(workerRows(Buffer.from("36 ::1 - :\n38 127.0.0.1 my w : c b\n39 h  :\n.\n")), [
    { connection: 36, address: "::1", id: "", functions: [] },
    { connection: 38, address: "127.0.0.1", id: "my w", functions: ["c", "b"] },
    { connection: 39, address: "h", id: "", functions: [] },
  ]);
});

test("a check warns of too many jobs and too few workers, for the sums or by function", () => {
  const rows = [
    { function: "a", total: 10, running: 4, workers: 2 },
    { function: "it's b", total: 0, running: 0, workers: 0 },
  ];
  const limits = {
    ...NO_LIMITS,
    waiting: { warning: 5, critical: 50 },
    workers: { warning: 2, critical: 1 },
  };
  assert.deepEqual(judge(rows, "all", NO_LIMITS), {
    state: 0,
    text: "GEARMAN OK - 2 functions, 6 jobs waiting, 4 running, 2 workers | " +
      "waiting=6;;;0 running=4;;;0 workers=2;;;0\n",
  });
  assert.equal(judge(rows, "all", limits).state, 1);
  assert.deepEqual(judge(rows, "each", limits), {
    state: 2,
    text: "GEARMAN CRITICAL - a: 6 jobs waiting (more than 5), " +
      "it's b: 0 workers (fewer than 1) | a.waiting=6;5;50;0 a.running=4;;;0 " +
      "a.workers=2;2:;1:;0 'it''s b.waiting'=0;5;50;0 'it''s b.running'=0;;;0 " +
      "'it''s b.workers'=0;2:;1:;0\n",
  });
  assert.equal(judge(rows, ["a"], limits).state, 1);
  assert.equal(judge(rows, ["unknown"], limits).state, 2);
  assert.equal(judge([], "all", NO_LIMITS).state, 0);
});

test("the live view fits its room and lets no name command the terminal", () => {
  const look: Look = {
    server: "h:1",
    version: "1",
    at: 0,
    functions: Array.from({ length: 50 }, (_, at) => ({
      function: `f${at}\x1b[2J`,
      total: at,
      running: 0,
      workers: 1,
    })),
    priorities: [{ function: "f49\x1b[2J", high: 1, normal: 47, low: 1, workers: 1 }],
    workers: [{ connection: 1, address: "127.0.0.1", id: "w", functions: ["f1"] }],
  };
  const lines = viewLines(look, { columns: 80, rows: 24 });
  assert.ok(lines.length <= 24);
  assert.ok(lines.every((line) => line.length <= 80 && !line.includes("\x1b")));
  assert.match(lines[4]!, /^f49\?\[2J +49 +1 +47 +1 +0 +1$/);
  assert.match(lines.at(-1)!, /more functions$/);
  const all = viewLines(look, { columns: undefined, rows: undefined });
  assert.match(all.at(-1)!, /^ +1 {2}127\.0\.0\.1 +w +f1$/);
});

test("gearadmin's help fits a screen", () => {
  assert.ok(gearadminHelp().split("\n").length <= 25);
});
