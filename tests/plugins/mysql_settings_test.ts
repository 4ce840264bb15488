/** What the options of the MySQL store mean, and which make no sense. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import test from "node:test";
import { mysqlPlugin } from "../../plugins/mysql/mod.ts";
import { type MySqlSettings, mysqlSettings } from "../../plugins/mysql/settings.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { temporaryFolder } from "../support/mod.ts";

function settingsOf(values: Readonly<Record<string, string>>, namespace = ""): MySqlSettings {
  return mysqlSettings({ values: new Map(Object.entries(values)), dataDir: "" }, namespace);
}

function essence({ host, port, socket, user, password, database, place }: MySqlSettings) {
  return { host, port, socket, user, password, database, place };
}

/** The text of the refusal; it must hold no password. */
function refusal(values: Readonly<Record<string, string>>, namespace = ""): string {
  let text = "";
  assert.throws(() => settingsOf(values, namespace), (error) => {
    assert(error instanceof StoreError);
    assert.equal(error.code, "INVALID_OPTION");
    assert(!error.message.includes("s3cret"), error.message);
    text = error.message;
    return true;
  });
  return text;
}

test("gearmand's options name server, user and database", () => {
  assert.deepEqual(
    essence(settingsOf({
      "mysql-host": "db.example",
      "mysql-port": "3307",
      "mysql-user": "u",
      "mysql-password": "s3cret",
      "mysql-db": "jobs",
    })),
    {
      host: "db.example",
      port: 3307,
      socket: undefined,
      user: "u",
      password: "s3cret",
      database: "jobs",
      place: "mysql db.example:3307/jobs",
    },
  );
  const least = settingsOf({ "mysql-db": "jobs" });
  assert.deepEqual([least.host, least.port, least.user], ["localhost", 3306, ""]);
  assert.deepEqual([least.gearmandTable, least.tls], ["gearman_queue", null]);
  assert.equal(least.scope.jobs, "`cogd_jobs`");
});

test("a URL says all at once, and options go before it", () => {
  const url = "mysql://us%40er:s3%3Acret@[::1]:3310/jo%20bs?ssl-mode=required";
  const settings = settingsOf({ "mysql-url": url });
  assert.deepEqual(essence(settings), {
    host: "::1",
    port: 3310,
    socket: undefined,
    user: "us@er",
    password: "s3:cret",
    database: "jo bs",
    place: "mysql [::1]:3310/jo bs",
  });
  assert.equal(settings.tls?.checkAuthority, false);
  const changed = settingsOf({ "mysql-url": url, "mysql-host": "other", "mysql-db": "more" });
  assert.deepEqual([changed.host, changed.database, changed.port], ["other", "more", 3310]);
  const local = settingsOf({ "mysql-url": "mariadb://u@localhost/jobs?socket=/run/s" });
  assert.deepEqual([local.socket, local.place], ["/run/s", "mysql /run/s/jobs"]);
});

test("--queue URLs lead to the same settings, with the table's name and the prefix", () => {
  const values = mysqlPlugin.url!.values(
    "mysql://u@h/jobs?table=old%5Fqueue&prefix=q_&ssl-mode=required",
  );
  const settings = settingsOf(Object.fromEntries(values));
  assert.deepEqual([settings.gearmandTable, settings.scope.jobs], ["old_queue", "`q_jobs`"]);
  assert.equal(settings.tls?.checkAuthority, false);
});

