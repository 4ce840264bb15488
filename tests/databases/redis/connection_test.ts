/** Ways to a Redis: TLS, client certificates, a socket file, databases by number; also compiled. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { redisPlugin } from "../../../plugins/redis/mod.ts";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { batchOf, replayed, sampleJobs } from "../../conformance/stores/mod.ts";
import { startRedis } from "../../support/databases/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  freePort,
  makeCertificates,
  programMissing,
  startCogd,
  WireClient,
} from "../../support/mod.ts";
import { commitUntilHeld } from "../mod.ts";
import { hostWith } from "./places.ts";

function open(values: Readonly<Record<string, string>>) {
  return redisPlugin.open({ values: new Map(Object.entries(values)), dataDir: "" }, hostWith());
}

async function assertRefused(values: Readonly<Record<string, string>>, why: RegExp): Promise<void> {
  await assert.rejects(open(values), (error) => {
    assert(error instanceof StoreError);
    assert.equal(error.code, "CANNOT_OPEN", error.message);
    assert.match(error.message, why);
    return true;
  });
}

test("redis: with TLS the server must be who it says it is, and the client too if asked", {
  skip: programMissing("redis-server", "openssl"),
}, async () => {
  await using certificates = await makeCertificates();
  const { ca, otherCa, server, stranger, client } = certificates;
  const port = await freePort();
  await using redis = await startRedis({
    args: [
      ...["--tls-port", `${port}`, "--tls-auth-clients", "no", "--tls-ca-cert-file", ca.cert],
      ...["--tls-cert-file", server.cert, "--tls-key-file", server.key],
    ],
  });
  const url = `rediss://localhost:${port}`;
  const trusting = { "redis-url": url, "redis-tls-ca": ca.cert };
  const store = await open(trusting);
  await store.commit(batchOf({ add: sampleJobs(50) }));
  await redis.sql("CLIENT KILL TYPE normal\n");
  await commitUntilHeld(store, batchOf({ remove: [1] }));
  await store.close();
  // gearmand's options, with TLS by the one for the authority.
  const again = await open({
    "redis-server": "localhost",
    "redis-port": `${port}`,
    "redis-tls-ca": ca.cert,
  });
  assert.equal((await replayed(again)).jobs.length, 49);
  await again.close();
  const unknown = /TLS cannot be agreed on: .*(certificate|UnknownIssuer|issuer)/i;
  await assertRefused({ "redis-url": url, "redis-tls-ca": otherCa.cert }, unknown);
  await assertRefused({ "redis-url": url }, unknown);
  await assertRefused(
    { "redis-url": `rediss://127.0.0.1:${port}`, "redis-tls-ca": ca.cert },
    /TLS cannot be agreed on: .*(altnames|name|identity)/i,
  );
  await assertRefused({ "redis-url": `redis://localhost:${port}` }, /Cannot open/);
  await assertRefused({ "redis-url": `rediss://localhost:${redis.port}` }, /Cannot open/);
  await redis.sql("CONFIG SET tls-auth-clients yes\n");
  await assertRefused(trusting, /Cannot open/);
  const known = { ...trusting, "redis-tls-cert": client.cert, "redis-tls-key": client.key };
  await (await open(known)).close();
  await redis.sql("CONFIG SET tls-auth-clients no\n");
  for (const flavour of COGD_BINARIES) {
    if (flavourMissing(flavour) !== false) continue;
    const args = ["-q", "redis", `--redis-url=${url}`];
    await using cogd = await startCogd({ flavour, args: [...args, `--redis-tls-ca=${ca.cert}`] });
    await using wire = await WireClient.connect(cogd.port);
    wire.send("SUBMIT_JOB_BG", { args: ["f", ""], data: "x" });
    await wire.expect("JOB_CREATED");
    await cogd.stop();
    for (const more of [[`--redis-tls-ca=${otherCa.cert}`], []]) {
      await assert.rejects(startCogd({ flavour, args: [...args, ...more] }), unknown, flavour);
    }
  }
  await redis.sql(
    `CONFIG SET tls-key-file ${stranger.key} tls-cert-file ${stranger.cert}\n`,
  );
  await assertRefused(trusting, /TLS cannot be agreed on: .*(altnames|name|identity)/i);
});

test("redis: a socket file, a database by number and a password in a file", {
  skip: programMissing("redis-server"),
}, async () => {
  await using redis = await startRedis();
  const path = join(redis.folder, "redis.sock");
  await using other = await startRedis({ args: ["--unixsocket", path] });
  const password = join(redis.folder, "password");
  writeFileSync(password, "pass word\n");
  await other.sql("ACL SETUSER default >pass\\ word\n");
  await other.sql('ACL SETUSER ann on ">pass word" ~* +@all\n');
  const values = {
    "redis-server": path,
    "redis-user": "ann",
    "redis-password-file": password,
    "redis-database": "5",
  };
  const store = await open(values);
  assert.equal(store.traits.description, `redis ${path} database 5`);
  await store.commit(batchOf({ add: sampleJobs(3) }));
  await other.sql("CLIENT KILL TYPE normal\n");
  await commitUntilHeld(store, batchOf({ remove: [1] }));
  await store.close();
  assert.match(await other.sql("INFO keyspace\n"), /^db5:keys=/m);
  assert.doesNotMatch(await other.sql("INFO keyspace\n"), /^db0:/m);
  for (const flavour of COGD_BINARIES) {
    if (flavourMissing(flavour) !== false) continue;
    const args = Object.entries(values).map(([name, value]) => `--${name}=${value}`);
    await using cogd = await startCogd({ flavour, args: ["-q", "redis", ...args] });
    await cogd.stop();
  }
  await assertRefused({ "redis-server": `${path}.none` }, /its socket file does not exist/);
});

test("redis: hosts that are not there are named, with what to do", async () => {
  const port = await freePort();
  await assertRefused(
    { "redis-port": `${port}` },
    new RegExp(`^Cannot open redis 127.0.0.1:${port}: nobody listens there; start Redis`),
  );
  await assertRefused({ "redis-server": "no-such-host.invalid" }, /the name of its host/);
});
