import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { bytesCodec, deferred, WorkerJob } from "../../src/client/mod.ts";
import { readArguments } from "../../src/cli/gearman/arguments.ts";
import { runCommand } from "../../src/cli/gearman/command.ts";
import { findProgram } from "../../src/cli/gearman/find_program.ts";
import { LineSplitter } from "../../src/cli/gearman/line_splitter.ts";
import { Progress } from "../../src/cli/progress.ts";
import { serversOf } from "../../src/cli/gearman/servers.ts";
import { workloads } from "../../src/cli/gearman/workloads.ts";
import { deadline, PATIENCE_MS } from "../support/mod.ts";

const words = (text: string) => text.split(" ").filter((word) => word !== "");

async function* stream(...pieces: string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) yield Buffer.from(piece, "latin1");
}

test("options of gearman stand before, between and behind other words, joined or apart", () => {
  const { given, mistake } = readArguments(words("-fone a -Pf two -p4731 -- -b"));
  assert.equal(mistake, undefined);
  assert.deepEqual(given.functions, ["one", "two"]);
  assert.deepEqual(given.operands, ["a", "-b"]);
  assert.deepEqual([given.prefix, given.background, given.port], [true, false, 4731]);
  assert.equal(readArguments(words("-f -b")).given.functions[0], "-b");
  assert.equal(readArguments(words("-f x -I -L")).given.priority, "low");
  assert.equal(readArguments(words("-f x -t -1")).given.timeoutMs, undefined);
  assert.equal(readArguments(words("-f x -t 0")).given.timeoutMs, 0);
  assert.equal(readArguments(words("-f x -nN")).given.lines, "bare lines");
});

test("what is wrong with gearman's words stands in its help", () => {
  const mistakes: readonly (readonly [string, string | undefined])[] = [
    ["", "No Functions were provided"],
    ["-z", "No Functions were provided"],
    ["-f", "No Functions were provided"],
    ["-zf x", "-?"],
    ["-f x -p", "-?"],
    ["-f x --help", "-?"],
    ["-f x -p abc", "-p abc"],
    ["-f x -p 65536", "-p 65536"],
    ["-f x -c 1x", "-c 1x"],
    ["-f x -H", undefined],
  ];
  for (const [given, mistake] of mistakes) {
    assert.equal(readArguments(words(given)).mistake, mistake, given);
  }
});

test("gearman's servers come from both variables, else from -h and -p", () => {
  const servers = (given: string, environment: Record<string, string> = {}) =>
    serversOf(readArguments(words(`-f x ${given}`)).given, environment).servers;
  assert.deepEqual(servers(""), ["localhost:4730"]);
  assert.deepEqual(servers("-h ::1 -p 1"), ["[::1]:1"]);
  assert.deepEqual(servers("-p 1", { GEARMAN_SERVER: "a:2,b" }), ["a:2", "b:4730"]);
  assert.deepEqual(servers("", { GEARMAN_SERVERS: "c:3" }), ["c:3"]);
  assert.deepEqual(servers("-p 1", { GEARMAN_SERVERS: "c:3" }), ["c:3", "localhost:1"]);
  assert.deepEqual(servers("", { GEARMAN_SERVER: "" }), ["localhost:4730"]);
  assert.throws(() => servers("", { GEARMAN_SERVER: "a:b" }), /Cannot use server address "a:b"/);
});

test("lines are cut wherever the pieces of a stream end, with any byte in them", () => {
  const cut = (keep: boolean, ...pieces: string[]) => {
    const splitter = new LineSplitter(keep, 10);
    const lines = pieces.flatMap((piece) => [...splitter.push(Buffer.from(piece, "latin1"))]);
    const rest = splitter.rest();
    return [...lines, ...(rest === undefined ? [] : [rest])]
      .map((line) => Buffer.from(line).toString("latin1"));
  };
  assert.deepEqual(cut(true, "a\nb", "c\n\n", "d"), ["a\n", "bc\n", "\n", "d"]);
  assert.deepEqual(cut(false, "a\nb", "c\n\n", "d\0\xff"), ["a", "bc", "", "d\0\xff"]);
  assert.deepEqual(cut(true, ""), []);
  assert.throws(() => cut(true, "12345", "6789012"), RangeError);
});

