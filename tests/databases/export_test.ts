/** `cogd export` on real database servers: C gearmand starts on what it leaves, and its workers get the jobs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ownFlavour,
  programMissing,
  type ProgramResult,
  startCogd,
  startGearmand,
  WireClient,
} from "../support/mod.ts";
import { startMariadb, startPostgres, startRedis } from "../support/databases/mod.ts";
import { exported, workedOff } from "./mod.ts";

const OWN = ownFlavour();

/** A background job as [function, unique ID, workload]. */
type Job = readonly [string, string, string | Uint8Array];

/** Lets cogd take these jobs in, and two that no gearmand can hold: with a reducer, and without a time. */
async function filled(queue: string, jobs: readonly Job[], later: number): Promise<void> {
  await using cogd = await startCogd({ args: [queue] });
  await using client = await WireClient.connect(cogd.port);
  for (const [name, unique, data] of jobs) {
    await client.ask("SUBMIT_JOB_BG", { args: [name, unique], data }, "JOB_CREATED");
  }
  await client.ask(
    "SUBMIT_JOB_EPOCH",
    { args: ["f", "later", `${later}`], data: "" },
    "JOB_CREATED",
  );
  await client.ask("SUBMIT_REDUCE_JOB_BACKGROUND", {
    args: ["f", "reduced", "r", ""],
    data: "",
  }, "JOB_CREATED");
  const held = await exported(OWN, queue);
  assert.equal(held.code, 1, held.output);
  assert.match(held.stderr, /holds it; stop that server/);
}

/** Unique IDs of the jobs that stayed, sorted. */
function stayed({ stderr }: ProgramResult): string[] {
  return [...stderr.matchAll(/^Left job \S+ \(function ".*", unique "(.*)"\): /gm)].map(([, id]) =>
    id!
  ).sort();
}

function asText([name, unique, data]: Job): string {
  return [name, unique, typeof data === "string" ? data : String.fromCharCode(...data)].join("|");
}

const LATER = Math.floor(Date.now() / 1000) + 86_400;
const BYTES = Uint8Array.of(0, 1, 255, 0);
const MANY: readonly Job[] = Array.from({ length: 1200 }, (_, i) => ["f", `many-${i}`, `${i}`]);

test("MariaDB: gearmand runs what cogd export wrote, the rest stays", {
  skip: programMissing("mariadbd", "gearmand"),
}, async () => {
  await using server = await startMariadb();
  const queue = `--queue=${server.url}`;
  const good: Job[] = [...MANY, ["f", "", "none"], ["f", "-", BYTES], ["Caf\xc3\xa9", "a", ""]];
  const bad: Job[] = [["f", "", "again"], ["f", "MANY-7", "case"], ["f\xff", "raw", "x"]];
  await filled(queue, [...good, ...bad], LATER);
  const kept = await exported(OWN, queue, "--keep");
  assert.equal(kept.code, 2, kept.output);
  assert.deepEqual(stayed(kept), ["", "MANY-7", "raw", "reduced"]);
  await server.sql("DROP TABLE cogd.gearman_queue");
  const result = await exported(OWN, queue);
  assert.equal(result.code, 2, result.output);
  assert.match(result.stdout, /^Wrote 1204 jobs to table "gearman_queue" of mysql 127\.0\.0\.1/);
  assert.deepEqual(stayed(result), ["", "MANY-7", "raw", "reduced"]);
  assert.equal(await server.sql("SELECT count(*) FROM cogd.cogd_jobs"), "4\n");
  const time = "SELECT when_to_run FROM cogd.gearman_queue WHERE unique_key = 'later'";
  assert.equal(await server.sql(time), `${LATER}\n`);
  const options = [
    "--queue-type=MySQL",
    "--mysql-host=127.0.0.1",
    `--mysql-port=${server.port}`,
    "--mysql-user=root",
    "--mysql-password=",
    "--mysql-db=cogd",
  ].filter((option) => !option.endsWith("="));
  await using gearmand = await startGearmand({ args: options });
  const done = await workedOff(gearmand.port, ["f", "Caf\xc3\xa9"]);
  assert.deepEqual(done, good.map(asText).sort());
});

test("PostgreSQL: gearmand runs what cogd export wrote, the rest stays", {
  skip: programMissing("postgres", "gearmand"),
}, async () => {
  await using server = await startPostgres();
  const queue = `--queue=${server.url}`;
  const good: Job[] = [...MANY, ["f", "", "none"], ["f", "-", BYTES], ["Caf\xc3\xa9", "a", ""]];
  const bad: Job[] = [["f", "", "again"], ["f\xff", "raw", "x"], ["x".repeat(256), "long", ""]];
  await filled(queue, [...good, ...bad], LATER);
  const kept = await exported(OWN, queue, "--keep");
  // gearmand would run a job that waits at once.
  assert.deepEqual(stayed(kept), ["", "later", "long", "raw", "reduced"]);
  await server.sql("DROP TABLE queue");
  const result = await exported(OWN, queue);
  assert.equal(result.code, 2, result.output);
  assert.match(result.stdout, /^Wrote 1203 jobs to table "queue" of postgres 127\.0\.0\.1/);
  assert.equal(await server.sql("SELECT count(*) FROM cogd_job"), "5\n");
  const place = `host=127.0.0.1 port=${server.port} user=tester dbname=cogd`;
  const options = ["--queue-type=Postgres", `--libpq-conninfo=${place}`];
  await using gearmand = await startGearmand({ args: options });
  const done = await workedOff(gearmand.port, ["f", "Caf\xc3\xa9"]);
  assert.deepEqual(done, good.map(asText).sort());
});

test("Redis: gearmand runs what cogd export wrote, the rest stays", {
  skip: programMissing("redis-server", "gearmand"),
}, async () => {
  await using server = await startRedis();
  const queue = `--queue=${server.url}`;
  const good: Job[] = [...MANY, ["f", "-", "dash"], ["Caf\xc3\xa9\xff", "a-b", "\xff"]];
  const bad: Job[] = [
    ["f", "", "none"],
    ["my-func", "hyphen", "x"],
    ["f", "star*", "x"],
    ["f", "nul", BYTES],
  ];
  await filled(queue, [...good, ...bad], LATER);
  const result = await exported(OWN, queue);
  assert.equal(result.code, 2, result.output);
  assert.match(result.stdout, /^Wrote 1202 jobs to keys _gear_-… of redis 127\.0\.0\.1/);
  assert.deepEqual(stayed(result), ["", "hyphen", "later", "nul", "reduced", "star*"]);
  const options = [
    "--queue-type=redis",
    "--redis-server=127.0.0.1",
    `--redis-port=${server.port}`,
  ];
  {
    await using gearmand = await startGearmand({ args: options });
    const done = await workedOff(gearmand.port, ["f", "Caf\xc3\xa9\xff"]);
    assert.deepEqual(done, good.map(asText).sort());
  }

  // A later gearmand has function and unique ID in fields, and so takes more.
  const more = await exported(OWN, queue, "--to=gearmand-2");
  assert.match(more.stdout, /^Wrote 2 jobs/);
  assert.deepEqual(stayed(more), ["", "later", "nul", "reduced"]);
  const fields = await server.sql("HGETALL _gear_-my-func-hyphen");
  for (const part of ["data", "x", "priority", "1", "function", "my-func", "unique", "hyphen"]) {
    assert(fields.includes(part), fields);
  }
  await using cogd = await startCogd({ args: [queue, "--verbose=INFO"] });
  await cogd.process.waitForLog("6 jobs taken up from the queue");
});
