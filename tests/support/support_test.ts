import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { bytesOf, encodeReply, PacketType } from "../../src/protocol/mod.ts";
import { ByteQueue } from "./byte_queue.ts";
import {
  deadline,
  DeadlineError,
  freePort,
  PATIENCE_MS,
  runProgram,
  ServerProcess,
  startGearmand,
  temporaryFolder,
  WireClient,
} from "./mod.ts";
import { programMissing } from "./programs.ts";

/** A TCP server whose connections the test handles, and one client of it. */
async function pair(): Promise<{ server: Server; peer: Socket; client: WireClient }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const client = await WireClient.connect(address.port);
  const [peer] = await accepted as [Socket];
  peer.on("error", () => {});
  return { server, peer, client };
}

async function closeAll(all: { server: Server; peer: Socket; client: WireClient }): Promise<void> {
  await all.client.close();
  all.peer.destroy();
  all.server.close();
}

test("a deadline passes results and errors on, and says what was awaited when it is late", async () => {
  assert.equal(await deadline(Promise.resolve(7), 1_000, "seven"), 7);
  await assert.rejects(deadline(Promise.reject(new Error("no")), 1_000, "it"), /no/);
  await assert.rejects(
    deadline(new Promise(() => {}), 5, "a reply", () => "two bytes"),
    (error: Error) => {
      assert.ok(error instanceof DeadlineError);
      assert.equal(error.message, "Waited 5 ms in vain for a reply: two bytes");
      return true;
    },
  );
});

test("a temporary folder is gone with all it holds at the end of its block", async () => {
  let path: string;
  {
    await using folder = await temporaryFolder();
    path = folder.path;
    assert.ok(existsSync(path));
  }
  assert.ok(!existsSync(path));
});

test("a free port can be listened on", async () => {
  const server = createServer();
  server.listen(await freePort(), "127.0.0.1");
  await once(server, "listening");
  server.close();
});

test("a program gets its input and environment, and gives output and exit code", async () => {
  const result = await runProgram("/bin/sh", ["-c", 'cat; echo "$A" >&2; exit 3'], {
    stdin: "input",
    env: { A: "variable" },
  });
  assert.deepEqual([result.stdout, result.stderr, result.code], ["input", "variable\n", 3]);
  const bare = await runProgram("/usr/bin/env", [], { bareEnvironment: true, env: { B: "1" } });
  assert.equal(bare.stdout, "B=1\n");
  await assert.rejects(runProgram("/no/such/program"), /Cannot run \/no\/such\/program/);
});

test("a program that takes too long is killed together with its children", async () => {
  const result = await runProgram("/bin/sh", ["-c", "sleep 60 & sleep 60"], { timeoutMs: 50 });
  assert.equal(result.timedOut, true);
  assert.equal(result.signal, "SIGKILL");
});

test("the arguments of the own runtime arrive unchanged", async () => {
  const version = await runProgram(process.execPath, ["--version"]);
  assert.equal(version.code, 0, version.output);
});

test("a server process is watched by its log and ended by signals", async () => {
  const server = await ServerProcess.start("/bin/sh", [
    "-c",
    'trap "echo bye >&2; exit 4" TERM; echo ready >&2; while :; do sleep 0.01; done',
  ]);
  assert.equal(await server.waitForLog(/^rea/), "ready");
  assert.deepEqual(await server.stop(), { code: 4, signal: null });
  assert.equal(server.stderr, "ready\nbye\n");
  await assert.rejects(server.waitForLog("never"), /ended before a line with never/);

  const stubborn = await ServerProcess.start("/bin/sh", [
    "-c",
    'trap "" TERM; echo up >&2; exec sleep 60',
  ]);
  await assert.rejects(ServerProcess.start("/no/such/program", []), /Cannot start/);
  await stubborn.waitForLog("up");
  await assert.rejects(
    stubborn.stop(20),
    /Waited 20 ms in vain for \/bin\/sh to end after SIGTERM/,
  );
  assert.equal((await stubborn.kill9()).signal, "SIGKILL");
});

