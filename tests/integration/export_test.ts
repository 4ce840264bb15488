/** `cogd export` on SQLite: C gearmand starts on what it leaves, and its workers get every job. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  flavourMissing,
  ownFlavour,
  programMissing,
  runProgram,
  startCogd,
  startGearmand,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { exported, workedOff } from "../databases/mod.ts";

const FLAVOURS = [ownFlavour(), ...COGD_BINARIES.filter((name) => name.startsWith(ownFlavour()))];

/** Submits background jobs, each as [function, unique, workload]. */
async function submit(
  client: WireClient,
  jobs: readonly (readonly [string, string, string | Uint8Array])[],
): Promise<void> {
  for (const [name, unique, data] of jobs) {
    await client.ask("SUBMIT_JOB_BG", { args: [name, unique], data }, "JOB_CREATED");
  }
}

function withDatabase<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function rows(path: string, table: string): number {
  return withDatabase(
    path,
    (database) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"]),
  );
}

for (const flavour of FLAVOURS) {
  const skip = flavourMissing(flavour) || programMissing("gearmand", "gearman");

  test(`${flavour}: gearmand runs all jobs of an exported file`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "queue.db");
    const queue = `--queue=sqlite:${file}`;
    const jobs = [
      ["plain", "id-1", "first"],
      ["plain", "id-2", ""],
      ["plain", "-", "dash"],
      ["other", "", "no unique ID"],
      ["raw\xff\x80", "\xfe\x01", Uint8Array.of(0, 1, 255, 0)],
      ["raw\xff\x80", "u".repeat(63), "long"],
    ] as const;
    {
      await using cogd = await startCogd({ flavour, args: [queue] });
      await using client = await WireClient.connect(cogd.port);
      await submit(client, jobs);
      const held = await exported(flavour, queue);
      assert.equal(held.code, 1);
      assert.match(held.stderr, /^cogd: Cannot open ".*": another process holds it/);
    }
    const result = await exported(flavour, queue);
    assert.deepEqual([result.code, result.stderr], [0, ""]);
    assert.equal(result.stdout, `Wrote 6 jobs to table "gearman_queue" of "${file}"\n`);
    assert.deepEqual([rows(file, "gearman_queue"), rows(file, "cogd_job")], [6, 0]);

    await using gearmand = await startGearmand({
      args: ["--queue-type=libsqlite3", `--libsqlite3-db=${file}`],
    });
    const first = await runProgram("gearman", [
      ...["-h", "127.0.0.1", "-p", `${gearmand.port}`, "-w", "-c", "3", "-f", "plain"],
    ]);
    assert.equal(first.code, 0, first.output);
    assert.match(first.stdout, /^(?=.*first)(?=.*dash)/s);
    assert.deepEqual(await workedOff(gearmand.port, ["plain", "other", "raw\xff\x80"]), [
      "other||no unique ID",
      `raw\xff\x80|${"u".repeat(63)}|long`,
      "raw\xff\x80|\xfe\x01|\x00\x01\xff\x00",
    ]);
    assert.equal(rows(file, "gearman_queue"), 0);
  });

  test(`${flavour}: what gearmand cannot hold stays with cogd, and is listed`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "queue.db");
    const queue = `--queue=sqlite:${file}`;
    const later = Math.floor(Date.now() / 1000) + 86_400;
    {
      await using cogd = await startCogd({ flavour, args: [queue] });
      await using client = await WireClient.connect(cogd.port);
      await submit(client, [
        ["f", "", "one"],
        ["f", "", "two"],
        ["f", "-", "three"],
        ["f", "-", "four"],
        ["g", "", "five"],
        ["f", "u".repeat(64), "six"],
      ]);
      for (const time of [later, 2 ** 31]) {
        const args = ["f", `at ${time}`, `${time}`];
        await client.ask("SUBMIT_JOB_EPOCH", { args, data: "" }, "JOB_CREATED");
      }
      await client.ask("SUBMIT_REDUCE_JOB_BACKGROUND", {
        args: ["f", "reduced", "r", ""],
        data: "",
      }, "JOB_CREATED");
    }
    const kept = await exported(flavour, queue, "--keep");
    assert.equal(kept.code, 2, kept.output);
    assert.match(kept.stdout, /^Wrote 4 jobs to table .*; they are in cogd's queue, too\n$/);
    assert.deepEqual([rows(file, "gearman_queue"), rows(file, "cogd_job")], [4, 9]);
    const again = await exported(flavour, queue, "--keep");
    assert.match(again.stdout, /^Wrote 0 jobs/);
    assert.equal(rows(file, "gearman_queue"), 4);
    withDatabase(file, (database) => database.exec("DROP TABLE gearman_queue"));

    const result = await exported(flavour, queue);
    assert.equal(result.code, 2);
    const lines = result.stderr.trimEnd().split("\n").map((line) => line.replace(/H:\S+/, "H"));
    const another = "gearmand's queue has another job with this function and unique ID";
    assert.deepEqual(lines, [
      `Left job H (function "f", unique ""): ${another}`,
      `Left job H (function "f", unique "-"): ${another}`,
      `Left job H (function "f", unique "${
        "u".repeat(64)
      }"): its unique ID has 64 bytes, gearmand keeps 63`,
      `Left job H (function "f", unique "at ${
        2 ** 31
      }"): it waits for a time after 2038, gearmand has 32 bits for it`,
      `Left job H (function "f", unique "reduced"): it has a reducer, which gearmand does not keep`,
      "cogd: 5 jobs stayed in cogd's queue: gearmand cannot hold them",
    ]);
    assert.deepEqual([rows(file, "gearman_queue"), rows(file, "cogd_job")], [4, 5]);
    const times = withDatabase(
      file,
      (database) =>
        database.prepare("SELECT when_to_run AS t FROM gearman_queue ORDER BY rowid").all()
          .map((row) => row["t"]),
    );
    assert.deepEqual(times, [0, 0, 0, later]);

    // cogd itself goes on with both: it takes over what it wrote.
    await using cogd = await startCogd({ flavour, args: [queue, "--verbose=INFO"] });
    await cogd.process.waitForLog("9 jobs taken up from the queue");
  });

  test(`${flavour}: an export of nothing creates nothing`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "none.db");
    const missing = await exported(flavour, `--queue=sqlite:${file}`);
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /^cogd: Cannot export ".*none\.db": there is no such file\n$/);
    assert(!existsSync(file));
    const memory = await exported(flavour, "--queue=memory:");
    assert.equal(memory.code, 1);
    assert.match(
      memory.stderr,
      /^cogd: Cannot export memory: gearmand has no queue of this kind\n$/,
    );
    const layout = await exported(flavour, "--to=beanstalk", `--queue=sqlite:${file}`);
    assert.match(layout.stderr, /^cogd: Cannot export to "beanstalk": known are gearmand, /);
    const help = await exported(flavour, "--help");
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.match(help.stdout, /^Usage: cogd export/);
  });

  test(`${flavour}: an export tells a terminal how far it is, and nobody else`, {
    skip: flavourMissing(flavour),
  }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "queue.db");
    const server = await startCogd({ flavour, args: [`--queue=sqlite:${file}`] });
    {
      await using client = await WireClient.connect(server.port);
      await submit(client, [["f", "one", "x"], ["f", "two", "y"]]);
    }
    await server.stop();
    const { command, args } = cogdCommand(flavour);
    const words = [...args, "export", "--keep", `--queue=sqlite:${file}`];
    const quoted = [command, ...words].map((word) => `'${word}'`).join(" ");
    const shown = await runProgram("script", ["-qec", quoted, "/dev/null"], { timeoutMs: 60_000 });
    assert.equal(shown.code, 0, shown.output);
    const erased = "\r\x1b[K";
    assert.ok(shown.stdout.startsWith(`${erased}0 jobs looked at`), shown.stdout);
    assert.ok(shown.stdout.includes(`${erased}Wrote 2 jobs to `), shown.stdout);
    // gearmand's table has them already.
    const plain = await runProgram(command, words);
    assert.deepEqual([plain.code, plain.output.includes("\r")], [2, false]);
  });
}
