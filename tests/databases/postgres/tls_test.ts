/** Encrypted connections: who is believed to be the server, and how the server knows the client. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { StoreError } from "../../../src/plugin_api/mod.ts";
import { postgresPlugin } from "../../../plugins/postgres/mod.ts";
import { batchOf, replayed, sampleJobs } from "../../conformance/stores/mod.ts";
import { startPostgres } from "../../support/databases/mod.ts";
import { makeCertificates, programMissing } from "../../support/mod.ts";
import { commitUntilHeld, eventually } from "../mod.ts";
import { TestSchema } from "./places.ts";

test("postgres: TLS modes, as libpq has them", {
  skip: programMissing("postgres", "openssl"),
}, async (t) => {
  await using certificates = await makeCertificates();
  const { ca, otherCa, server: own, client } = certificates;
  await using server = await startPostgres();
  const files = [["ca.pem", ca.cert], ["server.pem", own.cert], ["server.key", own.key]] as const;
  for (const [name, path] of files) await server.place(name, readFileSync(path, "utf8"));
  const settings = { ssl: "on", ssl_ca_file: "ca.pem", ssl_cert_file: "server.pem" };
  const more = { ssl_key_file: "server.key" };
  for (const [name, value] of Object.entries({ ...settings, ...more })) {
    await server.sql(`ALTER SYSTEM SET ${name} TO '${value}'`);
  }
  const schema = await TestSchema.create(server);
  const rules = {
    plain: "hostnossl",
    any: "host",
    encrypted: "hostssl",
    known: "hostssl",
  } as const;
  const enter = async (rule: keyof typeof rules) => {
    const how = `scram-sha-256${rule === "known" ? " clientcert=verify-ca" : ""}`;
    await server.allow(`${rules[rule]} all ${schema.name} 127.0.0.1/32 ${how}`);
    server.reload();
    await eventually(
      async () =>
        (await server.sql("SELECT type, options FROM pg_hba_file_rules")).includes(rules[rule]) &&
        (await server.sql("SHOW ssl")).trim() === "on",
      "the rules",
    );
  };
  const withClient = `sslcert=${client.cert}&sslkey=${client.key}`;
  const cases: readonly {
    readonly name: string;
    readonly rule: keyof typeof rules;
    readonly host: string;
    readonly parameters: string;
    /** Undefined: it works. */
    readonly refusal?: RegExp;
    readonly encrypted?: boolean;
  }[] = [
    {
      name: "disable does without, and is refused where TLS is a must",
      rule: "encrypted",
      host: "localhost",
      parameters: "sslmode=disable",
      refusal: /no pg_hba\.conf entry/,
    },
    {
      name: "on this machine TLS is used where it is a must, without being asked for",
      rule: "encrypted",
      host: "127.0.0.1",
      parameters: "",
      encrypted: true,
    },
    {
      name: "prefer does without where it is forbidden",
      rule: "plain",
      host: "localhost",
      parameters: "sslmode=prefer",
      encrypted: false,
    },
    {
      name: "require encrypts, and believes any certificate",
      rule: "any",
      host: "127.0.0.1",
      parameters: "sslmode=require",
      encrypted: true,
    },
    {
      name: "require with a root certificate believes only what it signed",
      rule: "any",
      host: "localhost",
      parameters: `sslmode=require&sslrootcert=${otherCa.cert}`,
      refusal: /certificate|issuer/i,
    },
    {
      name: "verify-ca asks for a trusted authority, not for the name",
      rule: "any",
      host: "127.0.0.1",
      parameters: `sslmode=verify-ca&sslrootcert=${ca.cert}`,
      encrypted: true,
    },
    {
      name: "verify-full asks for the name, too",
      rule: "any",
      host: "127.0.0.1",
      parameters: `sslmode=verify-full&sslrootcert=${ca.cert}`,
      refusal: /altname|certificate/i,
    },
    {
      name: "verify-full is content with the right name",
      rule: "any",
      host: "localhost",
      parameters: `sslmode=verify-full&sslrootcert=${ca.cert}`,
      encrypted: true,
    },
    {
      name: "verify-full without a root certificate asks those that the runtime trusts",
      rule: "any",
      host: "localhost",
      parameters: "sslmode=verify-full",
      refusal: /certificate|issuer/i,
    },
    {
      name: "a server that asks for a certificate gets none",
      rule: "known",
      host: "localhost",
      parameters: "sslmode=require",
      refusal: /valid client certificate/,
    },
    {
      name: "a server that asks for a certificate gets it",
      rule: "known",
      host: "localhost",
      parameters: `sslmode=verify-full&sslrootcert=${ca.cert}&${withClient}`,
      encrypted: true,
    },
  ];
  for (const { name, rule, host, parameters, refusal, encrypted } of cases) {
    await t.test(name, async () => {
      await enter(rule);
      const url = `${schema.url().replace("127.0.0.1", host)}?${parameters}`;
      const open = () =>
        postgresPlugin.open(
          { values: new Map([["postgres-url", url]]), dataDir: "" },
          schema.host(),
        );
      if (refusal !== undefined) {
        await assert.rejects(open(), (error) => {
          assert(error instanceof StoreError);
          assert.equal(error.code, "CANNOT_OPEN");
          assert.match(error.message, refusal);
          return true;
        });
        return;
      }
      const store = await open();
      const [used] = await schema.rows(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) " +
          `WHERE usename = '${schema.name}'`,
      );
      assert.equal(used, encrypted === true ? "t" : "f");
      await store.commit(batchOf({ add: sampleJobs(200) }));
      await schema.killSessions();
      await commitUntilHeld(store, batchOf({ add: sampleJobs(200, 201), remove: [1] }));
      await store.close();
      const again = await open();
      assert.equal((await replayed(again)).jobs.length, 399);
      await again.commit(batchOf({ remove: sampleJobs(400).map(({ key }) => key) }));
      await again.close();
    });
  }
});
