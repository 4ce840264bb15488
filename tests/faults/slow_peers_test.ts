import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { encodeRequest, MAGIC_REQUEST, PacketType } from "../../src/protocol/mod.ts";
import {
  COGD_BINARIES,
  type CogdFlavour,
  deadline,
  flavourMissing,
  PATIENCE_MS,
  type RunningCogd,
  startCogd,
  WireClient,
} from "../support/mod.ts";
import { Canary } from "./canary.ts";
import { mebibytes, type ProcessFigures, processFigures } from "./process_figures.ts";

const MIB = 1024 * 1024;
/** What a runtime's memory may grow by whatever it does: heap that is not collected yet, slabs. */
const SLACK = 96 * MIB;
/** The same when results of 1 MiB pass through: both runtimes let about 100 of them pile up. */
const SLACK_OF_LARGE_PACKETS = 192 * MIB;

interface Scene {
  readonly server: RunningCogd;
  readonly canary: Canary;
  /** What the server used before the test began. */
  readonly before: ProcessFigures;
}

async function scene(flavour: CogdFlavour, args: readonly string[] = []): Promise<Scene> {
  const server = await startCogd({
    flavour,
    // gearmand's queue of 32 overflows at once here, and connections would wait seconds.
    args: ["--queue-type=builtin", "--verbose=WARNING", "--backlog=1024", ...args],
  });
  try {
    const canary = await Canary.start(server.port, PATIENCE_MS);
    return { server, canary, before: await figuresWith(server, 0) };
  } catch (error) {
    await server.kill9();
    throw error;
  }
}

/** How far the server's memory has gone up at its highest. */
async function growth(server: RunningCogd, before: { memory: number }): Promise<number> {
  return (await processFigures(server.pid)).peakMemory - before.memory;
}

function requireLittle(grown: number, bound: number): void {
  assert.ok(grown < bound, `memory grew by ${mebibytes(grown)}, the bound is ${mebibytes(bound)}`);
}

