import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { startingEnvironment, startProgram } from "../../src/runtime/mod.ts";
import { BackOff } from "../../src/work/back_off.ts";
import { BoundedOutput } from "../../src/work/bounded_output.ts";
import { FrameReader, jobFrame, type Reply } from "../../src/work/frame.ts";
import { Leash } from "../../src/work/leash.ts";
import { LineReader } from "../../src/work/line_reader.ts";
import { ProcessBudget } from "../../src/work/process_budget.ts";
import { PROJECT_ROOT, runProgram, temporaryFolder } from "../support/mod.ts";
import { isAlive, processes, testJob, until } from "./scene.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The same bytes whole, one by one, and in sevens. */
function splits(text: string): Uint8Array[][] {
  const bytes = encoder.encode(text);
  return [bytes.length, 1, 7].map((size) =>
    Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, at) => bytes.subarray(at * size, (at + 1) * size),
    )
  );
}

test("lines are found however their bytes come; long ones are cut", () => {
  for (const pieces of splits(`one\r\n\nzwei ü\n${"x".repeat(5000)}\nlast`)) {
    const lines: string[] = [];
    const reader = new LineReader((line) => lines.push(line));
    for (const piece of pieces) reader.push(piece);
    reader.flush();
    assert.deepEqual(lines, ["one", "zwei ü", `${"x".repeat(4096)}…`, "last"]);
  }
});

test("replies of a pool's program are found however their bytes come", () => {
  const text = '{"type":"ready"}\n{"type":"data","bytes":3}\na\nb{"type":"fail"}\n' +
    '{"type":"status","numerator":3,"denominator":4}\n{"type":"complete","bytes":2}\n{}';
  for (const pieces of splits(text)) {
    const replies: Reply[] = [];
    const reader = new FrameReader(100, (reply) => replies.push(reply));
    for (const piece of pieces) reader.push(piece);
    const shown = replies.map((reply) =>
      "data" in reply ? { ...reply, data: decoder.decode(reply.data) } : reply
    );
    assert.deepEqual(shown, [
      { type: "ready" },
      { type: "data", data: "a\nb" },
      { type: "fail", data: "" },
      { type: "status", numerator: 3, denominator: 4 },
      { type: "complete", data: "{}" },
    ]);
  }
});

test("what is no reply is refused", () => {
  for (
    const text of [
      "hello\n",
      "3\n",
      "null\n",
      '{"type":"done"}\n',
      '{"type":"complete","bytes":101}\n',
      '{"type":"complete","bytes":-1}\n',
      '{"type":"status"}\n',
      `{"type":"ready","more":"${"x".repeat(9000)}"}\n`,
      "x".repeat(9000),
    ]
  ) {
    const reader = new FrameReader(100, () => assert.fail("a reply"));
    assert.throws(() => reader.push(encoder.encode(text)), { code: "BAD_FRAME" }, text);
  }
});

test("a job is sent as a line of JSON and its bytes", () => {
  const { job } = testJob("work\nload");
  const text = decoder.decode(jobFrame(job));
  assert.equal(
    text,
    `{"handle":"${job.handle}","function":"test","unique":"unique","bytes":9}\nwork\nload`,
  );
});

test("output grows up to its bound", () => {
  const output = new BoundedOutput(5);
  assert.equal(output.push(encoder.encode("abc")), true);
  assert.equal(output.push(encoder.encode("de")), true);
  assert.equal(decoder.decode(output.take()), "abcde");
  assert.equal(output.push(encoder.encode("f")), false);
  assert.equal(output.push(encoder.encode("g")), false);
  assert.equal(output.tooMuch, true);
  assert.equal(output.take().length, 0);
});

