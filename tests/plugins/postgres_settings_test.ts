/** Where a PostgreSQL queue is to be found: libpq's parameters in all their forms. */

import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { parseConninfo } from "../../plugins/postgres/conninfo.ts";
import { passwordFrom } from "../../plugins/postgres/password_file.ts";
import { type PostgresSettings, postgresSettings } from "../../plugins/postgres/settings.ts";
import { waysTo } from "../../plugins/postgres/tls.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { temporaryFolder } from "../support/mod.ts";

type Texts = Readonly<Record<string, string>>;

function settings(options: Texts, environment: Texts = {}): PostgresSettings {
  const values = new Map(Object.entries(options));
  const bare = { PGPASSFILE: "/nonexistent", ...environment };
  return postgresSettings({ values, dataDir: "" }, () => {}, bare);
}

function conninfo(text: string): Texts {
  return Object.fromEntries(parseConninfo(text, "libpq-conninfo"));
}

/** The message with which a text is refused. */
function refusal(run: () => unknown): string {
  let message = "";
  assert.throws(run, (error) => {
    assert(error instanceof StoreError);
    assert.equal(error.code, "INVALID_OPTION");
    message = error.message;
    return true;
  });
  return message;
}

test("pairs of keyword and value are read as libpq reads them", () => {
  assert.deepEqual(conninfo(""), {});
  assert.deepEqual(conninfo("  host = db.example  port=5433\n\tdbname='my jobs' user=''  "), {
    host: "db.example",
    port: "5433",
    dbname: "my jobs",
    user: "",
  });
  assert.deepEqual(conninfo(String.raw`password='it\'s \\ here' user=a\ b options='-c x=y'`), {
    password: String.raw`it's \ here`,
    user: "a b",
    options: "-c x=y",
  });
  assert.deepEqual(conninfo("host=a client_encoding=utf8 keepalives=1"), { host: "a" });
});

test("URLs are read as libpq reads them", () => {
  assert.deepEqual(conninfo("postgresql://"), {});
  assert.deepEqual(
    conninfo(
      "postgres://user%40x:p%3Aw%2F@db.example:5433/my%20jobs?sslmode=require&options=-c%20a%3Db",
    ),
    {
      user: "user@x",
      password: "p:w/",
      host: "db.example",
      port: "5433",
      dbname: "my jobs",
      sslmode: "require",
      options: "-c a=b",
    },
  );
  assert.deepEqual(conninfo("postgresql://[::1]:5433,b.example,:77/d"), {
    host: "::1,b.example,",
    port: "5433,,77",
    dbname: "d",
  });
  assert.deepEqual(conninfo("postgresql://%2Fvar%2Frun%2Fpostgresql/d"), {
    host: "/var/run/postgresql",
    dbname: "d",
  });
  assert.deepEqual(conninfo("postgresql:///d?host=/tmp&ssl=true"), {
    dbname: "d",
    host: "/tmp",
    sslmode: "require",
  });
});

test("what cannot be read is refused, and a password in it is not repeated", () => {
  const cases: readonly [string, RegExp][] = [
    ["host=a s3cret", /word 2 is not of the form keyword=value/],
    ["password='s3cret", /the quotes of "password" do not close/],
    ["password='s3'cret", /the quotes of "password" do not close/],
    ["password=s3cret service=x", /"service" is none of the connection parameters/],
    ["postgres://u:s3cret%@h/d", /a % is not followed by two hexadecimal digits/],
    ["postgres://u:s3cret@h:x/d", /it names a host or port that cannot be one/],
    ["postgres://u:s3cret@h/d?sslmode", /has no value/],
  ];
  for (const [text, expected] of cases) {
    const message = refusal(() => conninfo(text));
    assert.match(message, /^Cannot use --libpq-conninfo: /);
    assert.match(message, expected);
    assert(!message.includes("s3cret"), message);
  }
});