/** Sends results of 1 MiB for a job of `client`, which does not read; answers how many were taken. */
async function flood(worker: WireClient, client: WireClient, results: number): Promise<void> {
  worker.send("CAN_DO", { args: ["flood"] });
  const created = await client.ask("SUBMIT_JOB", { args: ["flood", ""] }, "JOB_CREATED");
  await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
  client.pause();
  const packet = Buffer.from(encodeRequest(PacketType.WORK_DATA, {
    args: [created.args[0]!],
    data: Buffer.alloc(MIB, "result"),
  }));
  for (let i = 0; i < results; i++) {
    worker.sendBytes(packet);
    await worker.flushed();
  }
  // Whatever has become of the client, all of it has been taken when this is answered.
  await worker.expectSilence();
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: a client that stops reading is cut at the limit and hurts nobody`, {
    skip,
  }, async () => {
    const made = await scene(flavour, ["--send-buffer=16M"]);
    await using server = made.server;
    const { canary, before } = made;
    await using client = await WireClient.connect(server.port);
    await using worker = await WireClient.connect(server.port);
    await Promise.race([flood(worker, client, 400), canary.dead]);
    await server.process.waitForLog(/WARNING.*does not read its replies/);
    // 400 MiB came for it; the limit counts twice, because the runtime copies what it sends.
    requireLittle(await growth(server, before), 2 * 16 * MIB + SLACK_OF_LARGE_PACKETS);
    const { worstMs } = await canary.stop();
    assert.ok(server.process.running);
    console.error(`note: ${flavour}: while a slow reader was cut, others waited ${worstMs} ms`);
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
  });

  test(`${flavour}: a client that reads late, within the limit, gets every byte`, {
    skip,
  }, async () => {
    const made = await scene(flavour);
    await using server = made.server;
    const { canary } = made;
    await using client = await WireClient.connect(server.port);
    await using worker = await WireClient.connect(server.port);
    const results = 100;
    await Promise.race([flood(worker, client, results), canary.dead]);
    client.resume();
    const expected = Buffer.alloc(MIB, "result");
    for (let i = 0; i < results; i++) {
      const { data } = await client.expect("WORK_DATA");
      assert.ok(expected.equals(data), `result ${i} is damaged`);
    }
    await client.expectSilence();
    await canary.stop();
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
  });

  test(`${flavour}: headers that claim the largest packet take no memory`, { skip }, async () => {
    const made = await scene(flavour);
    await using server = made.server;
    const { canary, before } = made;
    const header = Buffer.alloc(12);
    header.writeUInt32BE(MAGIC_REQUEST, 0);
    header.writeUInt32BE(PacketType.SUBMIT_JOB_BG, 4);
    header.writeUInt32BE(256 * MIB, 8);
    const clients = await connectMany(server.port, 200);
    for (const client of clients) client.sendBytes(Buffer.concat([header, Buffer.alloc(100)]));
    await figuresWith(server, clients.length);
    requireLittle(await growth(server, before), SLACK);
    await canary.stop();
    await Promise.all(clients.map((client) => client.close()));
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
  });

  test(`${flavour}: packets that never end take the memory that was sent, not more`, {
    skip,
  }, async () => {
    const made = await scene(flavour);
    await using server = made.server;
    const { canary, before } = made;
    const part = Buffer.from(encodeRequest(PacketType.SUBMIT_JOB_BG, {
      args: ["slow", ""],
      data: Buffer.alloc(64 * 1024),
    }));
    const clients = await connectMany(server.port, 500);
    // Headers cut off, text without its end, and packets that stop somewhere in the middle.
    for (const [i, client] of clients.entries()) {
      if (i % 5 === 0) client.sendBytes(part.subarray(0, 11));
      else if (i % 5 === 1) client.sendText("status");
      else client.sendBytes(part.subarray(0, 1000 + i * 100));
      await client.flushed();
    }
    const sent = clients.reduce((sum, _, i) => sum + (i % 5 < 2 ? 11 : 1000 + i * 100), 0);
    await figuresWith(server, clients.length);
    requireLittle(await growth(server, before), 2 * sent + SLACK);
    // They are still served when they go on.
    for (const client of clients.filter((_, i) => i % 5 === 0)) {
      client.sendBytes(part.subarray(11));
      await client.expect("JOB_CREATED");
    }
    await canary.stop();
    await Promise.all(clients.map((client) => client.close()));
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
  });

  test(`${flavour}: 2,000 connections that come and go leave nothing behind`, {
    skip,
  }, async () => {
    const made = await scene(flavour);
    await using server = made.server;
    const { canary, before } = made;
    for (let i = 0; i < 4; i++) {
      const clients = await connectMany(server.port, 500);
      for (const [at, client] of clients.entries()) {
        client.send("CAN_DO", { args: [`function ${at % 7}`] });
        if (at % 2 === 0) client.send("PRE_SLEEP");
      }
      await figuresWith(server, clients.length);
      await Promise.all(
        clients.map((client, at) => at % 3 === 0 ? client.reset() : client.close()),
      );
    }
    const after = await figuresWith(server, 0, before.descriptors);
    requireLittle(after.memory - before.memory, SLACK);
    await canary.stop();
    assert.deepEqual(await server.stop(), { code: 0, signal: null }, server.process.stderr);
  });
}

async function connectMany(port: number, count: number): Promise<WireClient[]> {
  const clients: WireClient[] = [];
  while (clients.length < count) {
    const some = Math.min(50, count - clients.length);
    clients.push(
      ...await Promise.all(Array.from({ length: some }, () => WireClient.connect(port))),
    );
  }
  return clients;
}

/**
 * The server's figures when it knows exactly `count` connections besides the canary's and the one
 * that asks, and (where given) has no more than so many descriptors.
 */
async function figuresWith(
  server: RunningCogd,
  count: number,
  descriptors?: number,
): Promise<ProcessFigures> {
  await using admin = await WireClient.connect(server.port);
  let seen = "";
  const found = (async () => {
    for (;;) {
      admin.sendText("workers\n");
      const known = (await admin.readListing()).length - 3;
      const figures = await processFigures(server.pid);
      const most = descriptors ?? Infinity;
      if (known === count && figures.descriptors <= most) return figures;
      seen = `it knows ${known} and has ${figures.descriptors} descriptors, at most ${most} may be`;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return await deadline(found, PATIENCE_MS, `${count} connections`, () => seen);
}
