/** `--queue URL` with the whole server: where jobs go, and who can see a password. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  flavourMissing,
  freePort,
  ownFlavour,
  runProgram,
  startCogd,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";

const FLAVOURS = [ownFlavour(), ...COGD_BINARIES.filter((name) => name.startsWith(ownFlavour()))];

function argumentsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
}

for (const flavour of FLAVOURS) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: a queue in the file that the URL names outlives a kill`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "my queue.db");
    const args = [`--queue=sqlite://${file.replaceAll(" ", "%20")}`];
    {
      await using cogd = await startCogd({ flavour, args });
      assert(cogd.startLine.includes(`queue sqlite ${file}:`), cogd.startLine);
      await using client = await WireClient.connect(cogd.port);
      await client.ask("SUBMIT_JOB_BG", { args: ["f", "u"], data: "x" }, "JOB_CREATED");
      await cogd.kill9();
    }
    await using cogd = await startCogd({ flavour, args });
    await using client = await WireClient.connect(cogd.port);
    client.send("CAN_DO", { args: ["f"] });
    const job = await client.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    assert.equal(job.args[1], "f");
  });

  test(`${flavour}: passwords are in no message and not in the list of processes`, {
    skip,
  }, async () => {
    const secret = "pss-Qz71";
    const options = [
      `--mysql-password=${secret}`,
      "--redis-password",
      secret,
      `--libpq-conninfo=host=h password=${secret}`,
      `--mysql-url=mysql://user:${secret}@db.example/jobs`,
    ];
    await using cogd = await startCogd({ flavour, args: ["--queue=memory:", ...options] });
    const shown = argumentsOf(cogd.pid);
    assert(!shown.some((word) => word.includes(secret)), shown.join(" "));
    assert(shown.includes(`--mysql-url=mysql://user:${"x".repeat(secret.length)}@db.example/jobs`));
    assert(!cogd.process.stderr.includes(secret));

    const { command, args } = cogdCommand(flavour);
    const port = await freePort();
    const cases: [string, RegExp][] = [
      [`--queue=mysql://u:${secret}@127.0.0.1:${port}/d`, /Cannot open mysql 127\.0\.0\.1/],
      [`--queue=redis://u:${secret}@127.0.0.1:${port}`, /Cannot open redis 127\.0\.0\.1/],
      [`--queue=postgres://u:${secret}@127.0.0.1:${port}/d`, /Cannot open postgres 127\.0\.0\.1/],
      [`--queue=mysql://u:${secret}@h:99999/d`, /Cannot use --mysql-url/],
      [`--queue=redis://u:${secret}@h/x`, /Cannot use --redis-url/],
      [`--queue=tape://u:${secret}@h`, /begin with tape:/],
      [`--queu=tape://u:${secret}@h`, /unrecognised option/],
      [`redis://u:${secret}@h`, /unrecognised option/],
    ];
    const tried = await Promise.all(cases.map(async ([word, message]) => {
      await using folder = await temporaryFolder();
      const own = ["-p0", "-L127.0.0.1", `--data-dir=${folder.path}`, "--verbose=DEBUG"];
      const result = await runProgram(command, [...args, ...own, word]);
      return { word, message, result };
    }));
    for (const { word, message, result } of tried) {
      assert.equal(result.code, 1, `${word}: ${result.output}`);
      assert.match(result.stderr, message);
      assert(!result.output.includes(secret), result.output);
    }
  });
}
