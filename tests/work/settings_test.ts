import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { childEnvironment } from "../../src/work/child_environment.ts";
import { programPath } from "../../src/work/program_path.ts";
import { FUNCTION_DEFAULTS } from "../../src/work/read_function.ts";
import { readSettings, simpleSettings } from "../../src/work/read_settings.ts";
import { WorkSettingsError } from "../../src/work/settings.ts";
import { durationMs, sizeBytes } from "../../src/work/units.ts";
import { makeCertificates, temporaryFolder } from "../support/mod.ts";
import { functionSettings } from "./scene.ts";

const OWN = { PATH: "/bin", HOME: "/nowhere", TOKEN: "t", OTHER: "o" };

function problemsOf(text: string): readonly string[] {
  try {
    readSettings(text, "w.toml", OWN);
  } catch (error) {
    assert.ok(error instanceof WorkSettingsError, String(error));
    return error.problems;
  }
  return [];
}

test("a small file stands on defaults", () => {
  const settings = readSettings('[functions.a]\ncommand = ["rev"]\n', "w.toml", OWN);
  assert.deepEqual(settings, {
    servers: ["127.0.0.1:4730"],
    tls: undefined,
    stopGraceMs: 30_000,
    watch: false,
    functions: [{
      ...FUNCTION_DEFAULTS,
      name: "a",
      command: ["rev"],
      environment: { PATH: "/bin", HOME: "/nowhere" },
    }],
  });
});

test("every field is read, defaults hold for functions that do not say otherwise", () => {
  const settings = readSettings(
    `servers = ["one", "two:1", "[::1]:2", "one:4730"]
    stop_grace = 5
    watch = true
    [defaults]
    timeout = "1.5s"
    stderr = "warnings"
    max_processes = 3
    environment = { A = "1", B = 2 }
    exit_codes = { 1 = "exception" }
    [functions."a b"]
    command = ["x", "", "y"]
    mode = "pool"
    min_processes = 2
    jobs_per_process = 10
    lifetime = "30d"
    memory_limit = "64M"
    idle_timeout = "1m"
    start_timeout = "2s"
    kill_grace = "100ms"
    max_output = "1K"
    max_log_lines = 0
    on_error = "exception"
    folder = "/tmp"
    pass_environment = ["TOKEN", "MISSING"]
    [functions."a b".environment]
    B = "own"
    [functions."a b".exit_codes]
    75 = "fail"
    [functions.b]
    command = "rev | tac"
    shell = true
    workload = "file"
    stderr = "none"
    `,
    "w.toml",
    OWN,
  );
  const base = { PATH: "/bin", HOME: "/nowhere", A: "1", B: "2" };
  assert.deepEqual(settings.servers, ["one:4730", "two:1", "[::1]:2"]);
  assert.deepEqual([settings.stopGraceMs, settings.watch], [5000, true]);
  assert.deepEqual(settings.functions, [{
    ...FUNCTION_DEFAULTS,
    name: "a b",
    command: ["x", "", "y"],
    mode: "pool",
    most: 3,
    least: 2,
    folder: "/tmp",
    environment: { ...base, B: "own", TOKEN: "t" },
    timeoutMs: 1500,
    killGraceMs: 100,
    maxOutputBytes: 1024,
    maxLogLines: 0,
    stderr: "warnings",
    onError: "exception",
    exitCodes: new Map([[1, "exception"], [75, "fail"]]),
    jobsPerProcess: 10,
    lifetimeMs: 30 * 86_400_000,
    memoryLimitBytes: 64 * 2 ** 20,
    idleMs: 60_000,
    startTimeoutMs: 2000,
  }, {
    ...FUNCTION_DEFAULTS,
    name: "b",
    command: ["/bin/sh", "-c", "rev | tac"],
    most: 3,
    environment: base,
    workload: "file",
    timeoutMs: 1500,
    stderr: "none",
    exitCodes: new Map([[1, "exception"]]),
  }]);
});

