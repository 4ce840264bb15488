import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chmod, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { temporaryFolder } from "../support/mod.ts";
import type { FunctionSettings } from "../../src/work/settings.ts";
import {
  functionSettings,
  isAlive,
  outcomeOfJob,
  resultText,
  testJob,
  until,
  withRunner,
} from "./scene.ts";

function shell(line: string, changes: Partial<FunctionSettings> = {}): FunctionSettings {
  return functionSettings(["/bin/sh", "-c", line], changes);
}

test("a program gets its workload on standard input, and its output is the result", async () => {
  await withRunner(functionSettings(["cat"]), async (runner) => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
    const { result } = await outcomeOfJob(runner.run(testJob(bytes).job));
    assert.deepEqual(result, bytes);
    assert.equal(resultText(await outcomeOfJob(runner.run(testJob("").job))), "");
  });
});

test("a program gets its workload as a file that is gone afterwards", async () => {
  const settings = shell('cat "$GEARMAN_WORKLOAD_FILE"; echo; echo "$GEARMAN_WORKLOAD_FILE"', {
    workload: "file",
  });
  await withRunner(settings, async (runner) => {
    const text = resultText(await outcomeOfJob(runner.run(testJob("in a file").job)));
    const [content, path] = text.trimEnd().split("\n");
    assert.equal(content, "in a file");
    assert.throws(() => readFileSync(path!), { code: "ENOENT" });
  });
});

test("a program sees the facts of its job, its own variables, its folder, and nothing else", async () => {
  await using folder = await temporaryFolder();
  const settings = shell("env; pwd", { folder: folder.path, environment: { A: "1" } });
  await withRunner(settings, async (runner) => {
    const { job } = testJob();
    const lines = resultText(await outcomeOfJob(runner.run(job))).trimEnd().split("\n");
    assert.equal(lines.pop(), folder.path);
    const shells = ["PWD=", "_=", "SHLVL=", "OLDPWD="];
    assert.deepEqual(lines.filter((line) => !shells.some((own) => line.startsWith(own))).sort(), [
      "A=1",
      "GEARMAN_FUNCTION=test",
      `GEARMAN_HANDLE=${job.handle}`,
      "GEARMAN_UNIQUE=unique",
      "GEARMAN_WORKLOAD_BYTES=0",
    ]);
  });
});

test("lines on standard error are logged with the handle, or sent as warnings; progress is sent", async () => {
  const line = "echo one >&2; echo '@progress 3/10' >&2; printf two >&2";
  await withRunner(shell(line, { stderr: "warnings" }), async (runner, host) => {
    const { job, sent } = testJob();
    await outcomeOfJob(runner.run(job));
    assert.deepEqual(sent, ["29 one", "12 3 10", "29 two"]);
    assert.deepEqual(host.lines, [
      `NOTICE test ${job.handle}: one`,
      `NOTICE test ${job.handle}: two`,
    ]);
  });
  await withRunner(shell("seq 5 >&2", { maxLogLines: 2 }), async (runner, host) => {
    const { job, sent } = testJob();
    await outcomeOfJob(runner.run(job));
    assert.deepEqual(sent, []);
    assert.deepEqual(host.lines.map((each) => each.split(": ")[1]), [
      "1",
      "2",
      "3 more lines on standard error",
    ]);
  });
});

test("exit codes decide: 0 completes, others fail or are exceptions, some as they are listed", async () => {
  const settings = shell("echo partly; echo why >&2; exit $(cat)", {
    onError: "exception",
    exitCodes: new Map([[7, "complete"], [8, "fail"]]),
  });
  await withRunner(settings, async (runner) => {
    const ends: string[] = [];
    for (const code of ["0", "7", "8", "9"]) {
      const { end, result, text } = await outcomeOfJob(runner.run(testJob(code).job));
      ends.push(`${end} ${new TextDecoder().decode(result)}${text}`);
    }
    assert.deepEqual(ends, [
      "complete partly\n",
      "complete partly\n",
      "fail exit code 8\nwhy",
      "exception exit code 9\nwhy",
    ]);
  });
  await withRunner(shell("kill -9 $$"), async (runner) => {
    const { end, reason } = await outcomeOfJob(runner.run(testJob().job));
    assert.deepEqual([end, reason], ["fail", "ended by SIGKILL"]);
  });
});

