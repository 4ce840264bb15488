import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { VERSION } from "../../src/cli/mod.ts";
import { findUser } from "../../src/runtime/mod.ts";
import { deadline, freePort, PATIENCE_MS, temporaryFolder } from "../support/mod.ts";
import { DatagramReceiver } from "./datagram_receiver.ts";
import { LineClient, runSmallServer, StartedServer } from "./started_server.ts";

const NOT_ROOT = process.getuid?.() === 0 ? false : "only root may change to another user";

test("help, version and --check-args end with 0 and start nothing", async () => {
  const help = await runSmallServer(["-h"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^Usage: cogd/);
  const version = await runSmallServer(["--version"]);
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.match(version.stdout, new RegExp(`^\ncogd ${VERSION} - .*\n$`));
  const check = await runSmallServer(["--check-args", "-q", "nosuch", "-p", "nosuch", "-h"]);
  assert.deepEqual([check.code, check.stdout, check.stderr], [0, "", ""]);
});

test("a mistake on the command line is told on stderr, with exit code 1", async () => {
  const result = await runSmallServer(["--prot", "1"]);
  assert.deepEqual([result.code, result.stdout, result.stderr], [
    1,
    "",
    "cogd: unrecognised option '--prot' (did you mean '--port'?)\n",
  ]);
});

test("it logs its start, serves, and SIGTERM and SIGINT end it at once with 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, "new", "data");
    const pidFile = join(folder.path, "pid");
    const args = ["--data-dir", dataDir, "-P", pidFile, "--verbose=INFO"];
    await using server = await StartedServer.start(args);
    await using client = await server.connect();
    assert.equal(await client.ask("job"), "1");
    const { pid } = server.process;
    assert.equal(readFileSync(pidFile, "utf8"), `${pid}\n`);
    assert.equal(statSync(dataDir).mode & 0o777, 0o700);
    server.process.signal(signal);
    assert.deepEqual(await server.process.exited, { code: 0, signal: null });
    await client.closed();
    assert.equal(existsSync(pidFile), false);
    const texts = server.process.stderr.split("\n").map((line) => line.slice(45));
    assert.deepEqual(texts, [
      `Starting up with pid ${pid}, verbose is set to INFO`,
      `Listening on 127.0.0.1:${server.port}`,
      `cogd ${VERSION} listening on 127.0.0.1:${server.port}; queue small ${dataDir}: ` +
      "acknowledged background jobs survive a restart or a crash, but not a power loss",
      "3 jobs taken up from the queue",
      "Shutdown complete",
      "",
    ]);
  }
});

test("SIGUSR1 ends it when no job is left, SIGTERM sooner", async () => {
  await using folder = await temporaryFolder();
  const args = ["--data-dir", folder.path];
  await using first = await StartedServer.start(args);
  await using worker = await first.connect();
  await worker.ask("job");
  first.process.signal("SIGUSR1");
  await until(async () => !(await listens(first.port)), "the port to close");
  assert.equal(await worker.ask("job"), "2");
  assert.equal(await worker.ask("done"), "1");
  assert.equal(await worker.ask("done"), "0");
  assert.deepEqual(await ended(first), { code: 0, signal: null });

  await using idle = await StartedServer.start(args);
  idle.process.signal("SIGUSR1");
  assert.deepEqual(await ended(idle), { code: 0, signal: null });

  await using busy = await StartedServer.start(args);
  await using client = await busy.connect();
  await client.ask("job");
  busy.process.signal("SIGUSR1");
  await until(async () => !(await listens(busy.port)), "the port to close");
  busy.process.signal("SIGTERM");
  assert.deepEqual(await ended(busy), { code: 0, signal: null });
});

test("SIGHUP opens the log file anew; SIGPIPE changes nothing; SIGUSR2 kills", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "log");
  await using server = await StartedServer.start(
    ["--data-dir", folder.path, "-l", path, "--verbose", "NOTICE"],
  );
  await using client = await server.connect();
  renameSync(path, `${path}.1`);
  server.process.signal("SIGPIPE");
  server.process.signal("SIGHUP");
  await until(() => existsSync(path), "a new log file");
  await client.ask("log");
  assert.match(readFileSync(`${path}.1`, "utf8"), /SIGHUP, reopening log file\n$/);
  assert.match(readFileSync(path, "utf8"), /^ NOTICE [^[]*\[ {2}main \] asked to log\n$/);
  server.process.signal("SIGUSR2");
  assert.notEqual((await ended(server)).code, 0);
});

test("the start line is on stderr even when the log is elsewhere", async () => {
  await using folder = await temporaryFolder();
  for (const log of ["none", join(folder.path, "log")]) {
    await using server = await StartedServer.start(["--data-dir", folder.path, "-l", log]);
    assert.match(server.process.stderr, /^cogd \S+ listening on .*\n$/);
  }
  assert.match(readFileSync(join(folder.path, "log"), "utf8"), /^ NOTICE .* listening on .*\n$/);
});