for (
  const [fault, expected] of [
    ["a = [1,\n2\nb = 3", "w.toml:3: expected comma or end of structure (column 1)"],
    ["", "w.toml: functions: there is no [functions.NAME]"],
    ["[functions.a]\nmax_processes = 1", "w.toml:1: functions.a: it needs a command"],
    [
      "servers = [4730]\n[functions.a]\ncommand = ['x']",
      'w.toml:1: servers: cannot use [4730]: expected a list as ["host:4730"]',
    ],
    [
      "servers = ['a:b:c']\n[functions.a]\ncommand = ['x']",
      'w.toml:1: servers: Cannot use server address "a:b:c": it is not host, host:port or [v6]:port',
    ],
    [
      "server = 1\n[functions.a]\ncommand = ['x']",
      "w.toml:1: server: there is no such field; did you mean servers?",
    ],
    [
      "[functions.a]\ncommand = 'x y'",
      'w.toml:2: functions.a.command: cannot use "x y": expected a list of words as ["php", ' +
      '"worker.php"]; a text needs shell = true',
    ],
    [
      "[functions.a]\nshell = true\ncommand = ['x']",
      'w.toml:3: functions.a.command: cannot use ["x"]: expected a text for the shell, as shell = ' +
      "true is set",
    ],
    [
      "[functions.a]\ncommand = ['x']\nlifetime = 5",
      'w.toml:3: functions.a.lifetime: it is for mode = "pool" only',
    ],
    [
      "[functions.a]\ncommand = ['x']\nmode = 'pool'\nmin_processes = 2",
      "w.toml:4: functions.a.min_processes: it is more than max_processes, 1",
    ],
    [
      "[functions.a]\ncommand = ['x']\nexit_codes.300 = 'fail'",
      "w.toml:3: functions.a.exit_codes.300: codes are 0 to 255",
    ],
    [
      "[functions.a]\ncommand = ['x']\n[functions.a.environment]\n'A B' = 'x'",
      "w.toml:4: functions.a.environment.A B: it is no name of a variable",
    ],
    [
      "[functions.a]\ncommand = ['x']\ntimeout = '99999h'",
      'w.toml:3: functions.a.timeout: cannot use "99999h": expected a duration as 500ms, 30s, 5m, 2h',
    ],
    [
      "[functions]\na = 3",
      "w.toml:2: functions.a: it must be a table|w.toml:2: functions.a: it needs a command",
    ],
  ] as const
) {
  test(`a mistake is told with its line and field: ${expected.split("|")[0]}`, () => {
    assert.deepEqual(problemsOf(fault), expected.split("|"));
  });
}

test("all mistakes are told, in the order of their lines", () => {
  const problems = problemsOf(
    "[functions.b]\ncommand = ['x']\nmode = 'fast'\n[functions.a]\nmax_output = -1\n",
  );
  assert.deepEqual(problems.map((text) => text.split(": ").slice(0, 2).join(": ")), [
    "w.toml:3: functions.b.mode",
    "w.toml:4: functions.a",
    "w.toml:5: functions.a.max_output",
  ]);
});

test("a command line without a file makes commands for the shell", () => {
  const settings = simpleSettings(
    ["host:1"],
    [{ name: "a", command: "rev" }],
    { processes: 4, timeout: "2s" },
    OWN,
  );
  const [only] = settings.functions;
  assert.deepEqual(settings.servers, ["host:1"]);
  assert.deepEqual([only?.command, only?.most, only?.timeoutMs], [
    ["/bin/sh", "-c", "rev"],
    4,
    2000,
  ]);
  assert.throws(
    () => simpleSettings([], [{ name: "a", command: "rev" }], { timeout: "soon" }, OWN),
    /^WorkSettingsError: timeout: cannot use "soon"/,
  );
});

