import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import { patientListen } from "../../src/cli/bind_retry.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { type ServeConfig, serveConfig, type Surroundings } from "../../src/cli/config.ts";
import { groupText } from "../../src/cli/server_help.ts";
import { portNumber, resolveListenAddresses } from "../../src/cli/listen_addresses.ts";
import type { Logger } from "../../src/cli/log.ts";
import { allOptions } from "../../src/cli/options.ts";
import { startLine } from "../../src/cli/start_line.ts";
import { VERSION, versionText } from "../../src/cli/version.ts";
import { DEFAULT_LIMITS } from "../../src/core/mod.ts";
import {
  ALL_ADDRESSES,
  type Listen,
  ListenError,
  type ListenOptions,
} from "../../src/runtime/mod.ts";

const PLUGINS = [memoryPlugin, sqlitePlugin];

function configFor(words: readonly string[], around: Partial<Surroundings> = {}): ServeConfig {
  const values = readCommandLine(words, PLUGINS, []);
  const surroundings = { environment: {}, hostname: "host", isRoot: true, ...around };
  return serveConfig(values, PLUGINS, surroundings);
}

test("without options it is gearmand with a queue on disk", () => {
  const { queue, http, ...config } = configFor([]);
  assert.deepEqual(config, {
    listenOn: [],
    port: "4730",
    backlog: 1024,
    keepAlive: { enabled: true, idleSeconds: 60, intervalSeconds: 10, probes: 5 },
    limits: DEFAULT_LIMITS,
    wakeUps: "one per job",
    maxAttempts: -1,
    exceptions: false,
    handlePrefix: "H:host",
    dataDir: "/var/lib/cogd",
    usesDataDir: true,
    log: { destination: { kind: "stderr" }, verbosity: "ERROR", syslog: false },
    pidFile: undefined,
    user: undefined,
    daemon: false,
    openFiles: undefined,
    tls: undefined,
  });
  assert.equal(queue.plugin.name, "sqlite");
  assert.deepEqual([...queue.values], []);
  assert.deepEqual([http?.listenOn, http?.port, http?.wanted], [["127.0.0.1"], "8080", false]);
});

test("options reach the configuration", () => {
  const { queue, http: _, log, limits, keepAlive, ...config } = configFor([
    ..."-b 7 -L a -L b -p gearman -w 3 -j 9 --exceptions --job-handle-prefix P -P pid -u ann".split(
      " ",
    ),
    ..."-f 100 -q LIBSQLITE3 --libsqlite3-db db --namespace n --data-dir /d -l file".split(" "),
    ..."--verbose DEBUG --syslog --max-packet 1K --send-buffer 2K --max-connections 4".split(" "),
    ..."--store-wait 5 --keepalive-idle -1 --keepalive-interval 6 --mysql-host other".split(" "),
  ]);
  assert.deepEqual(config, {
    listenOn: ["a", "b"],
    port: "gearman",
    backlog: 7,
    wakeUps: 3,
    maxAttempts: 9,
    exceptions: true,
    handlePrefix: "P",
    dataDir: "/d",
    usesDataDir: true,
    pidFile: "pid",
    user: "ann",
    daemon: false,
    openFiles: 100n,
    tls: undefined,
  });
  assert.deepEqual(log, {
    destination: { kind: "file", path: "file" },
    verbosity: "DEBUG",
    syslog: true,
  });
  assert.deepEqual([queue.plugin.name, queue.namespace], ["sqlite", "n"]);
  assert.deepEqual([...queue.values], [["libsqlite3-db", "db"]]);
  const { maxPacketBytes, maxSendBytes, maxConnections, storeWaitMs } = limits;
  assert.deepEqual([maxPacketBytes, maxSendBytes, maxConnections, storeWaitMs], [
    1024,
    2048,
    4,
    5000,
  ]);
  assert.deepEqual(keepAlive, {
    enabled: true,
    idleSeconds: undefined,
    intervalSeconds: 6,
    probes: 5,
  });
});

