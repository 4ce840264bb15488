import assert from "node:assert/strict";
import { test } from "node:test";
import type { Runner } from "../../src/work/runner.ts";
import type { FunctionSettings } from "../../src/work/settings.ts";
import {
  functionSettings,
  isAlive,
  LONG_MS,
  outcomeOfJob,
  POOL_WORKER,
  resultText,
  testJob,
  until,
  withRunner,
} from "./scene.ts";
import { deadline } from "../support/mod.ts";

function pool(changes: Partial<FunctionSettings> = {}, ...args: string[]): FunctionSettings {
  return functionSettings(["perl", POOL_WORKER, ...args], { mode: "pool", most: 2, ...changes });
}

test("processes of a pool do one job after the other", async () => {
  await withRunner(pool({ most: 1 }), async (runner) => {
    const pids = new Set<string>();
    for (let round = 0; round < 20; round++) {
      pids.add(resultText(await outcomeOfJob(runner.run(testJob("pid").job))));
    }
    assert.equal(pids.size, 1);
    const bytes = Uint8Array.from({ length: 200_000 }, (_, at) => at % 251);
    const { result } = await outcomeOfJob(runner.run(testJob(bytes).job));
    assert.deepEqual(result, bytes.reverse());
  });
});

test("there are at least as many processes as are kept ready, and never more than the most", async () => {
  await withRunner(pool({ least: 1, most: 3 }), async (runner, host) => {
    await until(() => host.budget.used === 1, "the first process");
    const results = Array.from({ length: 30 }, () => outcomeOfJob(runner.run(testJob("pid").job)));
    assert.ok(host.budget.used <= 3);
    const pids = new Set((await Promise.all(results)).map(resultText));
    assert.ok(pids.size >= 1 && pids.size <= 3, `${pids.size} processes`);
    assert.ok(host.budget.used <= 3);
  });
});

test("idle processes beyond those that are kept ready end after a while", async () => {
  await withRunner(pool({ least: 1, most: 3, idleMs: 50 }), async (runner, host) => {
    await Promise.all(
      ["a", "b", "c"].map((text) => outcomeOfJob(runner.run(testJob(text).job))),
    );
    await until(() => host.budget.used === 1, "all but one to end");
  });
});

test("status, data and warnings of a process reach its client; failures have their words", async () => {
  await withRunner(pool(), async (runner) => {
    const { job, sent } = testJob("report");
    assert.equal(resultText(await outcomeOfJob(runner.run(job))), "troper");
    assert.deepEqual(sent, ["12 1 2", "28 piece", "29 careful"]);
    for (const end of ["fail", "exception"]) {
      const outcome = await outcomeOfJob(runner.run(testJob(end).job));
      assert.deepEqual([outcome.end, outcome.text], [end, "no such order"]);
    }
  });
});

test("a process that dies fails its job, and the next job gets another one", async () => {
  await withRunner(pool({ most: 1, onError: "exception" }), async (runner, host) => {
    const before = resultText(await outcomeOfJob(runner.run(testJob("pid").job)));
    const died = await outcomeOfJob(runner.run(testJob("die").job));
    assert.deepEqual(
      [died.end, died.text],
      ["exception", "its process died: exit code 3\nlast words"],
    );
    const after = resultText(await outcomeOfJob(runner.run(testJob("pid").job)));
    assert.notEqual(after, before);
    assert.equal(host.suspended, false);
  });
});

test("a process that hangs is killed after the time-out, though it ignores SIGTERM", async () => {
  await withRunner(pool({ most: 1, timeoutMs: 4000, killGraceMs: 100 }), async (runner) => {
    const pid = Number(resultText(await outcomeOfJob(runner.run(testJob("pid").job))));
    const { end, reason } = await outcomeOfJob(runner.run(testJob("hang").job));
    assert.deepEqual([end, reason], ["fail", "not done in 4000 ms"]);
    await until(() => !isAlive(pid), "the process to be gone");
  });
});

test("a process that says what is no reply, or too much, is stopped", async () => {
  await withRunner(pool({ most: 1, maxOutputBytes: 1000 }), async (runner) => {
    const babble = await outcomeOfJob(runner.run(testJob("babble").job));
    assert.match(babble.reason, /^it wrote a line that is no JSON object: hello$/);
    const flood = await outcomeOfJob(runner.run(testJob("flood").job));
    assert.match(flood.reason, /^it wrote more than 1000 bytes/);
    assert.equal(resultText(await outcomeOfJob(runner.run(testJob("ok").job))), "ko");
  });
});

test("processes are replaced after their jobs, by their age, and by their memory", async () => {
  const pidOf = async (runner: Runner) =>
    resultText(await outcomeOfJob(runner.run(testJob("pid").job)));
  await withRunner(pool({ most: 1, jobsPerProcess: 2 }), async (runner) => {
    const pids = [];
    for (let round = 0; round < 6; round++) pids.push(await pidOf(runner));
    assert.equal(new Set(pids).size, 3);
  });
  await withRunner(pool({ most: 1, lifetimeMs: 1 }), async (runner) => {
    // A job may take less than that.
    const first = await pidOf(runner);
    await until(async () => await pidOf(runner) !== first, "another process");
  });
  await withRunner(pool({ most: 1, memoryLimitBytes: 30_000_000 }), async (runner) => {
    const before = [await pidOf(runner), await pidOf(runner)];
    assert.equal(new Set(before).size, 1);
    await outcomeOfJob(runner.run(testJob("grow").job));
    assert.notEqual(await pidOf(runner), before[0]);
  });
});

for (
  const [mode, reason] of [
    ["broken", /before it was ready, exit code 2: cannot find my library; trying again in/],
    ["silent", /before it was ready, .*: not ready in 300 ms; trying again in/],
    ["weary", /process \d+ ended, exit code 0; trying again in/],
  ] as const
) {
  test(`a pool whose programs are ${mode} gives its jobs back and tries again later`, async () => {
    const startTimeoutMs = mode === "silent" ? 300 : LONG_MS;
    const settings = pool({ least: 1, most: 1, startTimeoutMs, killGraceMs: 100 }, mode);
    await withRunner(settings, async (runner, host) => {
      const { job, abort } = testJob("x");
      host.aborts.add(abort);
      const result = runner.run(job);
      await until(() => host.lines.filter((line) => reason.test(line)).length >= 3, "three tries");
      if (mode !== "weary") {
        assert.equal(await deadline(result, LONG_MS, "the job to be given back"), "given up");
      }
      const pauses = host.lines.map((line) => Number(/again in ([\d.]+) s/.exec(line)?.[1]))
        .filter((pause) => pause > 0).slice(0, 3);
      assert.deepEqual(pauses, [0.1, 0.2, 0.4]);
    });
  });
}

test("a retired pool finishes its jobs and leaves those that wait to the next one", async () => {
  await withRunner(pool({ most: 1 }), async (runner) => {
    await outcomeOfJob(runner.run(testJob("warm").job));
    const running = runner.run(testJob("first").job);
    const waiting = runner.run(testJob("second").job);
    const retired = runner.retire();
    assert.equal(resultText(await outcomeOfJob(running)), "tsrif");
    assert.equal(await waiting, "not begun");
    await deadline(retired, LONG_MS, "the pool to end");
  });
});