test("a password comes from option, file, URL or environment, in this order", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "password");
  writeFileSync(file, "from file \r\nnot this\n");
  const before = process.env["COGD_MYSQL_PASSWORD"];
  process.env["COGD_MYSQL_PASSWORD"] = "from environment";
  try {
    const all = {
      "mysql-db": "d",
      "mysql-password": "from option",
      "mysql-password-file": file,
      "mysql-url": "mysql://u:from%20url@h/d",
    };
    const seen = [];
    for (const left of ["", "mysql-password", "mysql-password-file", "mysql-url"]) {
      delete (all as Record<string, string>)[left];
      seen.push(settingsOf(all).password);
    }
    assert.deepEqual(seen, ["from option", "from file ", "from url", "from environment"]);
    // An empty one is one, too.
    assert.equal(settingsOf({ "mysql-db": "d", "mysql-password": "" }).password, "");
  } finally {
    if (before === undefined) delete process.env["COGD_MYSQL_PASSWORD"];
    else process.env["COGD_MYSQL_PASSWORD"] = before;
  }
  assert.match(refusal({ "mysql-db": "d", "mysql-password-file": join(folder.path, "no") }), /no/);
});

test("TLS is checked as soon as a certificate is given", async () => {
  await using folder = await temporaryFolder();
  const pem = join(folder.path, "pem");
  writeFileSync(pem, "a certificate");
  const modes = (values: Readonly<Record<string, string>>) => {
    const { tls } = settingsOf({ "mysql-db": "d", ...values });
    return tls === null ? "none" : [tls.checkAuthority, tls.checkIdentity, tls.ca?.toString()];
  };
  assert.equal(modes({}), "none");
  assert.deepEqual(modes({ "mysql-ssl-ca": pem }), [true, true, "a certificate"]);
  assert.deepEqual(modes({ "mysql-ssl-mode": "required" }), [false, false, undefined]);
  assert.deepEqual(modes({ "mysql-ssl-mode": "verify-ca" }), [true, false, undefined]);
  assert.equal(modes({ "mysql-ssl-ca": pem, "mysql-ssl-mode": "disabled" }), "none");
  assert.match(refusal({ "mysql-db": "d", "mysql-ssl-mode": "VERIFY" }), /verify-identity/);
  assert.match(refusal({ "mysql-db": "d", "mysql-ssl-cert": pem }), /given together/);
  const address = { "mysql-db": "d", "mysql-host": "127.0.0.1", "mysql-ssl-ca": pem };
  assert.match(refusal(address), /127\.0\.0\.1 is an address; give the name/);
  assert.deepEqual(modes({ ...address, "mysql-ssl-mode": "verify-ca" }), [
    true,
    false,
    "a certificate",
  ]);
});

test("options that make no sense are refused, without repeating a password", () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{}, /--mysql-db or --mysql-url/],
    [{ "mysql-url": "mysql://u:s3cret@h" }, /--mysql-db/],
    [{ "mysql-url": "u:s3cret@h/d" }, /mysql:\/\/|begin with/],
    [{ "mysql-url": "mysql://u:s3cret@h:99999/d" }, /not of the form/],
    [{ "mysql-url": "redis://u:s3cret@h/1" }, /does not begin with mysql/],
    [{ "mysql-url": "mysql://u:s3cret%@h/d" }, /escaped byte/],
    [{ "mysql-url": "mysql://u:s3cret@h/d?sslmode=require" }, /parameter "sslmode"/],
    [{ "mysql-db": "d", "mysql-port": "0" }, /from 1 to 65535/],
    [{ "mysql-db": "d", "mysql-port": "65536" }, /from 1 to 65535/],
    [{ "mysql-db": "d", "mysql-prefix": "a`b" }, /letters, digits/],
    [{ "mysql-db": "d", "mysql-prefix": "x".repeat(41) }, /1 to 40/],
    [{ "mysql-db": "d", "mysql-table": "COGD_Jobs" }, /cogd's own tables/],
  ];
  for (const [values, why] of cases) assert.match(refusal(values), why);
  assert.match(refusal({ "mysql-db": "d" }, "é".repeat(96)), /longer than 191 bytes/);
});

test("a namespace stands in the key of each row, whatever its bytes are", () => {
  const settings = settingsOf({ "mysql-db": "d" }, "a'ü");
  assert.equal(settings.scope.namespace, "x'6127c3bc'");
  assert.equal(settings.place, 'mysql localhost:3306/d namespace "a\'%C3%BC"');
});
