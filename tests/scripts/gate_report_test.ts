import assert from "node:assert/strict";
import { test } from "node:test";
import { countLine, readJUnit, reasonLines, succeeded, total } from "../../scripts/gate_report.ts";

const DENO_REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.173">
  <testsuite name="./a_test.ts" tests="6" disabled="1" errors="0" failures="2">
    <testcase name="adds &amp; &lt;numbers&gt;" classname="./a_test.ts" time="0.002" line="3" col="1">
    </testcase>
    <testcase name="needs php" classname="./a_test.ts" time="0.000" line="4" col="1">
      <skipped/>
    </testcase>
    <testcase name="has steps" classname="./a_test.ts" time="0.005" line="5" col="1">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="a &gt; b" classname="./a_test.ts" time="0.001" line="6" col="1">
    </testcase>
    <testcase name="has steps &gt; one" classname="./a_test.ts" time="0.000" line="5" col="42">
    </testcase>
    <testcase name="has steps &gt; two" classname="./a_test.ts" time="0.002" line="5" col="73">
      <failure message="1 !== 2">at a_test.ts</failure>
    </testcase>
  </testsuite>
</testsuites>`;

const BUN_REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.041">
  <testsuite name="a_test.ts" file="a_test.ts" tests="3" failures="1" skipped="1" time="0.02">
    <testcase name="adds" classname="" time="0.002" file="a_test.ts" line="3" assertions="0" />
    <testcase name="needs php" classname="" time="0" file="a_test.ts" line="4" assertions="0">
      <skipped />
    </testcase>
    <testcase name="fails" classname="" time="0.0003" file="a_test.ts" line="7" assertions="0">
      <failure type="AssertionError" message="1 !== 2&#10;">1 !== 2&#10;    at a_test.ts:7:30&#10;</failure>
    </testcase>
  </testsuite>
</testsuites>`;

test("Deno's report is counted without the steps inside tests", () => {
  assert.deepEqual(readJUnit(DENO_REPORT), {
    passed: 2,
    failed: ["has steps"],
    skipped: ["needs php"],
    reasons: [{ test: "has steps > two", text: "at a_test.ts" }],
  });
});

test("Bun's report is counted likewise", () => {
  assert.deepEqual(readJUnit(BUN_REPORT), {
    passed: 1,
    failed: ["fails"],
    skipped: ["needs php"],
    reasons: [{ test: "fails", text: "1 !== 2\n    at a_test.ts:7:30" }],
  });
});

test("the last line adds up all steps and leaves out skips where there are none", () => {
  const all = total([readJUnit(DENO_REPORT), readJUnit(BUN_REPORT)]);
  assert.equal(countLine(all), "3 passed, 2 failed, 2 skipped");
  assert.equal(countLine({ passed: 3, failed: [], skipped: [] }), "3 passed, 0 failed");
});

test("what is wrong is told in few lines, the beginnings of all that failed", () => {
  const reason = (test: string, lines: number) => ({
    test,
    text: Array.from({ length: lines }, (_, at) => `${test} ${at}\n`).join("\n"),
  });
  assert.deepEqual(reasonLines([]), []);
  assert.deepEqual(reasonLines([reason("a", 2)]), ["a", "    a 0", "    a 1"]);
  const one = reasonLines([reason("a", 500)]);
  assert.deepEqual([one.length, one.at(-2), one.at(-1)], [60, "    a 57", "    …"]);
  const many = reasonLines(Array.from({ length: 25 }, (_, at) => reason(`t${at}`, 100)));
  assert.equal(many.length, 61);
  assert.deepEqual(many.slice(0, 7), [
    ...["t0", "    t0 0", "    t0 1", "    t0 2", "    t0 3", "    …"],
    "t1",
  ]);
  assert.equal(many.at(-1), "and 15 more");
  assert.equal(reasonLines([{ test: "a", text: "x".repeat(9000) }])[1]!.length, 404);
});

test("a failure, a run without tests and, where it is strict, a skip make the run fail", () => {
  const good = { passed: 1, failed: [], skipped: [] };
  assert.equal(succeeded(good, true), true);
  assert.equal(succeeded({ ...good, failed: ["a"] }, false), false);
  assert.equal(succeeded({ ...good, passed: 0 }, false), false);
  assert.equal(succeeded({ ...good, skipped: ["a"] }, false), true);
  assert.equal(succeeded({ ...good, skipped: ["a"] }, true), false);
});
