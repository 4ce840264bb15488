import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { GearmanClient, textCodec } from "../../src/client/mod.ts";
import {
  COGD_BINARIES,
  cogdCommand,
  deadline,
  flavourMissing,
  programMissing,
  PROJECT_ROOT,
  type RunningCogd,
  runProgram,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import {
  LONG_MS,
  POOL_WORKER,
  programsOf,
  startWork,
  survivors,
  until,
  zombiesOf,
} from "../work/mod.ts";

function clientOf(server: RunningCogd): GearmanClient<string> {
  return new GearmanClient({ servers: [`127.0.0.1:${server.port}`], codec: textCodec });
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);
  const work = (args: readonly string[], env = {}) => {
    const { command, args: first } = cogdCommand(flavour);
    return runProgram(command, [...first, "work", ...args], { env, timeoutMs: LONG_MS });
  };

  test(`${flavour}: a command line without a file makes programs workers`, { skip }, async () => {
    await using server = await startCogd({ flavour, args: ["--queue-type=memory"] });
    const worker = await startWork(flavour, [
      ...["-h", "127.0.0.1", "-p", `${server.port}`],
      ...["--function", "reverse", "--command", "rev"],
      ...["--function", "fail", "--command", "echo why >&2; exit 3"],
    ], { SECRET: "must not be seen" });
    using client = clientOf(server);
    assert.equal(await client.do("reverse", "hello"), "olleh");
    await assert.rejects(client.do("fail", "").result, { code: "JOB_FAILED" });
    await worker.waitForLog(/WARNING .* fail H:\S+: failed: exit code 3/);
    await worker.waitForLog(/NOTICE .* fail H:\S+: why/);
    assert.deepEqual(zombiesOf(worker.pid), []);
    assert.deepEqual(await worker.stop(), { code: 0, signal: null });
  });

  test(`${flavour}: programs see the variables that the file names, and their pool`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    await using server = await startCogd({ flavour, args: ["--queue-type=memory"] });
    const file = join(folder.path, "work.toml");
    await writeFile(
      file,
      `servers = ["127.0.0.1:${server.port}"]
      [functions.show]
      command = "env"
      shell = true
      pass_environment = ["PASSED"]
      environment = { OWN = "mine" }
      [functions.reverse]
      command = ["perl", "${POOL_WORKER}"]
      mode = "pool"
      min_processes = 1
      `,
    );
    const env = { PASSED: "given", SECRET: "must not be seen", COGD_MYSQL_PASSWORD: "secret" };
    const check = await work(["--config", file, "--check"], env);
    assert.equal(check.code, 0, check.output);
    assert.match(check.stdout, /^reverse: perl \S+; pool of 1 to 1 processes; no time limit$/m);
    const worker = await startWork(flavour, ["--config", file], env);
    using client = clientOf(server);
    const seen = await client.do("show", "");
    assert.match(seen, /^PASSED=given$/m);
    assert.match(seen, /^OWN=mine$/m);
    assert.match(seen, /^GEARMAN_FUNCTION=show$/m);
    assert.match(seen, /^PATH=/m);
    assert.doesNotMatch(seen, /SECRET|secret/);
    assert.equal(await client.do("reverse", "pool"), "loop");
    const programs = programsOf(worker);
    assert.equal(programs.length, 1);
    assert.deepEqual(await worker.stop(), { code: 0, signal: null });
    await until(() => survivors(programs).length === 0, "its programs to end");
  });

  test(`${flavour}: a wrong file is told with lines and fields`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "work.toml");
    await writeFile(file, '[functions.a]\ncommand = ["x"]\n\nmax_proceses = 3\ntimeout = "soon"\n');
    const result = await work(["--config", file]);
    assert.equal(result.code, 1);
    assert.deepEqual(result.stderr.trimEnd().split("\n"), [
      `cogd work: ${file}:4: functions.a.max_proceses: there is no such field; did you mean ` +
      "max_processes?",
      `cogd work: ${file}:5: functions.a.timeout: cannot use "soon": expected a duration as 500ms, ` +
      "30s, 5m, 2h",
    ]);
    await writeFile(file, '[functions.a]\ncommand = ["/no/such/program"]\n');
    const missing = await work(["--config", file, "--check"]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /a: Cannot start "\/no\/such\/program": there is no such file/);
    for (const args of [[], ["--function", "a"], ["-c", file, "--port", "1"], ["-c", "/no/file"]]) {
      const wrong = await work(args);
      assert.equal(wrong.code, 1, wrong.output);
      assert.match(wrong.stderr, /^cogd work: Cannot /);
    }
  });

  test(`${flavour}: SIGHUP and a changed file replace functions, jobs that run end as they began`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    await using server = await startCogd({ flavour, args: ["--queue-type=memory"] });
    const file = join(folder.path, "work.toml");
    const gate = join(folder.path, "gate");
    const write = (version: number, more = "") =>
      writeFile(
        file,
        `servers = ["127.0.0.1:${server.port}"]
        watch = true
        [functions.version]
        command = "w=$(cat); [ $w = now ] || until [ -e ${gate} ]; do sleep 0.05; done; echo ${version}"
        shell = true
        max_processes = 2
        ${more}`,
      );
    await write(1);
    const worker = await startWork(flavour, ["--config", file]);
    using client = clientOf(server);
    const held = client.do("version", "held");
    assert.equal(await client.do("version", "now"), "1\n");
    await write(2, '[functions.new]\ncommand = ["cat"]\n');
    worker.signal("SIGHUP");
    await worker.waitForLog("Configuration read: changed: version; added: new");
    assert.equal(await client.do("version", "now"), "2\n");
    assert.equal(await client.do("new", "x"), "x");
    const before = worker.stderr.length;
    await writeFile(file, "this is [ no TOML");
    await worker.waitForLog("The configuration stays as it was", { after: before, ms: LONG_MS });
    assert.equal(await client.do("version", "now"), "2\n");
    await write(3);
    await worker.waitForLog("changed: version; removed: new", { after: before, ms: LONG_MS });
    assert.equal(await client.do("version", "now"), "3\n");
    await writeFile(gate, "");
    assert.equal(await held, "1\n");
    assert.deepEqual(await worker.stop(), { code: 0, signal: null });
  });

  test(`${flavour}: stopping finishes what runs; a second signal ends it at once`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    await using server = await startCogd({ flavour, args: ["--queue-type=memory"] });
    const gate = join(folder.path, "gate");
    const options = ["-p", `${server.port}`, "--processes", "2", "--function", "held", "--command"];
    using client = clientOf(server);
    const patient = await startWork(flavour, [
      ...options,
      `until [ -e ${gate} ]; do sleep 0.05; done; cat`,
    ]);
    const first = client.do("held", "in peace");
    await until(() => programsOf(patient).length === 1, "the job to run");
    patient.signal("SIGTERM");
    await patient.waitForLog("SIGTERM, finishing what runs");
    await writeFile(gate, "");
    assert.equal(await first, "in peace");
    assert.deepEqual((await deadline(patient.exited, LONG_MS, "its end")).code, 0);

    const hurried = await startWork(flavour, [...options, "trap '' TERM; sleep 1000 & wait"]);
    const second = client.do("held", "for another one");
    await until(() => programsOf(hurried).length === 1, "the job to run");
    const programs = programsOf(hurried);
    hurried.signal("SIGTERM");
    await hurried.waitForLog("SIGTERM, finishing what runs");
    hurried.signal("SIGINT");
    assert.deepEqual((await deadline(hurried.exited, LONG_MS, "its end")).code, 0);
    await until(() => survivors(programs).length === 0, "its programs to end");
    const other = await startWork(flavour, [...options, "cat"]);
    assert.equal(await second, "for another one");
    await other.stop();
  });

  test(`${flavour}: in the background, with a pid file and a log`, { skip }, async () => {
    await using folder = await temporaryFolder();
    await using server = await startCogd({ flavour, args: ["--queue-type=memory"] });
    const [log, pidFile] = [join(folder.path, "log"), join(folder.path, "pid")];
    const args = ["-p", `${server.port}`, "--function", "reverse", "--command", "rev"];
    assert.match((await work([...args, "--daemon"])).stderr, /without --log-file/);
    const started = await work([...args, "-d", "-P", pidFile, "-l", log]);
    assert.equal(started.code, 0, started.output);
    const pid = Number(readFileSync(pidFile, "utf8"));
    using client = clientOf(server);
    assert.equal(await client.do("reverse", "abc"), "cba");
    assert.match(readFileSync(log, "utf8"), /working for 127\.0\.0\.1:\d+: reverse/);
    process.kill(pid, "SIGTERM");
    await until(() => !existsSync(pidFile) && survivors([pid]).length === 0, "its end");
  });

  // Bun has no permissions that could be given up.
  if (flavour === "bun-binary") continue;
  test(`${flavour}: the job server itself has given up starting programs`, { skip }, async () => {
    const { command, args } = cogdCommand(flavour);
    const plugin = join(PROJECT_ROOT, "tests/testdata/plugins/spawning_store.js");
    await using folder = await temporaryFolder();
    const result = await runProgram(command, [
      ...args,
      ...["-p", "0", "-L", "127.0.0.1", "--no-http", "--data-dir", folder.path],
      ...["--queue-plugin", plugin, "-q", "spawning"],
    ], { timeoutMs: LONG_MS });
    assert.equal(result.code, 1, result.output);
    assert.match(result.stderr, /starting a program: NotCapable/);
  });
}

test("systemd finds no fault with the unit", {
  skip: programMissing("systemd-analyze"),
}, async () => {
  const unit = readFileSync(join(PROJECT_ROOT, "scripts/service/cogd-work@.service"), "utf8");
  await using folder = await temporaryFolder();
  const path = join(folder.path, "cogd-work@shop.service");
  // The executable of a machine where cogd is not installed.
  await writeFile(path, unit.replaceAll("/usr/local/bin/cogd", "/bin/true"));
  const result = await runProgram("systemd-analyze", ["--man=no", "verify", path]);
  assert.deepEqual([result.code, result.output], [0, ""]);
});
