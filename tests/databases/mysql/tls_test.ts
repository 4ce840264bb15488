/** Encrypted connections: who is believed to be the server, and how the server knows the client. */

import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import test from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { batchOf, replayed, sampleJobs } from "../../conformance/stores/mod.ts";
import { startMariadb } from "../../support/databases/mod.ts";
import { makeCertificates, programMissing } from "../../support/mod.ts";
import { commitUntilHeld } from "../mod.ts";
import { TestDatabase } from "./places.ts";

test("mysql: TLS modes, as MySQL's own client has them", {
  skip: programMissing("mariadbd", "openssl"),
}, async (t) => {
  await using certificates = await makeCertificates();
  const { ca, otherCa, server: own, client } = certificates;
  await using server = await startMariadb({
    args: [`--ssl-ca=${ca.cert}`, `--ssl-cert=${own.cert}`, `--ssl-key=${own.key}`],
  });
  const withClient = { "mysql-ssl-cert": client.cert, "mysql-ssl-key": client.key };
  const cases: readonly {
    readonly name: string;
    readonly requires: "NONE" | "SSL" | "X509";
    readonly host: string;
    readonly values: Readonly<Record<string, string>>;
    /** Undefined: it works. */
    readonly refusal?: RegExp;
  }[] = [
    {
      name: "without TLS a user that must use it gets in nowhere",
      requires: "SSL",
      host: "localhost",
      values: {},
      refusal: /Access denied/,
    },
    {
      name: "required encrypts, and believes any certificate",
      requires: "SSL",
      host: "127.0.0.1",
      values: { "mysql-ssl-mode": "required" },
    },
    {
      name: "verify-ca asks for a trusted authority, not for the name",
      requires: "SSL",
      host: "127.0.0.1",
      values: { "mysql-ssl-mode": "verify-ca", "mysql-ssl-ca": ca.cert },
    },
    {
      name: "verify-ca refuses another authority",
      requires: "SSL",
      host: "localhost",
      values: { "mysql-ssl-mode": "verify-ca", "mysql-ssl-ca": otherCa.cert },
      refusal: /certificate|UnknownIssuer|CA/i,
    },
    {
      name: "the system's authorities do not know the test's",
      requires: "SSL",
      host: "localhost",
      values: { "mysql-ssl-mode": "verify-ca" },
      refusal: /certificate|UnknownIssuer/i,
    },
    {
      name: "with a file of authorities the name is checked, and fits",
      requires: "SSL",
      host: "localhost",
      values: { "mysql-ssl-ca": ca.cert },
    },
    {
      name: "a client certificate is asked for and shown",
      requires: "X509",
      host: "localhost",
      values: { "mysql-ssl-ca": ca.cert, ...withClient },
    },
    {
      name: "without the client certificate that is asked for nobody gets in",
      requires: "X509",
      host: "localhost",
      values: { "mysql-ssl-ca": ca.cert },
      refusal: /Access denied/,
    },
  ];
  const lastly: typeof cases = [{
    name: "a certificate of another name is refused",
    requires: "SSL",
    host: "localhost",
    values: { "mysql-ssl-ca": ca.cert },
    refusal: /altnames|identity|NotValidForName|certificate/i,
  }, {
    name: "though its authority is trusted",
    requires: "SSL",
    host: "localhost",
    values: { "mysql-ssl-ca": ca.cert, "mysql-ssl-mode": "verify-ca" },
  }];
  for (const { name, requires, host, values, refusal } of [...cases, ...lastly]) {
    await t.test(name, async () => {
      if (name === lastly[0]!.name) {
        copyFileSync(certificates.stranger.cert, own.cert);
        copyFileSync(certificates.stranger.key, own.key);
        await server.sql("FLUSH SSL");
      }
      await using database = await TestDatabase.create(server, {
        values: { "mysql-host": host, ...values },
      });
      const user = `'${database.name}'@'127.0.0.1'`;
      await server.sql(`ALTER USER ${user} REQUIRE ${requires}`);
      if (refusal !== undefined) {
        await assert.rejects(database.open(), (error: Error) => {
          assert(error instanceof StoreError && error.code === "CANNOT_OPEN", String(error));
          assert.match(error.message, refusal);
          return true;
        });
        return;
      }
      const store = await database.open();
      await store.commit(batchOf({ add: sampleJobs(100) }));
      await database.killSessions();
      assert.deepEqual(await commitUntilHeld(store, batchOf({ remove: [1] })), []);
      await store.close();
      const again = await database.open();
      assert.equal((await replayed(again)).jobs.length, 99);
      await again.close();
    });
  }
});
