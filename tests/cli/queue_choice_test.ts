/** `--queue URL` and what stands beside it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILT_IN_PLUGINS } from "../../plugins/mod.ts";
import { CliError } from "../../src/cli/cli_error.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { type QueueConfig, queueConfig } from "../../src/cli/queue_choice.ts";
import { secretParts, withoutSecrets } from "../../src/cli/secrets.ts";

const PLUGINS = await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load()));

function queueOf(...words: string[]): QueueConfig {
  return queueConfig(readCommandLine(words, PLUGINS, []), PLUGINS);
}

/** The plugin's name and the values it gets. */
function chosen(...words: string[]): unknown[] {
  const { plugin, values } = queueOf(...words);
  return [plugin.name, Object.fromEntries(values)];
}

function refusal(...words: string[]): string {
  try {
    queueOf(...words);
  } catch (error) {
    assert(error instanceof CliError, String(error));
    return error.message;
  }
  throw new Error(`not refused: ${words.join(" ")}`);
}

test("a URL chooses the queue and its options", () => {
  const mysql = "mysql://u:p@h:1/d";
  const cases: [string, string, Record<string, string>][] = [
    ["memory:", "memory", {}],
    ["sqlite:///var/q.db", "sqlite", { "libsqlite3-db": "/var/q.db" }],
    ["sqlite:a%20b.db", "sqlite", { "libsqlite3-db": "a b.db" }],
    ["sqlite:/q?table=t%25", "sqlite", { "libsqlite3-db": "/q", "libsqlite3-table": "t%" }],
    ["sqlite:", "sqlite", {}],
    [mysql, "mysql", { "mysql-url": mysql }],
    [`${mysql}?table=t&ssl-mode=required`, "mysql", {
      "mysql-url": `${mysql}?ssl-mode=required`,
      "mysql-table": "t",
    }],
    ["mariadb://h/d?prefix=x_", "mysql", { "mysql-url": "mariadb://h/d", "mysql-prefix": "x_" }],
    ["redis://h/1?prefix=p", "redis", { "redis-url": "redis://h/1", "redis-prefix": "p" }],
    ["REDISS://h", "redis", { "redis-url": "REDISS://h" }],
    ["postgres://h/d", "postgres", { "postgres-url": "postgres://h/d" }],
    ["postgresql://h/d?sslmode=require&table=t", "postgres", {
      "postgres-url": "postgresql://h/d?sslmode=require",
      "libpq-table": "t",
    }],
  ];
  for (const [url, name, values] of cases) assert.deepEqual(chosen("--queue", url), [name, values]);
});

test("options that a URL cannot say stand beside it", () => {
  assert.deepEqual(
    chosen("--queue=mysql://h/d", "--mysql-ssl-mode=required", "--queue-password-file=f"),
    ["mysql", {
      "mysql-url": "mysql://h/d",
      "mysql-ssl-mode": "required",
      "mysql-password-file": "f",
    }],
  );
  const withFile = (url: string) => chosen("--queue", url, "--queue-password-file", "f")[1];
  assert.deepEqual(withFile("redis://h"), {
    "redis-url": "redis://h",
    "redis-password-file": "f",
  });
  assert.deepEqual(withFile("postgres://h"), {
    "postgres-url": "postgres://h",
    "postgres-password-file": "f",
  });
});

test("what the URL says must not be said twice", () => {
  const both = (url: string, ...words: string[]) => refusal("--queue", url, ...words);
  const text = (option: string) =>
    `Cannot use both --queue and --${option}: they say the same; leave one out`;
  assert.equal(both("memory:", "-q", "sqlite"), text("queue-type"));
  assert.equal(both("sqlite:x", "--libsqlite3-db=y"), text("libsqlite3-db"));
  assert.equal(both("mysql://h/d", "--mysql-host=h"), text("mysql-host"));
  assert.equal(both("redis://h", "--redis-server=h"), text("redis-server"));
  assert.equal(both("postgres://h", "--libpq-conninfo=host=h"), text("libpq-conninfo"));
  // Options of another queue type mean nothing, as beside --queue-type.
  assert.deepEqual(chosen("--queue", "memory:", "--mysql-host=h"), ["memory", {}]);
});

test("a URL that names no queue is refused with a list of those that do", () => {
  const forms = /memory:, sqlite:.*, mysql:.*, redis:.*, postgres:/;
  assert.match(refusal("--queue", "tape://secret@x"), /no queue has URLs that begin with tape:;/);
  for (const url of ["tape://secret@x", "", "secret", "secret:x", "secret@host:/x"]) {
    const text = refusal("--queue", url);
    assert.match(text, forms);
    assert(!text.includes("secret"), text);
  }
  assert.match(refusal("--queue", "sqlite://host/x"), /three slashes/);
  assert.match(refusal("--queue", "sqlite:x?y=z"), /\?table=NAME/);
  assert.match(refusal("--queue", "sqlite:%zz"), /hexadecimal/);
  assert.match(refusal("--queue", "memory:x"), /nothing may follow/);
  assert.match(
    refusal("--queue", "memory:", "--queue-password-file", "f"),
    /the queue memory has no password/,
  );
});

test("every queue type has URLs of its own", () => {
  const schemes = PLUGINS.flatMap((plugin) => plugin.url?.schemes ?? []);
  assert.equal(new Set(schemes).size, schemes.length);
  for (const { name, url, options } of PLUGINS) {
    assert(url !== undefined && url.form.startsWith(`${url.schemes[0]}:`), name);
    const known = options.map((option) => option.name);
    assert.deepEqual(url.replaces.filter((option) => !known.includes(option)), [], name);
  }
});

test("passwords in words and URLs are covered", () => {
  assert.equal(withoutSecrets("--queu=mysql://u:p@ss:w@h/d"), "--queu=mysql://u:…@h/d");
  assert.equal(withoutSecrets("redis://:p@h"), "redis://:…@h");
  assert.equal(withoutSecrets("--mysql-pasword=x"), "--mysql-pasword=…");
  assert.equal(withoutSecrets("mysql://u@h:3306/d"), "mysql://u@h:3306/d");
  assert.deepEqual(secretParts("mysql://u:p@ss@h/d"), ["p@ss"]);
  assert.deepEqual(secretParts("mysql://u@h:3306/d"), []);
  assert.deepEqual(secretParts("p@ss"), ["p@ss"]);
});
