import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { writeBetweenMarkers } from "../../scripts/bench/document.ts";
import { FrameWalker, replyFrame, Type } from "../../scripts/bench/generator/frames.ts";
import { LatencySamples } from "../../scripts/bench/generator/latency.ts";
import { FUNCTION_NAME, Submissions } from "../../scripts/bench/generator/submissions.ts";
import { readOptions } from "../../scripts/bench/options.ts";
import { serverKinds } from "../../scripts/bench/server_kinds.ts";
import { median, spread } from "../../scripts/bench/statistics.ts";
import { amount, markdownTable, ratio } from "../../scripts/bench/table.ts";
import { selectWorkloads } from "../../scripts/bench/workloads/mod.ts";
import { type Packet, PacketDecoder, textOf } from "../../src/protocol/mod.ts";
import { temporaryFolder } from "../support/mod.ts";

const LIMITS = { maxPacketBytes: 1000, maxArgumentBytes: 1000, maxLineBytes: 1000 };
const PROGRAMS = { deno: "deno", bun: "bun" };

/** What cogd itself reads in the bytes. */
function decoded(bytes: Uint8Array): { name: string; args: string[]; dataBytes: number }[] {
  const found: { name: string; args: string[]; dataBytes: number }[] = [];
  const decoder = new PacketDecoder({
    packet: (packet: Packet) => {
      found.push({
        name: packet.shape.name,
        args: packet.shape.args.map((_, i) => textOf(packet.argument(i))),
        dataBytes: packet.takeData().length,
      });
    },
    malformed: () => assert.fail("malformed packet"),
    line: () => assert.fail("a text line"),
  }, LIMITS);
  decoder.push(bytes);
  return found;
}

test("submissions of the load generator are whole packets with the workload asked for", () => {
  const shape = { foreground: true, unique: false, workloadBytes: 64 };
  const one = { name: "SUBMIT_JOB", args: [FUNCTION_NAME, ""], dataBytes: 64 };
  const submissions = new Submissions(shape, 10);
  assert.deepEqual(decoded(submissions.take(2)), [one, one]);
  assert.deepEqual(decoded(submissions.take(1)), [one]);
});

test("unique IDs of the load generator have 36 characters and never repeat", () => {
  const submissions = new Submissions({ foreground: false, unique: true, workloadBytes: 5 }, 600);
  const packets = [600, 600, 1, 12].flatMap((count) => decoded(submissions.take(count)));
  const uniques = packets.map(({ args }) => args[1]!);
  assert.equal(packets.length, 1213);
  assert.equal(new Set(uniques).size, 1213);
  assert.ok(uniques.every((unique) => unique.length === 36));
  assert.ok(packets.every(({ name, dataBytes }) => name === "SUBMIT_JOB_BG" && dataBytes === 5));
});

test("frames are found in a stream however it is cut", () => {
  const stream = Buffer.concat([
    replyFrame(Type.NOOP),
    replyFrame(Type.JOB_CREATED, "H:x:1"),
    replyFrame(Type.NO_JOB),
    replyFrame(Type.JOB_CREATED, "H:x:23"),
  ]);
  for (let size = 1; size <= stream.length; size++) {
    const found: [number, string][] = [];
    const walker = new FrameWalker((type, bytes, start, end) => {
      found.push([type, bytes.toString("latin1", start, end)]);
    });
    for (let at = 0; at < stream.length; at += size) walker.feed(stream.subarray(at, at + size));
    assert.deepEqual(found, [
      [Type.NOOP, ""],
      [Type.JOB_CREATED, "H:x:1"],
      [Type.NO_JOB, ""],
      [Type.JOB_CREATED, "H:x:23"],
    ]);
  }
});

test("latencies are summed up as median and 99th percentile", () => {
  const samples = new LatencySamples();
  assert.equal(samples.summary(), null);
  for (let i = 100; i >= 1; i--) samples.add(i);
  assert.deepEqual(samples.summary(), { p50: 51, p99: 100 });
});

test("medians and spreads of rounds", () => {
  assert.equal(median([30, 10, 20]), 20);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.equal(spread([90, 100, 120]), 0.15);
});

test("figures have three digits and a dash stands for none", () => {
  assert.deepEqual(
    [0, 0.123456, 9.994, 123.4, 9_994, 12_345, 999_400, 1_234_567, NaN].map(amount),
    ["0", "0.123", "9.99", "123", "9990", "12.3 k", "999 k", "1.23 M", "–"],
  );
  assert.deepEqual([ratio(3, 2), ratio(NaN, 2), ratio(1, 0)], ["1.5×", "–", "–"]);
  assert.equal(markdownTable(["a", "b"], [["1", "2"]]), "| a | b |\n| --- | --- |\n| 1 | 2 |");
});

test("a workload's name means that one, the beginning of names all of them", () => {
  const names = (word: string) => selectWorkloads([word], "quick").map(({ name }) => name);
  assert.deepEqual(names("background"), ["background"]);
  assert.deepEqual(names("durable-1"), ["durable-1"]);
  assert.deepEqual(names("durable"), ["durable-single", "durable-1", "durable-10", "durable-100"]);
  const http = names("http");
  assert.ok(http.length > 4 && http.every((name) => name.startsWith("http-")));
  assert.deepEqual(
    selectWorkloads([], "quick").filter(({ name }) =>
      http.includes(name) || name.includes("mysql")
    ),
    [],
    "what needs other programs is measured only when it is asked for",
  );
  assert.deepEqual(names("stores").filter((name) => http.includes(name)), []);
  assert.throws(() => names("nothing"), /Cannot measure 'nothing': workloads are background, /);
});

test("a server may be any command line with a place for the port", () => {
  const place = { port: 5, dataDir: "/d", queue: "sqlite" } as const;
  const [plain, durable] = serverKinds(["mine:prog -p {port}", "other:prog {queue}"], PROGRAMS);
  assert.equal(plain!.name, "mine");
  assert.equal(plain!.commandLine(place), undefined, "it cannot have a durable queue");
  assert.deepEqual(plain!.commandLine({ ...place, queue: "memory" }), {
    command: "prog",
    args: ["-p", "5"],
  });
  assert.deepEqual(durable!.commandLine(place)?.args, ["--queue-type=sqlite", "--data-dir=/d"]);
  const withHttp = { ...place, queue: "memory", httpPort: 6 } as const;
  assert.equal(plain!.commandLine(withHttp), undefined, "it has no place for HTTP's port");
  const [both] = serverKinds(["both:prog {port} {http-port}"], PROGRAMS);
  assert.deepEqual(both!.commandLine(withHttp)?.args, ["5", "6"]);
  assert.throws(() => serverKinds(["nginx"], PROGRAMS), /Cannot measure 'nginx': it is none of c/);
});

test("wrong options are refused", () => {
  assert.throws(() => readOptions(["--rounds", "0"]), /Cannot use --rounds 0/);
  assert.throws(() => readOptions(["--fast"]));
  assert.deepEqual(readOptions(["--only", "a, b,"]).only, ["a", "b"]);
});

test("figures are written between the markers of a page and nowhere else", async () => {
  await using folder = await temporaryFolder();
  const page = join(folder.path, "page.md");
  await writeFile(page, "before\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n");
  await writeBetweenMarkers(page, "new");
  assert.equal(
    await readFile(page, "utf8"),
    "before\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nafter\n",
  );
  await writeFile(page, "nothing");
  await assert.rejects(writeBetweenMarkers(page, "new"), /Cannot write figures into /);
});