test("a log file that cannot be opened does not stop the start", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "missing", "log");
  await using server = await StartedServer.start(["--data-dir", folder.path, "-l", path]);
  assert.match(server.process.stderr, /^cogd: Could not open log file .*switching to stderr\. \(/);
  assert.match(server.process.stderr, / NOTICE .* listening on /);
});

test("what prevents the start is told on stderr, with exit code 1", async () => {
  await using folder = await temporaryFolder();
  const here = ["-p0", "-L127.0.0.1", "--data-dir", folder.path];
  const failures: readonly (readonly [string[], RegExp])[] = [
    [
      ["--ssl", "--ssl-key=k", "--ssl-certificate", join(folder.path, "none.pem")],
      /^cogd: Cannot use .*none\.pem \(--ssl-certificate\) for TLS: there is no such file\n$/,
    ],
    [["-q", "MySQL"], /^cogd: Error while initializing the queue : MySQL \(not built into/],
    [["-u", "no-such-user"], /^cogd: Could not find user : no-such-user\n$/],
    [["-P", join(folder.path, "a", "b")], /^cogd: Cannot write pid file ".*\/a\/b": ENOENT/],
    [["--namespace=no-store"], /^cogd: Cannot open the queue: it is only a test\n$/],
  ];
  for (const [args, text] of failures) {
    if (args[0] === "-u" && NOT_ROOT !== false) continue;
    const result = await runSmallServer([...here, ...args]);
    assert.match(result.stderr, text);
    assert.deepEqual([result.code, result.stdout], [1, ""]);
  }
  const port = await runSmallServer(["-pnosuch", "--data-dir", folder.path]);
  assert.match(port.stderr, /^cogd: Cannot listen on port "nosuch"/);
  const replay = await runSmallServer([...here, "--namespace=no-replay", "-P", `${folder.path}/p`]);
  assert.match(replay.stderr, /\ncogd: Cannot read the queue: it is only a test\n$/);
  assert.equal(replay.code, 1);
  assert.equal(existsSync(`${folder.path}/p`), false);
  const lost = await runSmallServer([...here, "--namespace=lost"]);
  assert.match(
    lost.stderr,
    /\ncogd: Stopped: another server has this queue: it is only a test\n$/,
  );
  assert.equal(lost.code, 1);
});

test("a data folder that cannot be made explains a queue that cannot be opened", async () => {
  await using folder = await temporaryFolder();
  writeFileSync(join(folder.path, "file"), "");
  const dataDir = join(folder.path, "file", "data");
  const here = ["-p0", "-L127.0.0.1", "--data-dir", dataDir];
  const failed = await runSmallServer([...here, "--namespace=no-store"]);
  assert.match(failed.stderr, /^cogd: Cannot create data folder ".*": .*\ncogd: Cannot open the /);
  await using server = await StartedServer.start(["--data-dir", dataDir, "--verbose=WARNING"]);
  assert.match(server.process.stderr, /^WARNING .*Cannot create data folder/);
});

test("an error that nobody caught is logged and ends the server with 1", async () => {
  await using folder = await temporaryFolder();
  const pidFile = join(folder.path, "pid");
  const log = join(folder.path, "log");
  await using server = await StartedServer.start(
    ["--data-dir", folder.path, "-P", pidFile, "-l", log],
  );
  await using client = await server.connect();
  await client.ask("crash");
  assert.deepEqual(await ended(server), { code: 1, signal: null });
  assert.match(
    readFileSync(log, "utf8"),
    /FATAL .*Unexpected error, stopping: Error: nobody catch/,
  );
  assert.equal(existsSync(pidFile), false);
});

test("an address in use is waited for, and a stop ends the wait", async () => {
  await using folder = await temporaryFolder();
  const port = await freePort();
  const holder = createServer();
  holder.listen(port, "127.0.0.1");
  await once(holder, "listening");
  const args = [`--port=${port}`, "--listen=127.0.0.1", "--data-dir", folder.path];
  const patient = await StartedServer.launch(args);
  const impatient = await StartedServer.launch(args);
  try {
    await patient.waitForLog(`Address 127.0.0.1:${port} is in use; trying again in 1 s`);
    await impatient.waitForLog("is in use");
    impatient.signal("SIGTERM");
    assert.deepEqual(await impatient.exited, { code: 0, signal: null });
    holder.close();
    await patient.waitForLog(`listening on 127.0.0.1:${port}`);
    assert.deepEqual(await patient.stop(), { code: 0, signal: null });
  } finally {
    holder.close();
    await patient.kill9();
    await impatient.kill9();
  }
});

test("the service manager is told about start, life and stop", async () => {
  await using folder = await temporaryFolder();
  await using receiver = await DatagramReceiver.open();
  const env = { NOTIFY_SOCKET: receiver.path, WATCHDOG_USEC: "200000" };
  await using server = await StartedServer.start(["--data-dir", folder.path], env);
  assert.match(await receiver.next(), /^READY=1\nSTATUS=cogd \S+ listening on /);
  assert.equal(await receiver.next(), "WATCHDOG=1");
  server.process.signal("SIGTERM");
  let told = await receiver.next();
  while (told === "WATCHDOG=1") told = await receiver.next();
  assert.equal(told, "STOPPING=1");
  await ended(server);
});

test("--file-descriptors sets the limit, and one that is refused is an error", async () => {
  await using folder = await temporaryFolder();
  await using server = await StartedServer.start(["--data-dir", folder.path, "-f", "777"]);
  const limits = readFileSync(`/proc/${server.process.pid}/limits`, "utf8");
  assert.match(limits, /^Max open files +777 /m);
  const tooMany = await runSmallServer(["-p0", "--data-dir", folder.path, "-f", "-1"]);
  assert.match(tooMany.stderr, /^cogd: Failed to set limit for the number of file descriptors\./);
  assert.equal(tooMany.code, 1);
});

test("--user gives up root, its groups and the way back", { skip: NOT_ROOT }, async () => {
  await using folder = await temporaryFolder();
  chmodSync(folder.path, 0o777);
  const [dataDir, pidFile] = [join(folder.path, "data"), join(folder.path, "pid")];
  const args = ["--data-dir", dataDir, "-P", pidFile, "-u", "nobody", "-l", join(dataDir, "log")];
  await using server = await StartedServer.start(args);
  const nobody = findUser("nobody")!;
  const status = readFileSync(`/proc/${server.process.pid}/status`, "utf8");
  const ids = (id: number) => Array(4).fill(id).join("\t");
  assert.ok(status.includes(`\nUid:\t${ids(nobody.uid)}\n`), status);
  assert.ok(status.includes(`\nGid:\t${ids(nobody.gid)}\n`), status);
  assert.match(status, /\nGroups:\t *\n/);
  for (const path of [dataDir, pidFile, join(dataDir, "log")]) {
    assert.equal(statSync(path).uid, nobody.uid, path);
  }
  server.process.signal("SIGTERM");
  assert.deepEqual(await ended(server), { code: 0, signal: null });
  assert.equal(existsSync(pidFile), false);
});

test("--daemon returns when the server serves; it has a session of its own", async () => {
  await using folder = await temporaryFolder();
  const pidFile = join(folder.path, "pid");
  const args = ["-p0", "-L127.0.0.1", "--data-dir", folder.path, "-P", pidFile, "--verbose=INFO"];
  const result = await runSmallServer([...args, "-d"]);
  assert.deepEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  const pid = Number(readFileSync(pidFile, "utf8"));
  try {
    const log = readFileSync(join(folder.path, "cogd.log"), "utf8");
    const port = Number(/listening on 127\.0\.0\.1:(\d+)/.exec(log)![1]);
    await using client = await LineClient.connect(port);
    assert.equal(JSON.parse(await client.ask("config")).daemon, true);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, parent, , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    assert.deepEqual([stat.split(" ")[1], session], ["(cogd)", String(pid)]);
    assert.notEqual(parent, String(process.pid));
    process.kill(pid, "SIGTERM");
    await client.closed();
    await until(() => !existsSync(pidFile), "the pid file to go");
  } finally {
    if (existsSync(pidFile)) process.kill(pid, "SIGKILL");
  }
});

test("--daemon answers 1 with the reason when the server cannot start", async () => {
  await using folder = await temporaryFolder();
  mkdirSync(join(folder.path, "log"));
  const here = ["-d", "-p0", "-L127.0.0.1", "--data-dir", folder.path];
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["--namespace=no-store"], /^cogd: Cannot open the queue: it is only a test\n$/],
    [["--namespace=no-replay"], /^cogd: Cannot read the queue: it is only a test\n$/],
    [["-P", join(folder.path, "log")], /^cogd: Cannot write pid file ".*log": it is a folder\n$/],
    [["--port=5"], /^cogd: option '--port' cannot be specified more than once\n$/],
    [
      ["--namespace=no-store", "-l", join(folder.path, "log")],
      /^cogd: Could not open log file .*\ncogd: Cannot open the queue/,
    ],
  ];
  for (const [args, text] of cases) {
    const result = await runSmallServer([...here, ...args]);
    assert.match(result.stderr, text);
    assert.deepEqual([result.code, result.stdout], [1, ""]);
  }
});

function ended(server: StartedServer): Promise<{ code: number | null; signal: string | null }> {
  return deadline(
    server.process.exited,
    PATIENCE_MS,
    "the server to end",
    () => server.process.stderr,
  );
}

async function listens(port: number): Promise<boolean> {
  try {
    await using client = await LineClient.connect(port);
    return (await client.ask("anyone?")) !== "";
  } catch {
    return false;
  }
}

/** Asks again and again, a moment apart. For what nobody tells this process of. */
async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isTrue())) {
    assert.ok(Date.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
