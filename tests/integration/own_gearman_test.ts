import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  type ProgramResult,
  type RunOptions,
  runProgram,
  ServerProcess,
  temporaryFolder,
} from "../support/mod.ts";
import { comparisonMissing, startServerNamed, until, untilStatus } from "./servers.ts";

/** `cogd gearman` beside Debian's `gearman`: the same words, the same server. */

interface Call {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Byte for byte the same as the original. */
const SAME: readonly Call[] = [
  { args: ["-f", "upper"], stdin: "one\ntwo\n" },
  { args: ["-f", "upper"] },
  { args: ["-P", "-f", "upper"] },
  { args: ["-s", "-f", "upper"], stdin: "not read" },
  { args: ["-f", "upper", "one", "-P", "two"] },
  { args: ["-f", "upper", "one", "--", "-P"] },
  { args: ["-Pfupper", "x"] },
  { args: ["-n", "-P", "-f", "upper"], stdin: "one\ntwo\nthree" },
  { args: ["-N", "-P", "-f", "upper"], stdin: "one\ntwo\n" },
  { args: ["-I", "-f", "upper", "x"] },
  { args: ["-L", "-u", "my id", "-f", "upper", "x"] },
  { args: ["-b", "-f", "later", "x", "y"] },
  { args: ["-f", "fails", "x"] },
  { args: ["-P", "-f", "fails", "-f", "fails", "x"] },
  { args: ["-f", "nothing", "x"] },
  { args: ["-f", "upper", "-c", "5", "x"] },
  { args: ["-H"] },
  { args: ["-H", "-f", "x", "-v", "-b", "-N"] },
  { args: ["-H", "-z", "-f", "x"] },
  { args: ["x"] },
  { args: ["-f", "upper", "--help"] },
  { args: ["-f", "upper", "-p"] },
  { args: ["-z", "-f", "upper"] },
  { args: ["-h", "127.0.0.1", "-f", "upper", "x"] },
];

/** The same output, but for source lines and processes; the original ends with 0, ours with 1. */
const SAME_BUT_CODE: readonly Call[] = [
  { args: ["-t", "500", "-f", "nobody", "x", "y"] },
  { args: ["-p", "1", "-f", "upper", "x", "y"] },
  { args: ["-p", "1", "-b", "-f", "upper", "x"] },
  { args: ["-h", "no..host", "-f", "upper", "x"] },
  { args: ["-f", "", "x"] },
  { args: ["-f", "x".repeat(513), "x"] },
  { args: ["-f", "upper", "-u", "x".repeat(65), "x"] },
];

function output({ stdout, stderr }: ProgramResult): string {
  // The help names the path of the program.
  const named = `${stdout}|${stderr}`.replace(/\S*\/gearman(?=[\t ])/g, "gearman");
  return named.replace(/ -> lib.*/g, "").replace(/ pid\(\d+\)/g, "");
}

/** A folder with a link `gearman` to the executable, which then plays that part. */
async function linkTo(flavour: CogdFlavour) {
  const folder = await temporaryFolder();
  const path = join(folder.path, "gearman");
  await symlink(cogdCommand(flavour).command, path);
  return { path, folder, [Symbol.asyncDispose]: () => folder.remove() };
}

function run(program: string, port: number, args: readonly string[], options: RunOptions = {}) {
  return runProgram(program, ["-p", String(port), ...args], {
    ...options,
    env: { GEARMAN_SERVER: undefined, GEARMAN_SERVERS: undefined, ...options.env },
  });
}

for (const flavour of COGD_BINARIES) {
  const skip = comparisonMissing(flavour, "gearman");

  test(`${flavour}: gearman prints and ends as the original`, { skip }, async (t) => {
    await using server = await startServerNamed("gearmand");
    await using own = await linkTo(flavour);
    const port = String(server.port);
    const worker = (name: string, ...command: string[]) =>
      ServerProcess.start(own.path, ["-p", port, "-w", "-f", name, "--", ...command]);
    const workers = await Promise.all([
      worker("upper", "tr", "a-z", "A-Z"),
      worker("fails", "sh", "-c", "cat >/dev/null; echo some output; exit 3"),
      worker("nothing", "sh", "-c", "cat >/dev/null"),
    ]);
    try {
      for (const { args, stdin = "", env = {} } of [...SAME, ...SAME_BUT_CODE]) {
        const theirs = await run("gearman", server.port, args, { stdin, env });
        const ours = await run(own.path, server.port, args, { stdin, env });
        const codes = SAME_BUT_CODE.some((call) => call.args === args)
          ? [0, 1]
          : [theirs.code, theirs.code];
        const name = `${JSON.stringify(stdin)} ${args.join(" ").slice(0, 60)}`;
        await t.test(name, () => {
          assert.equal(output(ours), output(theirs));
          assert.deepEqual([theirs.code, ours.code], codes);
        });
      }
    } finally {
      await Promise.all(workers.map((process) => process.stop()));
    }
  });

  test(`${flavour}: gearman does what the original does not`, { skip }, async () => {
    await using server = await startServerNamed(flavour);
    await using own = await linkTo(flavour);
    const { port } = server;
    const worker = await ServerProcess.start(own.path, ["-p", `${port}`, "-w", "-f", "cat", "cat"]);
    try {
      const seen = async (args: readonly string[], options: RunOptions = {}) => {
        const { code, stdout, stderr } = await run(own.path, port, args, options);
        return [stdout, stderr, code];
      };
      // Lines that are empty, hold a NUL, end without LF, or are long.
      assert.deepEqual(await seen(["-N", "-P", "-f", "cat"], { stdin: "a\n\nb\0c\nd" }), [
        "cat: acat: cat: b\0ccat: d",
        "",
        0,
      ]);
      const long = `${"x".repeat(100_000)}\n`;
      assert.deepEqual(await seen(["-n", "-P", "-f", "cat"], { stdin: long }), [
        `cat: ${long}`,
        "",
        0,
      ]);
      assert.deepEqual(await seen(["-f", "cat", ""]), ["", "", 0]);
      const env = { GEARMAN_SERVER: `127.0.0.1:1,127.0.0.1:${port}` };
      assert.deepEqual(await seen(["-f", "cat", "x"], { env }), ["x", "", 0]);
      const verbose = await run(own.path, port, ["-v", "-f", "cat", "x"]);
      assert.match(verbose.stdout, /^Task created: H:\S+:\d+\nx$/);
      const missing = await run(own.path, port, ["-w", "-f", "x", "/no/such/program"]);
      assert.deepEqual([missing.code, missing.stderr], [
        1,
        'gearman: Cannot run "/no/such/program": there is no such program\n',
      ]);
    } finally {
      await worker.stop();
    }
  });

  test(`${flavour}: gearman's workers pass large data and lines on, and say how a job failed`, {
    skip,
  }, async () => {
    await using server = await startServerNamed(flavour);
    await using own = await linkTo(flavour);
    const { port } = server;
    const both = async (name: string, client: RunOptions, ...words: string[]) => {
      const [work, result] = await Promise.all([
        run(own.path, port, ["-w", "-c", "1", "-f", name, ...words]),
        run(own.path, port, ["-P", "-f", name], client),
      ]);
      return { work, result };
    };
    // More than pipes and sockets hold, in both directions at once.
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
    const large = await both("large", { stdin: bytes }, "--", "cat");
    assert.deepEqual(large.result.stdoutBytes.subarray("large: ".length).length, bytes.length);
    assert.ok(bytes.every((byte, at) => large.result.stdoutBytes[at + 7] === byte));
    const lines = await both("lines", {}, "-n", "--", "printf", "a\\nb\\nc");
    assert.equal(lines.result.stdout, "lines: a\nlines: b\nlines: clines: ");
    const killed = await both("killed", {}, "--", "sh", "-c", "echo x; kill -9 $$");
    assert.deepEqual([killed.result.stdout, killed.result.stderr, killed.result.code], [
      "killed: x\n",
      "killed: Job failed\n",
      1,
    ]);
    assert.match(killed.work.stderr, /Job \S+ failed: the command was ended by SIGKILL\n$/);
  });

  test(`${flavour}: SIGTERM lets gearman's worker finish its job`, { skip }, async () => {
    await using server = await startServerNamed(flavour);
    await using own = await linkTo(flavour);
    const mark = join(own.folder.path, "mark");
    const pidFile = join(own.folder.path, "pid");
    const command = `: > ${mark}; while [ -e ${mark} ]; do :; done; echo done`;
    const worker = await ServerProcess.start(own.path, [
      ...["-p", `${server.port}`, "-w", "-i", pidFile, "-f", "slow", "--", "sh", "-c", command],
    ]);
    const client = run(own.path, server.port, ["-f", "slow", "x"]);
    await until("the job to begin", () => Promise.resolve(existsSync(mark) || undefined));
    assert.equal(readFileSync(pidFile, "utf8"), `${worker.pid}\n`);
    worker.signal("SIGTERM");
    await untilStatus(server.port, /^slow\t1\t1\t/);
    await runProgram("rm", [mark]);
    assert.deepEqual([(await client).stdout, (await client).code], ["done\n", 0]);
    assert.deepEqual(await worker.exited, { code: 0, signal: null });
    assert.equal(existsSync(pidFile), false);
  });

  test(`${flavour}: gearman -d works in the background`, { skip }, async () => {
    await using server = await startServerNamed(flavour);
    await using own = await linkTo(flavour);
    const pidFile = join(own.folder.path, "pid");
    const args = ["-d", "-i", pidFile, "-c", "1", "-w", "-f", "cat", "cat"];
    const started = await run(own.path, server.port, args);
    assert.deepEqual([started.code, started.output], [0, ""]);
    assert.ok(existsSync(pidFile));
    assert.equal((await run(own.path, server.port, ["-f", "cat", "x"])).stdout, "x");
    await until("it to end", () => Promise.resolve(existsSync(pidFile) ? undefined : true));
  });
}
