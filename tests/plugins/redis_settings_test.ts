/** What the options of the Redis store mean, and which make no sense. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { KeySpace } from "../../plugins/redis/key_space.ts";
import { failureOf } from "../../plugins/redis/faults.ts";
import { type RedisSettings, redisSettings } from "../../plugins/redis/settings.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { temporaryFolder } from "../support/mod.ts";

function settingsOf(values: Readonly<Record<string, string>>, namespace = ""): RedisSettings {
  return redisSettings({ values: new Map(Object.entries(values)), dataDir: "" }, namespace);
}

function essence({ address, place }: RedisSettings) {
  const { host, port, path, user, password, database } = address;
  return { host, port, path, user, password, database, place };
}

/** The text of the refusal; it must hold no password. */
function refusal(values: Readonly<Record<string, string>>): string {
  let text = "";
  assert.throws(() => settingsOf(values), (error) => {
    assert(error instanceof StoreError);
    assert.equal(error.code, "INVALID_OPTION");
    assert(!error.message.includes("s3cret"), error.message);
    text = error.message;
    return true;
  });
  return text;
}

test("gearmand's options name server, password and prefix", () => {
  const settings = settingsOf({
    "redis-server": "cache.example",
    "redis-port": "6380",
    "redis-password": "s3cret",
    "redis-prefix": "größe",
    "redis-user": "u",
    "redis-database": "3",
  });
  assert.deepEqual(essence(settings), {
    host: "cache.example",
    port: 6380,
    path: "",
    user: "u",
    password: "s3cret",
    database: 3,
    place: "redis cache.example:6380 database 3",
  });
  assert.equal(settings.prefix, "gr\xc3\xb6\xc3\x9fe");
  const least = settingsOf({});
  assert.deepEqual(essence(least), {
    host: "127.0.0.1",
    port: 6379,
    path: "",
    user: "",
    password: "",
    database: 0,
    place: "redis 127.0.0.1:6379",
  });
  assert.deepEqual([least.prefix, least.address.tls], ["_gear_", null]);
});

test("a URL says all at once, and options go before it", () => {
  const url = "rediss://us%40er:s3%3Acret@[::1]:6390/2";
  assert.deepEqual(essence(settingsOf({ "redis-url": url }, "nä\n")), {
    host: "::1",
    port: 6390,
    path: "",
    user: "us@er",
    password: "s3:cret",
    database: 2,
    place: 'redis [::1]:6390 database 2 namespace "n%C3%A4\\n"',
  });
  assert.deepEqual(settingsOf({ "redis-url": url }).address.tls, {});
  const named = settingsOf({ "redis-url": "rediss://cache.example", "redis-port": "1" });
  assert.deepEqual(named.address.tls, { servername: "cache.example" });
  assert.deepEqual([named.address.host, named.address.port], ["cache.example", 1]);
  const only = settingsOf({ "redis-url": "redis://:s3cret@h", "redis-user": "u" });
  assert.deepEqual([only.address.user, only.address.password], ["u", "s3cret"]);
});

test("a server that begins with a slash is a socket file", () => {
  const { address, place } = settingsOf({ "redis-server": "/run/redis/redis.sock" });
  assert.equal(address.path, "/run/redis/redis.sock");
  assert.equal(place, "redis /run/redis/redis.sock");
  assert.match(refusal({ "redis-server": "/s", "redis-tls": "" }), /needs no TLS/);
});

test("the password comes from the option, a file, the URL or the environment, in this order", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "password");
  writeFileSync(file, "from file\nsecond line\n");
  const url = "redis://:from-url@h";
  const passwordOf = (values: Readonly<Record<string, string>>) =>
    settingsOf(values).address.password;
  process.env["COGD_REDIS_PASSWORD"] = "from environment";
  try {
    const all = { "redis-url": url, "redis-password-file": file, "redis-password": "option" };
    assert.equal(passwordOf(all), "option");
    assert.equal(passwordOf({ "redis-url": url, "redis-password-file": file }), "from file");
    assert.equal(passwordOf({ "redis-url": url }), "from-url");
    assert.equal(passwordOf({}), "from environment");
  } finally {
    delete process.env["COGD_REDIS_PASSWORD"];
  }
  assert.match(
    refusal({ "redis-password-file": join(folder.path, "none") }),
    /^Cannot read --redis-password-file ".*none": /,
  );
});

