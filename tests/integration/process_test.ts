import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  binaryPath,
  COGD_BINARIES,
  flavourMissing,
  freePort,
  runProgram,
  ServerProcess,
  startCogd,
  temporaryFolder,
  waitForExit,
  WireClient,
} from "../support/mod.ts";
import { until } from "./servers.ts";

/** The executables as processes: signals, files, exit codes (command line section 4). */

const STOPPED = { code: 0, signal: null };

/** A worker that runs the only job of function `f`, and that job's client. */
async function runningJob(port: number) {
  const worker = await WireClient.connect(port);
  const client = await WireClient.connect(port);
  worker.send("CAN_DO", { args: ["f"] });
  const job = { args: ["f", "unique"], data: "x" };
  const handle = (await client.ask("SUBMIT_JOB", job, "JOB_CREATED")).args[0]!;
  await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
  return { worker, client, handle };
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);
  // The flavours with an executable are the binaries.
  const program = binaryPath(flavour as "deno-binary" | "bun-binary");

  test(`${flavour}: SIGTERM and SIGINT end it at once, with jobs, and remove the pid file`, {
    skip,
  }, async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using folder = await temporaryFolder();
      const pidFile = join(folder.path, "cogd.pid");
      await using cogd = await startCogd({ flavour, args: ["-P", pidFile, "--verbose", "INFO"] });
      assert.equal(await readFile(pidFile, "utf8"), `${cogd.pid}\n`);
      const { worker, client } = await runningJob(cogd.port);
      cogd.process.signal(signal);
      assert.deepEqual(await waitForExit(cogd), STOPPED);
      assert.equal((await client.readToEnd()).length, 0);
      assert.equal((await worker.readToEnd()).length, 0);
      assert.match(cogd.process.stderr, /INFO .*Shutdown complete\n$/);
      assert.equal(existsSync(pidFile), false);
      await Promise.all([worker.close(), client.close()]);
    }
  });

  test(`${flavour}: SIGUSR1 closes the port, lets running jobs end, then ends it`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour });
    const { worker, client, handle } = await runningJob(cogd.port);
    cogd.process.signal("SIGUSR1");
    await until("the port to be closed", async () => {
      try {
        await (await WireClient.connect(cogd.port)).close();
        return undefined;
      } catch (error) {
        return (error as { code?: string }).code === "ECONNREFUSED" ? true : undefined;
      }
    });
    // Those who are connected keep full service, new jobs included.
    await client.expectSilence();
    const second = { args: ["f", "second"], data: "y" };
    const queued = (await client.ask("SUBMIT_JOB", second, "JOB_CREATED")).args[0]!;
    worker.send("WORK_COMPLETE", { args: [handle], data: "first" });
    assert.deepEqual((await client.expect("WORK_COMPLETE")).args, [handle]);
    assert.deepEqual((await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN")).args, [queued, "f"]);
    assert.equal(cogd.process.running, true);
    worker.send("WORK_COMPLETE", { args: [queued], data: "second" });
    assert.deepEqual((await client.expect("WORK_COMPLETE")).args, [queued]);
    assert.deepEqual(await waitForExit(cogd), STOPPED);
    await Promise.all([worker.close(), client.close()]);
  });

  test(`${flavour}: SIGUSR1 ends an idle server at once; a stored job does not hold it`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour });
    await using client = await WireClient.connect(cogd.port);
    await client.ask("SUBMIT_JOB_BG", { args: ["f", "u"], data: "x" }, "JOB_CREATED");
    cogd.process.signal("SIGUSR1");
    assert.deepEqual(await waitForExit(cogd), STOPPED);
  });

  test(`${flavour}: SIGHUP opens the log file anew, also when it was moved away`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const log = join(folder.path, "cogd.log");
    await using cogd = await startCogd({ flavour, args: ["-l", log, "--verbose", "INFO"] });
    const old = `${log}.1`;
    await rename(log, old);
    cogd.process.signal("SIGHUP");
    await until("the new log file", async () => {
      await using connection = await WireClient.connect(cogd.port);
      await connection.expectSilence();
      return existsSync(log) ? true : undefined;
    });
    await using client = await WireClient.connect(cogd.port);
    await client.expectSilence();
    await cogd.stop();
    const [before, after] = await Promise.all([readFile(old, "utf8"), readFile(log, "utf8")]);
    assert.match(before, /Starting up with pid \d+, verbose is set to INFO\n/);
    assert.match(before, /cogd \S+ listening on 127\.0\.0\.1:\d+; queue sqlite/);
    assert.match(before, /SIGHUP, reopening log file\n$/);
    const line = / *INFO \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.0{6} \[ {2}main \] /.source;
    assert.match(after, new RegExp(`^${line}Accepted connection from 127\\.0\\.0\\.1:\\d+\n`, "m"));
    assert.match(after, new RegExp(`^${line}Shutdown complete\n$`, "m"));
  });

  test(`${flavour}: --daemon returns when it serves, in a session of its own`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const port = await freePort();
    const file = (name: string) => join(folder.path, name);
    const args = ["-d", "-P", file("pid"), "-l", file("log"), "--data-dir", folder.path];
    const where = ["-p", String(port), "-L", "127.0.0.1"];
    const parent = await runProgram(program, [...where, ...args], { cwd: folder.path });
    assert.deepEqual([parent.code, parent.output], [0, ""]);
    const pid = Number(await readFile(file("pid"), "utf8"));
    try {
      await using client = await WireClient.connect(port);
      client.sendText("getpid\n");
      assert.equal(await client.readLine(), `OK ${pid}\n`);
      // Behind the name in brackets: state, parent, process group, session.
      const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
      assert.equal(fields[3], String(pid));
      process.kill(pid, "SIGTERM");
      await client.waitForEnd();
      await until("the daemon to remove its pid file", async () => {
        await runProgram("true");
        return existsSync(file("pid")) ? undefined : true;
      });
    } finally {
      endIfRunning(pid);
    }
    assert.match(await readFile(file("log"), "utf8"), /listening on 127\.0\.0\.1/);
  });

  test(`${flavour}: --daemon says why it could not start, and ends with 1`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const args = ["-d", "-p", "0", "-L", "192.0.2.1", "--data-dir", folder.path];
    const result = await runProgram(program, args);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /cogd: Cannot listen on 192\.0\.2\.1:0: .*no such address/);
  });

  test(`${flavour}: a port in use is waited for, and taken when it is free`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const first = await startCogd({ flavour, port: await freePort() });
    const second = await ServerProcess.start(program, [
      `--port=${first.port}`,
      "--listen=127.0.0.1",
      "--no-http",
      `--data-dir=${folder.path}`,
    ]);
    try {
      await second.waitForLog(`Address 127.0.0.1:${first.port} is in use`);
      await first.stop();
      await second.waitForLog(`listening on 127.0.0.1:${first.port};`);
      await using client = await WireClient.connect(first.port);
      await client.expectSilence();
    } finally {
      await first.stop();
      assert.deepEqual(await second.stop(), STOPPED);
    }
  });

  test(`${flavour}: what is wrong with the command line is said, with exit code 1`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const own = ["--data-dir", folder.path, "-p", "0", "-L", "127.0.0.1"];
    const cases: readonly [string[], RegExp][] = [
      [["--queue-typ", "x"], /^cogd: unrecognised option '--queue-typ'.*--queue-type/],
      [["--verbose", "LOUD"], /^cogd: Invalid value for --verbose supplied/],
      [["-q", "tape"], /^cogd: .*tape/],
      [["-q", "libtokyocabinet"], /^cogd: .*libtokyocabinet/],
      [["-P", join(folder.path, "none", "pid")], /^cogd: Cannot write pid file/],
      [["-u", "no-such-user"], /^cogd: Could not find user : no-such-user|Must be root/],
      [["--config-file", join(folder.path, "none")], /^cogd: .*configuration file/],
      [["-j", "256"], /^cogd: job-retries must be/],
      [["word"], /^cogd: /],
    ];
    for (const [args, message] of cases) {
      const result = await runProgram(program, [...own, ...args]);
      assert.equal(result.code, 1, `${args.join(" ")}: ${result.output}`);
      assert.match(result.stderr, message);
      assert.equal(result.stdout, "");
    }
    for (const args of [["--check-args"], ["--version"], ["--help"]]) {
      const result = await runProgram(program, [...own, ...args]);
      assert.deepEqual([result.code, result.stderr], [0, ""], args.join(" "));
    }
  });

  test(`${flavour}: --user gives up the rights of root, also for new files`, {
    skip: skip || (process.getuid?.() === 0 ? false : "only root may change to another user"),
  }, async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o711);
    const dataDir = join(folder.path, "data");
    await using cogd = await startCogd({ flavour, dataDir, args: ["-u", "nobody"] });
    const status = await readFile(`/proc/${cogd.pid}/status`, "utf8");
    const ids = (await runProgram("id", ["-u", "nobody"])).stdout.trim();
    assert.match(status, new RegExp(`^Uid:\t${ids}\t${ids}\t${ids}\t${ids}$`, "m"));
    assert.match(status, /^Groups:[\t ]*$/m);
    assert.equal((await stat(join(cogd.dataDir, "queue.db"))).uid, Number(ids));
    await using client = await WireClient.connect(cogd.port);
    await client.ask("SUBMIT_JOB_BG", { args: ["f", "u"], data: "x" }, "JOB_CREATED");
  });
}

/** What a failed test left running. */
function endIfRunning(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}