test("a line becomes a job before the next one is read", async () => {
  let read = 0;
  async function* input(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const piece of ["one\n", "two\n"]) {
      read++;
      yield Buffer.from(piece);
    }
  }
  const { given } = readArguments(words("-f x -N"));
  const jobs = workloads(given, input);
  assert.equal(Buffer.from((await jobs.next()).value!).toString(), "one");
  assert.equal(read, 1);
  await jobs.return();
});

test("jobs are words, standard input as a whole, or one without data", async () => {
  const all = async (given: string) => {
    const found: string[] = [];
    const input = () => stream("a\n", "b");
    for await (const data of workloads(readArguments(words(given)).given, input)) {
      found.push(Buffer.from(data).toString());
    }
    return found;
  };
  assert.deepEqual(await all("-f x one two"), ["one", "two"]);
  assert.deepEqual(await all("-f x"), ["a\nb"]);
  assert.deepEqual(await all("-f x -s"), [""]);
  assert.deepEqual(await all("-f x -n"), ["a\n", "b"]);
});

test("programs are found as a shell finds them", () => {
  assert.match(findProgram("sh", "/nowhere:/usr/bin:/bin")!, /^\/(usr\/)?bin\/sh$/);
  assert.equal(findProgram("/bin/sh"), "/bin/sh");
  assert.equal(findProgram("sh", "/nowhere"), undefined);
  assert.equal(findProgram("/etc/passwd"), undefined);
  assert.equal(findProgram("/etc"), undefined);
});

test("progress is written now and then, over itself, and taken away", () => {
  let now = 0;
  let text = "";
  const progress = new Progress("jobs done", 3, (more) => text += more, () => now);
  progress.step();
  assert.equal(text, "");
  now = 500;
  progress.step();
  assert.equal(text, "\r\x1b[K2 of 3 jobs done");
  progress.clear();
  progress.clear();
  assert.equal(text, "\r\x1b[K2 of 3 jobs done\r\x1b[K");
});

test("a command waits while its lines cannot be sent, and nothing of its output is lost", async () => {
  const lines = 300_000;
  const held = deferred<void>();
  /** Runs the program; its lines may be sent once `room` has settled. */
  const run = (room: Promise<void>, asked: () => void) => {
    const sent = { bytes: 0, lines: 0 };
    const assignment = { handle: "H:x:1", functionName: "f", unique: "", reducer: "" };
    const job = new WorkerJob(
      { ...assignment, workload: new Uint8Array(0) },
      "none",
      bytesCodec,
      new AbortController().signal,
      {
        send: (_, { data }) => {
          sent.bytes += data!.length;
          sent.lines++;
        },
        drained: () => {
          asked();
          return room;
        },
      },
    );
    const command = { path: "/usr/bin/seq", args: [`${lines}`], environment: {} };
    const streams = { out: () => {}, error: () => {}, input: () => stream() };
    return { sent, ended: runCommand({ ...command, lines: "lines" }, job, streams) };
  };
  const begun = deferred<void>();
  const slow = run(held.promise, () => begun.resolve());
  await deadline(begun.promise, PATIENCE_MS, "the first lines");
  const first = { ...slow.sent };
  // Another one runs to its end meanwhile: time enough for the first, if it did not wait.
  await deadline(run(Promise.resolve(), () => {}).ended, PATIENCE_MS, "the quick command");
  assert.deepEqual(slow.sent, first);
  assert.ok(first.lines > 0 && first.lines < lines, `${first.lines} lines before it waits`);
  held.resolve();
  await deadline(slow.ended, PATIENCE_MS, "the slow command");
  assert.equal(slow.sent.lines, lines);
  const digits = Array.from({ length: lines }, (_, at) => `${at + 1}\n`.length);
  assert.equal(slow.sent.bytes, digits.reduce((sum, length) => sum + length, 0));
});