test("what makes no sense is refused, and no secret is repeated", async () => {
  for (const port of ["0", "65536", "x", "-1", "1.5"]) {
    assert.match(refusal({ "redis-port": port }), /is not a number from 1 to 65535/);
  }
  assert.match(refusal({ "redis-database": "x" }), /^Cannot use --redis-database/);
  const urls: readonly [string, RegExp][] = [
    ["no url s3cret", /it is no URL/],
    ["http://u:s3cret@h", /it begins with http:/],
    ["redis://u:s3cret@h/jobs", /must be a number/],
    ["redis://u:s3cret@h/0?x=1", /parts that are not known/],
    ["redis://u:s3%cret@h", /%/],
    ["redis:s3cret", /names no host/],
  ];
  for (const [url, why] of urls) assert.match(refusal({ "redis-url": url }), why);
  await using folder = await temporaryFolder();
  const file = join(folder.path, "cert.pem");
  writeFileSync(file, "x");
  assert.match(refusal({ "redis-tls-cert": file }), /a certificate and its key go together/);
  assert.match(refusal({ "redis-tls-key": file }), /a certificate and its key go together/);
  assert.match(refusal({ "redis-tls-ca": `${file}.none` }), /^Cannot read --redis-tls-ca/);
  const { tls } = settingsOf({ "redis-tls-cert": file, "redis-tls-key": file }).address;
  assert.deepEqual(String(tls?.cert), "x");
});

test("queues with other prefixes or namespaces have other keys, whatever their names hold", () => {
  const names = ["", "a", "A", "a:", ":a", "a%", "a%3A", "%3A", "a:b", "a b", "*", "\xff", "\n"];
  const bases = names.flatMap((prefix) =>
    names.map((namespace) => new KeySpace(prefix, namespace).base)
  );
  assert.equal(new Set(bases).size, names.length ** 2);
  for (const base of bases) assert.match(base, /^cogd:[A-Za-z0-9_.%-]*:[A-Za-z0-9_.%-]*:$/);
  assert.equal(new KeySpace("_gear_", "").base, "cogd:_gear_::");
});

test("errors of Redis are understood, also as Redis 6 wraps those of scripts", () => {
  const codes: readonly [string, string, boolean][] = [
    ["OOM command not allowed when used memory > 'maxmemory'.", "FULL", false],
    [
      "ERR Error running script (call to f_ab): @user_script:3: @user_script: 3: -OOM command not " +
      "allowed when used memory > 'maxmemory'.",
      "FULL",
      false,
    ],
    ["READONLY You can't write against a read only replica.", "AWAY", true],
    [
      "ERR Error running script (call to f_ab): @user_script:3: -READONLY You can't write against",
      "AWAY",
      true,
    ],
    ["MISCONF Errors writing to the AOF file: No space left on device", "READ_ONLY", false],
    ["LOADING Redis is loading the dataset in memory", "AWAY", false],
    ["NOAUTH Authentication required.", "AWAY", true],
    ["WRONGPASS invalid username-password pair or user is disabled.", "AWAY", true],
    ["NOPERM this user has no permissions to run the 'eval' command", "AWAY", true],
    [
      "ERR The user executing the script can't run this command or subcommand script: ab",
      "AWAY",
      true,
    ],
    [
      "ERR ACL failure in script: User u has no permissions to run the 'hset' command script: ab",
      "AWAY",
      true,
    ],
    ["MOVED 3999 127.0.0.1:6381", "AWAY", true],
    ["NOREPLICAS Not enough good replicas to write.", "AWAY", false],
    ["BUSY Redis is busy running a script.", "AWAY", false],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "DAMAGED", false],
    ["ERR something else", "FAILED", false],
    ["Socket closed unexpectedly", "AWAY", true],
    ["The client is closed", "AWAY", true],
    ["connect ECONNREFUSED 127.0.0.1:1", "AWAY", true],
  ];
  for (const [message, code, lost] of codes) {
    const failure = failureOf(new Error(message));
    assert.deepEqual([failure.code, failure.lost], [code, lost], message);
    assert(failure.text.length > 0);
  }
});
