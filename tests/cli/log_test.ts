import assert from "node:assert/strict";
import {
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Log, type LogOptions } from "../../src/cli/log.ts";
import { PidFile } from "../../src/cli/pid_file.ts";
import { ServiceNotifier } from "../../src/cli/service_notifier.ts";
import { SystemLog } from "../../src/cli/system_log.ts";
import { temporaryFolder } from "../support/mod.ts";
import { DatagramReceiver } from "./datagram_receiver.ts";

/** 2024-02-03 04:05:06.789 in this machine's time zone. */
const NOW = new Date(2024, 1, 3, 4, 5, 6, 789).getTime();

function logTo(path: string, options: Partial<LogOptions> = {}): Log {
  return new Log({
    destination: { kind: "file", path },
    verbosity: "INFO",
    complain: (text) => assert.fail(text),
    now: () => NOW,
    ...options,
  });
}

test("lines have gearmand's form", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const log = logTo(path);
  log.log("INFO", "Starting up");
  log.log("WARNING", "größer");
  log.log("DEBUG", "not shown");
  log.close();
  assert.equal(
    readFileSync(path, "utf8"),
    "   INFO 2024-02-03 04:05:06.000000 [  main ] Starting up\n" +
      "WARNING 2024-02-03 04:05:06.000000 [  main ] größer\n",
  );
  assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask());
});

test("only a log that shows DEBUG has fractions of a second", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const log = logTo(path, { verbosity: "DEBUG" });
  log.log("ERROR", "x");
  log.close();
  assert.equal(readFileSync(path, "utf8"), "  ERROR 2024-02-03 04:05:06.789000 [  main ] x\n");
});

test("the verbosity decides what is shown, an announcement always is", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const log = logTo(path, { verbosity: "CRITICAL" });
  const levels = ["FATAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"] as const;
  assert.deepEqual(levels.filter((level) => log.enabled(level)), ["FATAL"]);
  log.log("ERROR", "hidden");
  log.announce("listening");
  log.close();
  assert.equal(
    readFileSync(path, "utf8"),
    " NOTICE 2024-02-03 04:05:06.000000 [  main ] listening\n",
  );
});

test("a name from a client cannot forge a line", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const log = logTo(path);
  log.log("NOTICE", "accepted,a\nFATAL\r\x1b[2J\0\x85\u2028,\\x41");
  log.close();
  assert.equal(
    readFileSync(path, "utf8").slice(46 - 1),
    "accepted,a\\x0aFATAL\\x0d\\x1b[2J\\x00\\x85\\u2028,\\x41\n",
  );
});

test("reopening follows the name, as log rotation needs it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  const log = logTo(path);
  log.log("INFO", "one");
  renameSync(path, `${path}.1`);
  log.log("INFO", "two");
  log.reopen();
  log.log("INFO", "three");
  log.close();
  const words = (name: string) =>
    readFileSync(name, "utf8").trim().split("\n").map((line) => line.split(" ").at(-1));
  assert.deepEqual([words(`${path}.1`), words(path)], [["one", "two"], ["three"]]);
});

test("a log that cannot be reopened goes on in the old file", async () => {
  await using folder = await temporaryFolder();
  await using other = await temporaryFolder();
  const path = join(other.path, "log");
  const log = logTo(path);
  const moved = join(folder.path, "moved");
  renameSync(other.path, moved);
  log.reopen();
  log.log("INFO", "still here");
  log.close();
  assert.match(
    readFileSync(join(moved, "log"), "utf8"),
    /Cannot reopen log file .*\n.*still here\n$/,
  );
});

test("a log file that cannot be opened is complained about, and stderr takes its place", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "missing", "log");
  const complaints: string[] = [];
  const log = logTo(path, { complain: (text) => complaints.push(text) });
  assert.equal(log.onStderr, true);
  assert.equal(complaints.length, 1);
  assert.ok(
    complaints[0]!.startsWith(
      `Could not open log file "${path}", from "${process.cwd()}", switching to stderr. (ENOENT`,
    ),
  );
  log.close();
});

test("a log to none writes nothing", () => {
  const log = logTo("", { destination: { kind: "none" } });
  log.log("FATAL", "unseen");
  log.reopen();
  assert.equal(log.onStderr, false);
  log.close();
});

