/** A peer that asks faster than it can be answered waits; it does not fill the memory. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { joinBytes } from "../../src/protocol/mod.ts";
import { request } from "./memory_network.ts";
import { turn } from "./scripted_store.ts";
import { startDurableFixture, startFixture } from "./server_fixture.ts";

test("a chunk of short requests with long replies is answered as the peer takes them", async () => {
  for (const peerEnds of [false, true]) {
    const { connect, server } = await startFixture({ limits: { pauseSendBytes: 1000 } });
    for (let i = 0; i < 20; i++) connect().send("CAN_DO", `function${i}`);
    const peer = connect();
    peer.reads = false;
    peer.sendText("status\n".repeat(500) + "version\n");
    if (peerEnds) peer.halfClose();
    await turn();
    const unsent = [...server.connections()][0]!.unsentBytes;
    assert.ok(unsent < 2000, `${unsent} bytes wait`);
    assert.equal(peer.paused, true);
    const first = peer.take().length;
    assert.ok(first < 100, `${first} lines came`);
    let lines = first;
    for (let turns = 0; lines < 500 * 21 + 1 && turns < 600; turns++) {
      peer.readOn();
      peer.reads = turns > 20;
      await turn();
      lines += peer.take().length;
    }
    assert.equal(lines, 500 * 21 + 1);
    assert.deepEqual([peer.paused, peer.ended], [false, peerEnds]);
  }
});

test("input that ends a connection does so also when it had to wait", async () => {
  const { connect, log } = await startFixture({ limits: { pauseSendBytes: 100 } });
  const peer = connect();
  peer.reads = false;
  peer.sendBytes(request("ECHO_REQ", "x".repeat(200)));
  await turn();
  peer.sendText(`version\n${"y".repeat(200)}\n`);
  peer.sendBytes(new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
  await turn();
  peer.readOn();
  await turn();
  assert.equal(peer.destroyed, true);
  assert.ok(log.some((line) => line.includes("BAD_MAGIC")));
});

test("a peer whose replies wait for the store is not read from without bound", async () => {
  const { store, client, server } = await startDurableFixture({ limits: { pauseSendBytes: 1000 } });
  const unsent = () => [...server.connections()][0]!.unsentBytes;
  client.send("SUBMIT_JOB_BG", "f", "", "1");
  client.send("ECHO_REQ", "a".repeat(600));
  await turn();
  assert.deepEqual([client.paused, unsent()], [false, 17 + 612]);
  client.send("SUBMIT_JOB_BG", "f", "", "2");
  client.send("ECHO_REQ", "b".repeat(600));
  client.send("ECHO_REQ", "c".repeat(600));
  await turn();
  assert.deepEqual([client.paused, unsent()], [true, 2 * (17 + 612)]);
  await store.hold();
  assert.deepEqual(client.take(), ["JOB_CREATED H:t:1", `ECHO_RES ${"a".repeat(600)}`]);
  assert.deepEqual([client.paused, unsent()], [true, 17 + 2 * 612]);
  await store.hold();
  assert.deepEqual(client.take(), [
    "JOB_CREATED H:t:2",
    `ECHO_RES ${"b".repeat(600)}`,
    `ECHO_RES ${"c".repeat(600)}`,
  ]);
  assert.deepEqual([client.paused, unsent()], [false, 0]);
});

test("submissions without end wait in the system, not in memory, while the store is away", async () => {
  const { store, client } = await startDurableFixture({ limits: { pauseSendBytes: 1000 } });
  let sent = 0;
  for (; !client.paused && sent < 1000; sent++) {
    client.send("SUBMIT_JOB", "f", "one", "x");
    client.send("SUBMIT_JOB_BG", "f", "one", "x");
    await turn();
  }
  assert.ok(sent < 100, `${sent} submissions were taken`);
  store.automatic = true;
  await store.hold();
  assert.equal(client.paused, false);
  assert.equal(client.take().length, 2 * sent);
});

test("what waits for a slow reader stays in order, however it is cut into pieces", async () => {
  const { connect } = await startFixture({ limits: { pauseSendBytes: 1e9, maxSendBytes: 1e9 } });
  const [client, worker] = [connect(), connect()];
  client.send("SUBMIT_JOB", "f", "", "");
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  await turn();
  client.take();
  client.reads = false;
  const sent: string[] = [];
  for (let number = 0; number < 300; number++) {
    const length = number % 7 === 0 ? 40_000 : number % 5 === 0 ? 17_000 : number * 13 % 3000;
    sent.push(`WORK_DATA H:t:1|${String(number).padEnd(length, ".")}`);
    worker.send("WORK_DATA", "H:t:1", sent.at(-1)!.slice("WORK_DATA H:t:1|".length));
    if (number % 3 === 0) await turn();
  }
  client.readOn();
  await turn();
  assert.deepEqual(client.take(), sent);
});

test("a request that had to wait is handled at the time that it is then", async () => {
  const { connect, clock } = await startFixture({ limits: { pauseSendBytes: 1000 } });
  const [client, worker] = [connect(), connect()];
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  worker.send("CAN_DO_TIMEOUT", "f", "10000");
  worker.reads = false;
  worker.send("ECHO_REQ", "e".repeat(500));
  await turn();
  worker.sendBytes(
    joinBytes([request("ECHO_REQ", "e".repeat(2000)), request("GRAB_JOB")]),
  );
  await turn();
  worker.take();
  clock.pass(30_000);
  worker.reads = true;
  worker.readOn();
  await turn();
  assert.deepEqual(worker.take().slice(1), ["JOB_ASSIGN H:t:1|f|x"]);
  for (const [ms, running] of [[9900, 1], [100, 0]] as const) {
    clock.pass(ms);
    await turn();
    client.take();
    client.sendText("status\n");
    await turn();
    assert.deepEqual(client.take(), [`f\t1\t${running}\t1`, "."]);
  }
});