test("bytes are taken in order, whatever way they arrived", () => {
  const queue = new ByteQueue();
  for (const part of ["ab", "c", "", "def\n", "gh"]) queue.push(bytesOf(part));
  assert.deepEqual(queue.peek(3), Buffer.from("abc"));
  assert.deepEqual(queue.take(2), Buffer.from("ab"));
  assert.equal(queue.take(100), undefined);
  assert.deepEqual(queue.takeThrough(bytesOf("\n")), Buffer.from("cdef\n"));
  assert.equal(queue.takeThrough(bytesOf("\n")), undefined);
  assert.deepEqual(Buffer.from(queue.takeAll()), Buffer.from("gh"));
  assert.equal(queue.length, 0);
});

test("a wire client reads packets and text from one stream, split anywhere", async () => {
  const all = await pair();
  const packet = encodeReply(PacketType.JOB_ASSIGN, { args: ["H:a:1", "f"], data: "x\0y" });
  const stream = [packet, bytesOf("OK\r\n1\ta\n.\n"), packet];
  for (const byte of stream.flatMap((part) => [...part])) all.peer.write(Uint8Array.of(byte));
  const first = await all.client.expect("JOB_ASSIGN");
  assert.deepEqual([first.args, [...first.data]], [["H:a:1", "f"], [120, 0, 121]]);
  assert.equal(await all.client.readLine(), "OK\r\n");
  assert.deepEqual(await all.client.readListing(), ["1\ta"]);
  await assert.rejects(
    all.client.expect("NO_JOB"),
    /expected NO_JOB, got JOB_ASSIGN \("H:a:1", "f"\)/,
  );
  assert.equal(all.client.unreadBytes, 0);
  all.peer.write("text");
  await assert.rejects(all.client.readPacket(), /expected a packet, got 4 bytes unread.*"text"/);
  await closeAll(all);
});

test("a wire client notices a half-close and a lost connection", async () => {
  const all = await pair();
  all.client.sendText("last words");
  all.client.halfClose();
  all.peer.resume();
  await once(all.peer, "end");
  all.peer.end("reply\n");
  assert.equal(await all.client.readLine(), "reply\n");
  assert.equal(await all.client.waitForEnd(), "end");
  await assert.rejects(
    all.client.readPacket(),
    /The connection ended \(end\) before a packet came/,
  );
  await closeAll(all);
});

test("a wire client can reset its connection", async () => {
  const all = await pair();
  const closed = new Promise<void>((resolve) => all.peer.on("close", () => resolve()));
  const errors: string[] = [];
  all.peer.on("error", (error: Error & { code?: string }) => errors.push(error.code ?? ""));
  all.peer.resume();
  await all.client.reset();
  await deadline(closed, PATIENCE_MS, "the peer to notice");
  assert.deepEqual(errors, ["ECONNRESET"]);
  await closeAll(all);
});

test("a wire client that is paused lets bytes pile up on the other side", async () => {
  const all = await pair();
  all.client.pause();
  const block = new Uint8Array(1 << 20);
  while (all.peer.writableLength < 16 << 20) all.peer.write(block);
  const written = all.peer.bytesWritten;
  assert.ok(written > all.client.unreadBytes);
  all.client.resume();
  all.peer.end();
  const received = await all.client.readToEnd();
  assert.ok(received.length >= 16 << 20);
  await closeAll(all);
});

test(
  "C gearmand starts on a free port, answers and ends",
  { skip: programMissing("gearmand") },
  async () => {
    await using gearmand = await startGearmand();
    await using client = await WireClient.connect(gearmand.port);
    await client.expectSilence();
    client.sendText("version\n");
    assert.match(await client.readLine(), /^OK /);
    await client.flushed();
  },
);