test("lines that a full disk does not take are counted", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  symlinkSync("/dev/full", path);
  const log = logTo(path);
  log.log("INFO", "lost");
  log.log("INFO", "lost, too");
  unlinkSync(path);
  log.reopen();
  log.log("INFO", "kept");
  log.log("INFO", "kept, too");
  log.close();
  log.log("INFO", "after the end");
  assert.deepEqual(readFileSync(path, "utf8").split("\n").map((line) => line.slice(45)), [
    "2 log lines could not be written",
    "kept",
    "kept, too",
    "",
  ]);
});

test("the system log gets lines with priority, time and process", async () => {
  await using receiver = await DatagramReceiver.open();
  const systemLog = new SystemLog(123, receiver.path, () => NOW);
  const log = logTo("", { destination: { kind: "none" }, systemLog });
  log.log("WARNING", "two\nlines");
  log.log("DEBUG", "not shown");
  log.log("INFO", "done");
  assert.equal(await receiver.next(), "<12>Feb  3 04:05:06 cogd[123]: WARNING two\\x0alines");
  assert.equal(await receiver.next(), "<14>Feb  3 04:05:06 cogd[123]:    INFO done");
  log.close();
});

test("the service manager is told when it asks for it, by path or abstract name", async () => {
  const logged: string[] = [];
  const log = { log: (_level: string, text: string) => logged.push(text), enabled: () => true };
  new ServiceNotifier({}, log).ready("nobody listens");
  for (const abstract of [false, true]) {
    await using receiver = await DatagramReceiver.open(abstract);
    const notifier = new ServiceNotifier({ NOTIFY_SOCKET: receiver.path }, log);
    notifier.ready("up");
    notifier.stopping();
    assert.deepEqual([await receiver.next(), await receiver.next()], [
      "READY=1\nSTATUS=up",
      "STOPPING=1",
    ]);
  }
  assert.deepEqual(logged, []);
  new ServiceNotifier({ NOTIFY_SOCKET: "/nonexistent" }, log).stopping();
  new ServiceNotifier({ NOTIFY_SOCKET: `/${"x".repeat(200)}` }, log).stopping();
  assert.match(logged.join("\n"), /^Cannot notify .*\/nonexistent\nCannot notify .* too long$/);
});

test("the service manager gets signs of life when it asks this process for them", async () => {
  const log = { log: (_level: string, text: string) => assert.fail(text), enabled: () => true };
  await using receiver = await DatagramReceiver.open();
  const asked = { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: "200000" };
  const unanswered = [
    { ...asked, WATCHDOG_PID: "1" },
    { ...asked, WATCHDOG_USEC: "0" },
    { ...asked, WATCHDOG_USEC: "often" },
    { ...asked, WATCHDOG_USEC: "999999999999999" },
    { NOTIFY_SOCKET: receiver.path },
    { WATCHDOG_USEC: "200000" },
  ];
  const silent = unanswered.map((environment) => new ServiceNotifier(environment, log).watch());
  for (const WATCHDOG_PID of [String(process.pid), ""]) {
    const notifier = new ServiceNotifier({ ...asked, WATCHDOG_PID }, log);
    notifier.ready("up");
    const unwatch = notifier.watch();
    assert.equal(await receiver.next(), "READY=1\nSTATUS=up");
    assert.equal(await receiver.next(), "WATCHDOG=1");
    assert.equal(await receiver.next(), "WATCHDOG=1");
    unwatch();
    notifier.stopping();
    // What was on its way when it ended comes first.
    while (await receiver.next() !== "STOPPING=1");
  }
  for (const unwatch of silent) unwatch();
});

test("a pid file replaces an older one, and a link is not followed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "pid");
  const target = join(folder.path, "target");
  writeFileSync(target, "precious");
  symlinkSync(target, path);
  const file = PidFile.create(path, 42);
  assert.equal(readFileSync(path, "utf8"), "42\n");
  assert.equal(readFileSync(target, "utf8"), "precious");
  assert.equal(statSync(path).mode & 0o777, 0o644 & ~process.umask());
  file.remove();
  assert.throws(() => statSync(path), { code: "ENOENT" });
  file.remove();
});

test("a pid file that another server wrote meanwhile stays", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "pid");
  const first = PidFile.create(path, 1);
  PidFile.create(path, 2);
  first.remove();
  assert.equal(readFileSync(path, "utf8"), "2\n");
});

test("a pid file that cannot be written is an error that names it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "missing", "pid");
  assert.throws(() => PidFile.create(path, 1), {
    code: "PID_FILE",
    message: /^Cannot write pid file ".*missing\/pid": ENOENT/,
  });
  assert.throws(() => PidFile.create(folder.path, 1), { code: "PID_FILE" });
});