test("durations and sizes have units", () => {
  const durations = ["500ms", "1.5s", "5m", "2h", "7d", 3, 0.25, "5", "-1s", -1, true, "1y"];
  assert.deepEqual(durations.map(durationMs), [
    ...[500, 1500, 300_000, 7_200_000, 604_800_000, 3000, 250],
    ...[undefined, undefined, undefined, undefined, undefined],
  ]);
  assert.deepEqual(["1K", "2M", "1G", 5, "5", -1, 1.5].map(sizeBytes), [
    ...[1024, 2 ** 21, 2 ** 30, 5],
    ...[undefined, undefined, undefined],
  ]);
});

test("programs get the usual variables, those that are named, and always a search path", () => {
  assert.deepEqual(childEnvironment(OWN, ["TOKEN"]), {
    PATH: "/bin",
    HOME: "/nowhere",
    TOKEN: "t",
  });
  assert.deepEqual(Object.keys(childEnvironment({}, [])), ["PATH"]);
});

test("a program is looked for as a shell would, with the function's own path and folder", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "bin"));
  const file = join(folder.path, "bin", "program");
  await writeFile(file, "", { mode: 0o755 });
  await writeFile(join(folder.path, "text"), "", { mode: 0o644 });
  const place = { folder: folder.path, environment: { PATH: "/nowhere:bin" } };
  const pathOf = (command: string) => programPath(functionSettings([command], place));
  assert.equal(pathOf("program"), file);
  assert.equal(pathOf("./bin/program"), file);
  assert.equal(pathOf(file), file);
  assert.throws(() => pathOf("rev"), { code: "NOT_FOUND" });
  assert.throws(() => pathOf("./nothing"), { code: "NOT_FOUND" });
  assert.throws(() => pathOf("./bin"), { code: "NOT_FOUND" });
  assert.throws(() => pathOf("./text"), { code: "NOT_PERMITTED" });
  const missing = functionSettings(["/bin/sh"], { folder: join(folder.path, "missing") });
  assert.throws(() => programPath(missing), { code: "NOT_FOUND" });
});

test("TLS is on or off, or a table of files; those of the environment stand in", async () => {
  await using certificates = await makeCertificates();
  const { ca, otherCa, client } = certificates;
  const own = {
    GEARMAND_CA_CERTIFICATE: otherCa.cert,
    GEARMAN_CLIENT_PEM: client.cert,
    GEARMAN_CLIENT_KEY: client.key,
  };
  const tlsOf = (text: string, environment: Readonly<Record<string, string>> = {}) =>
    readSettings(`${text}\n[functions.a]\ncommand = ["rev"]\n`, "w.toml", environment).tls;
  const read = (path: string) => readFileSync(path, "utf8");
  assert.equal(tlsOf("tls = false", own), undefined);
  assert.deepEqual(tlsOf("tls = true"), {});
  const shown = { certificate: read(client.cert), key: read(client.key) };
  assert.deepEqual(tlsOf("tls = true", own), { ca: read(otherCa.cert), ...shown });
  assert.deepEqual(tlsOf(`[tls]\nca = "${ca.cert}"\nserver_name = "queue"`, own), {
    ca: read(ca.cert),
    ...shown,
    serverName: "queue",
  });
  const named =
    `tls = { certificate = "${certificates.server.cert}", key = "${certificates.server.key}" }`;
  assert.equal(tlsOf(named, own)?.key, read(certificates.server.key));
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["tls = 1", /w.toml:1: tls: cannot use 1: expected true, false or a table/],
    ["[tls]\ncertificat = 'x'", /w.toml:2: tls.certificat: .* did you mean certificate/],
    ["[tls]\nca = '/no/such/file'", /w.toml:1: tls: Cannot read "\/no\/such\/file"/],
    [`[tls]\nca = "${ca.key}"`, /tls: Cannot use these TLS options: ca has no certificate/],
    [`[tls]\nkey = "${ca.key}"`, /tls: .* go together/],
    [`[tls]\nserver_name = "::1"`, /tls: .* is not a name/],
  ];
  for (const [text, message] of wrong) assert.throws(() => tlsOf(text), message);
});