test("room for processes is given in order, and not to those who left", async () => {
  const budget = new ProcessBudget(1);
  const [never, leaving] = [new AbortController(), new AbortController()];
  assert.equal(await budget.take(never.signal), true);
  const gone = budget.take(leaving.signal);
  const order: string[] = [];
  const first = budget.take(never.signal).then(() => order.push("first"));
  const second = budget.take(never.signal).then(() => order.push("second"));
  leaving.abort();
  assert.equal(await gone, false);
  budget.release();
  await first;
  assert.equal(budget.used, 1);
  budget.resize(2);
  await second;
  assert.deepEqual([order, budget.used], [["first", "second"], 2]);
  budget.resize(1);
  budget.release();
  assert.equal(budget.used, 1);
  assert.equal(await budget.take(leaving.signal), false);
});

test("pauses are doubled up to half a minute, and begin anew", () => {
  const backOff = new BackOff();
  const pauses = Array.from({ length: 11 }, () => backOff.next());
  assert.deepEqual(pauses.slice(0, 3), [100, 200, 400]);
  assert.deepEqual(pauses.slice(8), [25_600, 30_000, 30_000]);
  backOff.reset();
  assert.equal(backOff.next(), 100);
});

test("the leash kills the process groups that it still holds, and removes its folder", async () => {
  await using folder = await temporaryFolder();
  const own = join(folder.path, "own");
  await mkdir(own);
  const leash = await Leash.start(own, () => {});
  const start = () =>
    startProgram({ path: "/bin/sleep", args: ["1000"], environment: {} }, {
      output: () => {},
      errors: () => {},
    });
  const [held, released] = [await start(), await start()];
  for (const { pid } of [held, released]) leash.hold(pid);
  leash.release(released.pid);
  await leash.close();
  assert.equal((await held.ended).signal, "SIGKILL");
  assert.equal(existsSync(own), false);
  assert.equal(isAlive(released.pid), true);
  process.kill(released.pid, "SIGKILL");
  await released.ended;
  for (const program of [held, released]) program.abandon();
});

test("a leash that is killed is made anew, and holds what it held", async () => {
  await using folder = await temporaryFolder();
  const lines: string[] = [];
  const keepers = () => processes().filter(({ parent }) => parent === process.pid);
  const before = keepers().map(({ pid }) => pid);
  const fresh = () => keepers().filter(({ pid, state }) => !before.includes(pid) && state !== "Z");
  const leash = await Leash.start(join(folder.path, "own"), (_, text) => lines.push(text));
  const [keeper] = fresh();
  const held = await startProgram({ path: "/bin/sleep", args: ["1000"], environment: {} }, {
    output: () => {},
    errors: () => {},
  });
  leash.hold(held.pid);
  process.kill(keeper!.pid, "SIGKILL");
  await until(
    () => lines.length === 1 && fresh().length === 2 && !isAlive(keeper!.pid),
    "another one",
  );
  await leash.close();
  assert.equal((await held.ended).signal, "SIGKILL");
  held.abandon();
});

test("the environment of this process can be read as a whole", () => {
  assert.equal(startingEnvironment()["PATH"], process.env["PATH"]);
});

test("the permission to start programs can be given up, where the runtime has permissions", async () => {
  const onBun = "bun" in process.versions;
  const module = JSON.stringify(join(PROJECT_ROOT, "src/runtime/mod.ts"));
  await using folder = await temporaryFolder();
  const script = join(folder.path, "script.ts");
  await writeFile(
    script,
    `import { giveUpStartingPrograms, startProgram } from ${module};
    const start = () => startProgram({ path: "/bin/true", args: [], environment: {} }, {
      output() {},
      errors() {},
    });
    console.log((await (await start()).ended).code);
    await giveUpStartingPrograms();
    console.log(await start().then(() => "started", (error) => error.code));`,
  );
  const permissions = ["--no-prompt", "--no-check", "--allow-run", "--allow-read", "--allow-env"];
  const flags = onBun ? [] : permissions;
  const result = await runProgram(process.execPath, ["run", ...flags, script]);
  assert.equal(result.stdout, `0\n${onBun ? "started" : "NOT_PERMITTED"}\n`, result.output);
});