test("a program that prints too much is killed", async () => {
  await withRunner(shell("echo $$; exec yes", { maxOutputBytes: 100_000 }), async (runner) => {
    const { end, reason } = await outcomeOfJob(runner.run(testJob().job));
    assert.deepEqual([end, reason], ["fail", "it wrote more than 100000 bytes"]);
  });
});

test("a program that hangs and ignores SIGTERM is killed with its children", async () => {
  await using folder = await temporaryFolder();
  const pids = join(folder.path, "pids");
  const line = `trap '' TERM; sleep 1000 & echo $$ $! > ${pids}; while :; do wait; done`;
  await withRunner(shell(line, { timeoutMs: 4000, killGraceMs: 200 }), async (runner) => {
    const { end, reason } = await outcomeOfJob(runner.run(testJob().job));
    assert.deepEqual([end, reason], ["fail", "not done in 4000 ms"]);
    const [program, child] = readFileSync(pids, "utf8").trim().split(" ").map(Number);
    await until(() => !isAlive(program!) && !isAlive(child!), "both to be gone");
  });
});

test("what a program leaves behind is killed, also when it holds the output open", async () => {
  await withRunner(shell("sleep 1000 & echo $!"), async (runner) => {
    const pid = Number(resultText(await outcomeOfJob(runner.run(testJob().job))));
    await until(() => !isAlive(pid), "the child to be gone");
  });
  // One that left the process group is not, but nobody waits for it.
  await using folder = await temporaryFolder();
  const file = join(folder.path, "pid");
  const leaves = `setsid sh -c 'echo $$ > ${file}; exec sleep 1000' &
    until [ -s ${file} ]; do sleep 0.05; done; cat ${file}`;
  await withRunner(shell(leaves), async (runner) => {
    const pid = Number(resultText(await outcomeOfJob(runner.run(testJob().job))));
    assert.equal(isAlive(pid), true);
    process.kill(pid, "SIGKILL");
  });
});

test("a program that does not read its workload is no failure", async () => {
  await withRunner(functionSettings(["true"]), async (runner) => {
    const workload = new Uint8Array(1_000_000);
    assert.equal((await outcomeOfJob(runner.run(testJob(workload).job))).end, "complete");
  });
});

test("a job that is taken away stops its program", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "pid");
  await withRunner(shell(`echo $$ > ${file}; exec sleep 1000`), async (runner) => {
    const { job, abort } = testJob();
    const result = runner.run(job);
    const pid = () => {
      try {
        return Number(readFileSync(file, "utf8"));
      } catch {
        return 0;
      }
    };
    await until(() => pid() > 0, "the program to run");
    abort.abort();
    assert.equal(await result, "given up");
    await until(() => !isAlive(pid()), "the program to be gone");
  });
});

test("a program that cannot be started fails no job: the function is suspended until it can", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "program");
  await withRunner(functionSettings([path]), async (runner, host) => {
    assert.equal(host.suspended, true);
    assert.match(host.lines[0]!, /^ERROR test: Cannot start ".*program": there is no such file/);
    await writeFile(`${path}.new`, "#!/bin/sh\necho here\n");
    await chmod(`${path}.new`, 0o755);
    await rename(`${path}.new`, path);
    await until(() => !host.suspended, "the function to be offered again");
    assert.equal(resultText(await outcomeOfJob(runner.run(testJob().job))), "here\n");
    // It goes away while the function is offered: the job goes back.
    await rename(path, `${path}.away`);
    const late = testJob();
    host.aborts.add(late.abort);
    assert.equal(await runner.run(late.job), "given up");
    assert.equal(host.suspended, true);
    await rename(`${path}.away`, path);
    await until(() => !host.suspended, "the function to be offered again");
  });
});

test("a program whose interpreter is missing suspends the function, too", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "program");
  await writeFile(path, "#!/no/such/interpreter\n", { mode: 0o755 });
  await withRunner(functionSettings([path]), async (runner, host) => {
    const { job, abort } = testJob();
    host.aborts.add(abort);
    assert.equal(await runner.run(job), "given up");
    assert.equal(host.suspended, true);
  });
});

test("a job that was held back when its runner is retired has not begun", async () => {
  await using folder = await temporaryFolder();
  await withRunner(functionSettings([join(folder.path, "nothing")]), async (runner) => {
    const result = runner.run(testJob().job);
    await runner.retire();
    assert.equal(await result, "not begun");
  });
});