test("options go before the environment, and the URL before the parameters", () => {
  const environment = {
    PGHOST: "env.example",
    PGPORT: "6000",
    PGUSER: "env",
    PGDATABASE: "envdb",
    PGPASSWORD: "envpw",
    PGAPPNAME: "queue of env",
  };
  const found = (options: Texts) => {
    const { hosts, user, database, applicationName } = settings(options, environment);
    return [hosts[0], user, database, applicationName];
  };
  const host = (name: string, port: number, password: string) => ({
    name,
    address: name,
    port,
    password,
  });
  assert.deepEqual(found({}), [host("env.example", 6000, "envpw"), "env", "envdb", "queue of env"]);
  assert.deepEqual(found({ "libpq-conninfo": "host=a user=u application_name=x" }), [
    host("a", 6000, "envpw"),
    "u",
    "envdb",
    "x",
  ]);
  assert.deepEqual(
    found({ "libpq-conninfo": "host=a user=u", "postgres-url": "postgres://v:pw@b:1/d" }),
    [host("b", 1, "pw"), "v", "d", "queue of env"],
  );
  assert.equal(settings({}, { PGUSER: "u", PGHOST: "h" }).database, "u");
});

test("several servers each have their port, or share one", () => {
  const hosts = (text: string) =>
    settings({ "libpq-conninfo": `user=u ${text}` }).hosts
      .map(({ name, address, port }) => `${name} ${address} ${port}`);
  assert.deepEqual(hosts("host=a,b port=1,2"), ["a a 1", "b b 2"]);
  assert.deepEqual(hosts("host=a,b port=1"), ["a a 1", "b b 1"]);
  assert.deepEqual(hosts("host=a,b hostaddr=10.0.0.1,10.0.0.2 port=1,"), [
    "a 10.0.0.1 1",
    "b 10.0.0.2 5432",
  ]);
  assert.deepEqual(hosts("hostaddr=::1"), ["::1 ::1 5432"]);
  for (const wrong of ["host=a,b port=1,2,3", "host=a,b,c hostaddr=::1,::2", "port=0", "port=x"]) {
    refusal(() => hosts(wrong));
  }
  refusal(() => hosts("host=a target_session_attrs=standby"));
  refusal(() => hosts("host=a sslmode=sometimes"));
  refusal(() => hosts("host=a sslrootcert=/nonexistent"));
  for (const table of ["", "cogd_job", "public.cogd_queue", '"COGD_x"']) {
    refusal(() => settings({ "libpq-table": table }));
  }
});

test("libpq's password file is read as libpq reads it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "pgpass");
  await writeFile(
    path,
    String.raw`# a comment
db.example:5432:jobs:u:one
*:5433:*:u:two\:with\\colon
localhost:*:*:*:socket
broken line
*:*:*:v:last`,
  );
  const warnings: string[] = [];
  const password = (host: string, port: number, database: string, user: string) =>
    passwordFrom(path, { host, port, database, user }, (text) => warnings.push(text));
  await chmod(path, 0o640);
  assert.equal(password("db.example", 5432, "jobs", "u"), null);
  assert.match(warnings.join(), /others may read it; run chmod 0600/);
  await chmod(path, 0o600);
  assert.equal(password("db.example", 5432, "jobs", "u"), "one");
  assert.equal(password("db.example", 5432, "other", "u"), null);
  assert.equal(password("any", 5433, "other", "u"), String.raw`two:with\colon`);
  assert.equal(password("/var/run/postgresql", 1, "d", "x"), "socket");
  assert.equal(password("other", 1, "d", "v"), "last");
  assert.equal(
    passwordFrom(
      join(folder.path, "none"),
      { host: "h", port: 1, database: "d", user: "u" },
      () => {},
    ),
    null,
  );
  assert.equal(warnings.length, 1);
});

test("TLS is tried as sslmode says, never on a Unix socket", () => {
  const ways = (host: string, parameters: string) => {
    const { tls } = settings({ "libpq-conninfo": `host=${host} user=u ${parameters}` });
    return waysTo(host, tls).map((way) =>
      way === false ? "plain" : way.rejectUnauthorized ? "checked" : "unchecked"
    );
  };
  assert.deepEqual(ways("db.example", ""), ["unchecked", "plain"]);
  assert.deepEqual(ways("localhost", ""), ["plain", "unchecked"]);
  assert.deepEqual(ways("127.0.0.1", "sslmode=prefer"), ["unchecked", "plain"]);
  assert.deepEqual(ways("db.example", "sslmode=disable"), ["plain"]);
  assert.deepEqual(ways("db.example", "sslmode=require"), ["unchecked"]);
  assert.deepEqual(ways("db.example", "sslmode=verify-ca"), ["checked"]);
  assert.deepEqual(ways("localhost", "sslmode=verify-full"), ["checked"]);
  assert.deepEqual(ways("db.example", "sslrootcert=system"), ["checked"]);
  assert.deepEqual(ways("/tmp", "sslmode=verify-full"), ["plain"]);
});