test("a negative backlog is as long as the system allows", () => {
  assert.deepEqual([configFor(["-b", "-5"]).backlog, configFor(["-b0"]).backlog], [65535, 0]);
});

test("the data folder is the service's, root's or the user's", () => {
  const folder = (isRoot: boolean, environment: Record<string, string>) =>
    configFor([], { isRoot, environment }).dataDir;
  const home = { HOME: "/h" };
  assert.equal(folder(true, home), "/var/lib/cogd");
  assert.equal(folder(true, { STATE_DIRECTORY: "/var/lib/x:/y" }), "/var/lib/x");
  assert.equal(folder(false, home), "/h/.local/state/cogd");
  assert.equal(folder(false, { ...home, XDG_STATE_HOME: "/s" }), "/s/cogd");
  assert.equal(folder(false, {}), "/var/lib/cogd");
});

test("a queue in memory needs no data folder, except for the log of a background process", () => {
  const needed = (...words: string[]) => configFor(["-q", "builtin", ...words]).usesDataDir;
  assert.deepEqual([needed(), needed("-d"), needed("-dl", "/var/log/x")], [false, true, false]);
});

test("in the background the log lies in the data folder unless a file is named", () => {
  assert.deepEqual(configFor(["-d"]).log.destination, {
    kind: "file",
    path: "/var/lib/cogd/cogd.log",
  });
  assert.deepEqual(configFor(["-dl", "none"]).log.destination, { kind: "none" });
  assert.deepEqual(configFor(["-l", "stderr"]).log.destination, { kind: "stderr" });
});

test("GEARMAND_PORT replaces 4730 only", () => {
  const environment = { GEARMAND_PORT: "4999" };
  const portFor = (...words: string[]) => configFor(words, { environment }).port;
  assert.deepEqual([portFor(), portFor("-p4730"), portFor("-p5"), portFor("-p", "")], [
    "4999",
    "4999",
    "5",
    "4730",
  ]);
});

