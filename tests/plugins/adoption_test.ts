/** Rows of C gearmand as any store may find them. */

import assert from "node:assert/strict";
import test from "node:test";
import {
  Adoption,
  bytesOfName,
  type ForeignCell,
  type ForeignRow,
  highWaterFrom,
  recordsOfHighWater,
  type StoredJob,
  StoreError,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import { recordOf } from "../conformance/stores/mod.ts";

const ROW: ForeignRow = {
  uniqueKey: "u",
  functionName: "f",
  priority: 1,
  data: new Uint8Array([1, 0, 2]),
  whenToRun: 0,
};

function hostWith(log: StoreHost["log"] = () => {}): StoreHost {
  return { log, now: () => 1_800_000_000_000, namespace: "here", handlePrefix: "H:test:" };
}

function adoption(): Adoption {
  return new Adoption({ nextKey: 7, nextHandle: 70 }, hostWith(), 1000);
}

function adopted(changes: Partial<ForeignRow>): StoredJob {
  const job = adoption().adopt({ ...ROW, ...changes });
  assert(!("unreadable" in job), `unreadable: ${JSON.stringify(job)}`);
  return job;
}

function refused(changes: Partial<ForeignRow>): string {
  const row = adoption().adopt({ ...ROW, ...changes });
  assert("unreadable" in row, "the row was adopted");
  return row.unreadable;
}

test("a row becomes a queued job with the next key and handle", () => {
  assert.deepEqual(adopted({}), {
    key: 7,
    handle: "H:test:70",
    functionName: "f",
    unique: "u",
    workload: new Uint8Array([1, 0, 2]),
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: 1_800_000_000_000,
    attempts: 0,
    namespace: "here",
    state: "queued",
    outcome: null,
  });
});

test("NULL and missing cells are empty, at once, and of high priority", () => {
  for (const nothing of [null, undefined]) {
    const job = adopted({
      uniqueKey: nothing,
      functionName: nothing,
      priority: nothing,
      data: nothing,
      whenToRun: nothing,
    });
    assert.deepEqual(
      [job.unique, job.functionName, job.priority, job.workload.length, job.notBefore],
      ["", "", 0, 0, 0],
    );
  }
});

test("priorities may have any type; unknown ones are normal", () => {
  const cells: [ForeignCell, number][] = [
    [0, 0],
    [1n, 1],
    ["2", 2],
    [bytesOfName("0"), 0],
    [2.0, 2],
    [3, 1],
    [-1, 1],
    ["high", 1],
    ["", 1],
  ];
  for (const [cell, priority] of cells) {
    assert.equal(adopted({ priority: cell }).priority, priority);
  }
});

test("times may have any type and go beyond 2038; what is no time is left", () => {
  const cells: [ForeignCell, number][] = [
    [1_900_000_000, 1_900_000_000],
    [5_000_000_000n, 5_000_000_000],
    ["5000000000", 5_000_000_000],
    [bytesOfName(" 12 "), 12],
    [12.9, 12],
    [-5, 0],
  ];
  for (const [cell, seconds] of cells) {
    assert.equal(adopted({ whenToRun: cell }).notBefore, seconds);
  }
  for (const cell of ["soon", "", "1e9", NaN, Infinity, 2n ** 62n]) {
    assert.match(refused({ whenToRun: cell }), /when_to_run is .*, not a time/);
  }
});

test("names are bytes, or text in UTF-8; workloads of other types are their text", () => {
  const job = adopted({ functionName: bytesOfName("\xff\x80"), uniqueKey: "ä", data: 42 });
  assert.equal(job.functionName, "\xff\x80");
  assert.equal(job.unique, "Ã¤");
  assert.deepEqual([...job.workload], [0x34, 0x32]);
});

test("a row that makes no job is described, and uses up no number", () => {
  const taking = adoption();
  assert("unreadable" in taking.adopt({ ...ROW, uniqueKey: "x".repeat(65) }));
  assert.deepEqual(taking.marks, { nextKey: 7, nextHandle: 70 });
  assert.match(refused({ uniqueKey: "x".repeat(65) }), /unique ID has 65 bytes, more than 64/);
  assert.match(refused({ uniqueKey: "a\0" }), /unique ID holds a NUL/);
  assert.match(refused({ functionName: "a\0b" }), /function holds a NUL/);
  assert.match(refused({ data: new Uint8Array(1001) }), /1001 bytes, too many for this store/);
  assert.match(refused({ uniqueKey: "\n".repeat(65) }), /^[\x20-\x7e…]+$/, "one line for the log");
});

test("the marks rise with each job, and the report counts", () => {
  const lines: string[] = [];
  const taking = new Adoption(
    { nextKey: 1, nextHandle: 1 },
    hostWith((level, line) => lines.push(`${level} ${line}`)),
    1000,
  );
  for (let i = 0; i < 3; i++) taking.adopt(ROW);
  for (let i = 0; i < 12; i++) taking.adopt({ ...ROW, whenToRun: "soon" });
  assert.deepEqual(taking.marks, { nextKey: 4, nextHandle: 4 });
  assert.equal(taking.adopted, 3);
  taking.report("the table");
  assert.equal(lines[0], "NOTICE Adopted 3 jobs of C gearmand from the table");
  assert.equal(lines[1], "WARNING Left 12 rows in the table: no job can be made of them");
  assert.match(
    lines[2]!,
    /^WARNING Left in the table: a row \(function "f", unique "u"\): when_to_run/,
  );
  assert.equal(lines.at(-1), "WARNING Left in the table: 2 rows more");
  assert.equal(lines.length, 13);
});

test("high-water marks are read from records; one that is no number is damage", () => {
  assert.deepEqual(highWaterFrom([]), { nextKey: 1, nextHandle: 1 });
  const marks = { nextKey: 12, nextHandle: Number.MAX_SAFE_INTEGER };
  const records = [recordOf("other", "x"), ...recordsOfHighWater(marks)];
  assert.deepEqual(highWaterFrom(records), marks);
  for (const value of ["", "0", "-1", "1.5", "1e3", "x", " 1", "9007199254740993"]) {
    assert.throws(
      () => highWaterFrom([recordOf("next-key", value)]),
      (error) => error instanceof StoreError && error.code === "DAMAGED",
    );
  }
});
