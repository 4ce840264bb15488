import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  runProgram,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { comparisonMissing, startServerNamed } from "./servers.ts";

/** `cogd gearadmin` beside Debian's `gearadmin`: the same words, the same server. */

const SAME: readonly string[][] = [
  ["--getpid"],
  ["--stat"],
  ["--priority"],
  ["--workers"],
  ["--show-jobs"],
  ["--show-u"],
  ["--server-version"],
  ["--server-verbose"],
  ["--status", "stray", "--getpid", "--server-version"],
  ["--drop-function", "same", "--create-function", "same"],
  ["--drop-function", "never there", "--getpid"],
  ["--create-function", "two words"],
  ["--cancel-job", "H:nowhere:1"],
];

/** No server is needed for these: mistakes, and servers that are not there. */
const SAME_WITHOUT_SERVER: readonly string[][] = [
  ["-p", "1", "--status"],
  ["-p", "70000", "--status"],
  ["-p", "no-such-service", "--status"],
  ["-p=", "--status"],
  ["-h", "bad..name", "--status"],
  ["-h", "", "--status"],
];

/** The message in front of the help, which has more lines than the original's. */
const MISTAKES: readonly string[][] = [
  [],
  ["--"],
  ["stray"],
  ["--s"],
  ["--sh"],
  ["--server-ver"],
  ["--h"],
  ["--status=1"],
  ["--status", "--status"],
  ["--port=", "--status"],
  ["--create-function"],
  ["--STATUS"],
  ["-statu"],
  ["-x"],
  ["--help"],
];

async function linkTo(flavour: CogdFlavour) {
  const folder = await temporaryFolder();
  const path = join(folder.path, "gearadmin");
  await symlink(cogdCommand(flavour).command, path);
  return { path, [Symbol.asyncDispose]: () => folder.remove() };
}

async function run(program: string, args: readonly string[]) {
  const { stdout, stderr, code } = await runProgram(program, args);
  // Messages begin with the path of the program.
  return { stdout: stdout.replace(/^\S*(?=gearadmin :)/, ""), stderr, code };
}

/** Connections and jobs have other numbers each time. */
function comparable({ stdout, stderr, code }: Awaited<ReturnType<typeof run>>) {
  return { stdout: stdout.replace(/^\d+ (?=127)/gm, "N ").split("\n").sort(), stderr, code };
}

for (const flavour of COGD_BINARIES) {
  const skip = comparisonMissing(flavour, "gearadmin");

  for (const kind of ["gearmand", flavour] as const) {
    test(`${flavour}: gearadmin is as the original with ${kind}`, { skip }, async (t) => {
      await using server = await startServerNamed(kind);
      await using own = await linkTo(flavour);
      await using worker = await WireClient.connect(server.port);
      worker.send("CAN_DO", { args: ["resize"] });
      await using client = await WireClient.connect(server.port);
      await client.ask("SUBMIT_JOB_BG", { args: ["resize", "unique 1"], data: "x" }, "JOB_CREATED");
      for (const args of SAME) {
        const words = ["-p", String(server.port), ...args];
        const theirs = comparable(await run("gearadmin", words));
        const ours = comparable(await run(own.path, words));
        await t.test(args.join(" "), () => assert.deepEqual(ours, theirs));
      }
    });
  }

  test(`${flavour}: gearadmin tells of mistakes as the original`, { skip }, async (t) => {
    await using own = await linkTo(flavour);
    for (const args of SAME_WITHOUT_SERVER) {
      const [theirs, ours] = await Promise.all([run("gearadmin", args), run(own.path, args)]);
      await t.test(args.join(" "), () => assert.deepEqual(ours, theirs));
    }
    for (const args of MISTAKES) {
      const [theirs, ours] = await Promise.all([run("gearadmin", args), run(own.path, args)]);
      await t.test(args.join(" "), () => {
        assert.equal(ours.stdout.slice(0, theirs.stdout.length), theirs.stdout);
        assert.deepEqual([ours.stderr, ours.code], [theirs.stderr, theirs.code]);
      });
    }
  });

  test(
    `${flavour}: gearadmin has limits of queues, JSON, a view and a check`,
    { skip },
    async () => {
      await using server = await startServerNamed(flavour);
      await using own = await linkTo(flavour);
      const port = ["-p", String(server.port)];
      const admin = (...args: string[]) => run(own.path, [...port, ...args]);
      assert.equal((await admin("--create-function", "f", "--maxqueue", "f=1")).stdout, "OK\nOK\n");
      await using client = await WireClient.connect(server.port);
      await client.ask("SUBMIT_JOB_BG", { args: ["f", ""], data: "x" }, "JOB_CREATED");
      await client.ask("SUBMIT_JOB_BG", { args: ["f", ""], data: "x" }, "ERROR");
      const json = await admin("--json", "--status", "--getpid", "--priority", "--maxqueue", "f=");
      assert.deepEqual(json.stdout.trim().split("\n").map((line) => JSON.parse(line)), [
        { action: "getpid", pid: server.pid },
        { action: "maxqueue", function: "f", limits: [null, null, null], ok: true },
        {
          action: "priority-status",
          functions: [{ function: "f", high: 0, normal: 1, low: 0, workers: 0 }],
        },
        { action: "status", functions: [{ function: "f", total: 1, running: 0, workers: 0 }] },
      ]);
      const refused = await admin("--json", "--drop-function", "nothing");
      assert.deepEqual([refused.code, JSON.parse(refused.stdout)], [
        1,
        { action: "drop-function", error: "function not found" },
      ]);
      const top = await admin("top", "--count", "2", "--interval", "0.1");
      assert.equal(top.code, 0);
      assert.equal(top.stdout.match(/^f +1 +0 +1 +0 +0 +0$/gm)?.length, 2);
      assert.deepEqual(await admin("check"), {
        stdout: "GEARMAN OK - 1 functions, 1 jobs waiting, 0 running, 0 workers | " +
          "waiting=1;;;0 running=0;;;0 workers=0;;;0\n",
        stderr: "",
        code: 0,
      });
      const codes = await Promise.all([
        admin("check", "--waiting-warning", "0"),
        admin("check", "--function", "f", "--workers-critical", "1"),
        run(own.path, ["check", "-p", "1"]),
        admin("check", "--waiting", "x"),
      ]);
      assert.deepEqual(codes.map(({ code }) => code), [1, 2, 2, 3]);
    },
  );

  test(`${flavour}: commands by word and by name`, { skip }, async () => {
    const { command } = cogdCommand(flavour);
    const cogd = (...args: string[]) => run(command, args);
    assert.match((await cogd("gearadmin", "--help")).stdout, /^Options:\n {2}--help/);
    assert.match((await cogd("help", "gearman")).stdout, /^\ngearman\tError in usage/);
    assert.match((await cogd("help")).stdout, /^Usage: cogd \[options\]/);
    assert.equal((await cogd("serve", "--check-args")).code, 0);
    assert.match((await cogd("completion", "bash")).stdout, /^complete .* gearadmin$/m);
    assert.equal((await cogd("help", "nothing")).code, 1);
    await using folder = await temporaryFolder();
    const link = join(folder.path, "gearmand");
    await symlink(command, link);
    assert.equal((await run(link, ["--check-args"])).code, 0);
    // The name says it all: a word behind it is none of the commands.
    assert.match((await run(link, ["gearadmin"])).stderr, /^cogd: unrecognised option 'gearadmin'/);
  });
}