test("what this version cannot do is refused, in gearmand's words where it has them", () => {
  assert.throws(() => configFor(["-r", "foo"]), { message: "Unknown protocol module : foo" });
  for (const type of ["MySQL", "postgres", "Redis", "libmemcached", "libdrizzle"]) {
    assert.throws(() => configFor(["-q", type]), {
      code: "NOT_AVAILABLE",
      message: `Error while initializing the queue : ${type} ` +
        "(not built into this version; there are: memory, sqlite)",
    });
  }
  assert.throws(() => configFor(["-q", "libpq"]), {
    code: "INVALID_ARGUMENT",
    message: /^Error while initializing the queue : libpq \(no such queue type/,
  });
  assert.equal(configFor(["-q", "builtin", "--mysql-host", "a"]).queue.plugin.name, "memory");
});

test("a handle prefix leaves room for the number", () => {
  assert.equal(configFor(["--job-handle-prefix", "x".repeat(46)]).handlePrefix.length, 46);
  assert.throws(() => configFor(["--job-handle-prefix", "é".repeat(24)]), {
    message: /longer than 46 bytes$/,
  });
  assert.equal(configFor([], { hostname: "h".repeat(64) }).handlePrefix, `H:${"h".repeat(44)}`);
});

test("ports are numbers or services", () => {
  const services = "# x 1/tcp\nfoo 17/udp\nfoo 18/tcp bar baz # c\n";
  const number = (text: string) => portNumber(text, () => services);
  assert.deepEqual(["0", "65535", "foo", "baz", "gearman"].map(number), [0, 65535, 18, 18, 4730]);
  for (const wrong of ["65536", "-5", "=5", "abc", "x", ""]) {
    assert.throws(() => number(wrong), { code: "ADDRESS" });
  }
});

test("names to listen on become addresses, each once", async () => {
  const resolve = async (...names: string[]) =>
    (await resolveListenAddresses(names, "5")).map(({ hostname }) => hostname);
  assert.deepEqual(await resolve(), [ALL_ADDRESSES]);
  assert.deepEqual(await resolve("127.0.0.1", "127.0.0.1", "::1"), ["127.0.0.1", "::1"]);
  assert.deepEqual(await resolve("0.0.0.0"), ["0.0.0.0"]);
  assert.deepEqual(await resolve("0.0.0.0", "::"), [ALL_ADDRESSES]);
  assert.ok((await resolve("localhost")).includes("127.0.0.1"));
  await assert.rejects(resolve("nothing.invalid"), { code: "ADDRESS" });
});

const NOWHERE = { hostname: "::", port: 5, backlog: 1, keepAlive: { enabled: true } };
const NOBODY = { connection: () => assert.fail(), acceptFailed() {}, acceptResumed() {} };

/** A `Listen` that fails with these codes one after the other, then works. */
function failing(codes: ("ADDRESS_IN_USE" | "SOCKET_FAILED")[], seen: ListenOptions[]): Listen {
  return (options) => {
    seen.push(options);
    const code = codes.shift();
    return code === undefined
      ? Promise.resolve({ address: options, close: () => Promise.resolve() })
      : Promise.reject(new ListenError(code, code));
  };
}

function patient(codes: ("ADDRESS_IN_USE" | "SOCKET_FAILED")[]) {
  const seen: ListenOptions[] = [];
  const slept: number[] = [];
  const logged: string[] = [];
  const log: Logger = { log: (level) => logged.push(level), enabled: () => true };
  const sleep = (ms: number) => {
    slept.push(ms);
    return Promise.resolve();
  };
  return { listen: patientListen(failing(codes, seen), { log, sleep }), seen, slept, logged };
}

test("an address in use is tried again for 22 seconds", async () => {
  const soon = patient(["ADDRESS_IN_USE", "ADDRESS_IN_USE"]);
  assert.equal((await soon.listen(NOWHERE, NOBODY)).address.port, 5);
  assert.deepEqual(soon.slept, [1000, 2000]);
  const never = patient(Array(6).fill("ADDRESS_IN_USE"));
  await assert.rejects(never.listen(NOWHERE, NOBODY), { code: "ADDRESS_IN_USE" });
  assert.deepEqual(never.slept, [1000, 2000, 4000, 6000, 9000]);
  assert.deepEqual(never.logged, ["ERROR", "DEBUG", "DEBUG", "DEBUG", "DEBUG"]);
});

test("other failures to listen count at once", async () => {
  const broken = patient(["SOCKET_FAILED"]);
  await assert.rejects(broken.listen(NOWHERE, NOBODY), { code: "SOCKET_FAILED" });
  assert.deepEqual(broken.slept, []);
});

test("the start line says where it listens and what it promises", () => {
  const addresses = [{ hostname: "0.0.0.0", port: 1 }, { hostname: "::1", port: 2 }];
  const store = { description: "sqlite /q.db", durability: "power-loss" } as const;
  const promise = "queue sqlite /q.db: acknowledged background jobs survive power loss";
  assert.equal(
    startLine(addresses, [], store),
    `cogd ${VERSION} listening on 0.0.0.0:1, [::1]:2; ${promise}`,
  );
  assert.equal(
    startLine(addresses, [{ hostname: "::1", port: 3 }], store),
    `cogd ${VERSION} listening on 0.0.0.0:1, [::1]:2, http://[::1]:3; ${promise}`,
  );
});

test("the help of all groups shows every option once", () => {
  const specs = allOptions(PLUGINS);
  const text = groupText(specs, "all")!;
  for (const { name, hidden } of specs) {
    const shown = text.split("\n").filter((line) =>
      new RegExp(`--${name}(?![-\\w])`).test(line.slice(0, 32))
    );
    assert.equal(shown.length, hidden === true ? 0 : 1, name);
  }
  assert.equal(new Set(specs.map(({ name }) => name)).size, specs.length);
});

test("the version is printed in gearmand's form", () => {
  assert.match(versionText(), new RegExp(`^\ncogd ${VERSION} - .+\n$`));
});
