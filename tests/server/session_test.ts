import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRequest, PacketType } from "../../src/protocol/mod.ts";
import { request } from "./memory_network.ts";
import { startDurableFixture, startFixture } from "./server_fixture.ts";
import { turn } from "./scripted_store.ts";

test("a job goes from client to worker and its result back", async () => {
  const { connect } = await startFixture();
  const client = connect();
  const worker = connect();
  worker.send("CAN_DO", "reverse");
  worker.send("PRE_SLEEP");
  client.send("SUBMIT_JOB", "reverse", "u1", "abc");
  await turn();
  assert.deepEqual(client.take(), ["JOB_CREATED H:t:1"]);
  assert.deepEqual(worker.take(), ["NOOP"]);
  worker.send("GRAB_JOB_UNIQ");
  worker.send("WORK_STATUS", "H:t:1", "1", "2");
  worker.send("WORK_DATA", "H:t:1", "part");
  worker.send("WORK_COMPLETE", "H:t:1", "cba");
  await turn();
  assert.deepEqual(worker.take(), ["JOB_ASSIGN_UNIQ H:t:1|reverse|u1|abc"]);
  assert.deepEqual(client.take(), [
    "WORK_STATUS H:t:1|1|2",
    "WORK_DATA H:t:1|part",
    "WORK_COMPLETE H:t:1|cba",
  ]);
});

test("all that one turn brings to a connection leaves in one write", async () => {
  const { connect } = await startFixture();
  const client = connect();
  const batch = new Uint8Array(
    Array.from({ length: 50 }, () => [...request("SUBMIT_JOB_BG", "f", "", "x")]).flat(),
  );
  client.sendBytes(batch);
  await turn();
  assert.equal(client.writes, 1);
  assert.equal(client.take().length, 50);
});

test("binary packets and text lines may share a segment", async () => {
  const { connect } = await startFixture();
  const peer = connect();
  const text = new TextEncoder().encode("version\r\ngetpid\nverbose\n");
  const echo = request("ECHO_REQ", "hi");
  peer.sendBytes(new Uint8Array([...echo, ...text, ...echo]));
  await turn();
  assert.deepEqual(peer.take(), ["ECHO_RES hi", "OK 1.2.3", "OK 77", "OK ERROR", "ECHO_RES hi"]);
});

test("a peer that half-closes still gets its replies, then the connection ends", async () => {
  const { connect } = await startFixture();
  const client = connect();
  client.sendText("status\n");
  client.halfClose();
  await turn();
  assert.deepEqual(client.take(), ["."]);
  assert.equal(client.ended, true);
});

test("a half-closed client gets JOB_CREATED, and its foreground job is abandoned", async () => {
  const { connect } = await startFixture();
  const client = connect();
  const worker = connect();
  client.send("SUBMIT_JOB", "f", "", "x");
  client.halfClose();
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  await turn();
  assert.deepEqual(client.take(), ["JOB_CREATED H:t:1"]);
  assert.equal(client.ended, true);
  assert.deepEqual(worker.take(), ["NO_JOB"]);
});

test("a half-closed worker gives its jobs back", async () => {
  const { connect } = await startFixture();
  const [client, first, second] = [connect(), connect(), connect()];
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  first.send("CAN_DO", "f");
  first.send("GRAB_JOB");
  first.halfClose();
  second.send("CAN_DO", "f");
  second.send("GRAB_JOB");
  await turn();
  assert.deepEqual(second.take(), ["JOB_ASSIGN H:t:1|f|x"]);
  assert.equal(first.ended, true);
});

test("a peer that does not read is not read from, and cut at the limit", async () => {
  const { connect, log } = await startFixture({
    limits: { maxSendBytes: 4000, pauseSendBytes: 1000 },
  });
  const [slow, other] = [connect(), connect()];
  slow.reads = false;
  slow.send("SUBMIT_JOB", "f", "", "");
  other.send("CAN_DO", "f");
  other.send("GRAB_JOB");
  await turn();
  other.take();
  const payload = "x".repeat(700);
  slow.send("ECHO_REQ", payload);
  await turn();
  assert.equal(slow.paused, false);
  slow.send("ECHO_REQ", payload);
  await turn();
  assert.equal(slow.paused, true);
  for (let i = 0; i < 4; i++) other.send("WORK_DATA", "H:t:1", payload);
  other.send("ECHO_REQ", "hello");
  await turn();
  assert.equal(slow.destroyed, true);
  assert.equal(other.destroyed, false);
  assert.deepEqual(other.take(), ["ECHO_RES hello"]);
  assert.ok(log.some((line) => line.includes("does not read its replies")));
});

test("a peer that reads again gets what waited, in order, and is read from again", async () => {
  const { connect } = await startFixture({ limits: { maxSendBytes: 1e6, pauseSendBytes: 100 } });
  const slow = connect();
  slow.reads = false;
  for (let i = 0; i < 3; i++) {
    slow.send("ECHO_REQ", `${i}`.repeat(200));
    await turn();
  }
  assert.equal(slow.take().length, 1);
  assert.equal(slow.paused, true);
  slow.readOn();
  await turn();
  assert.deepEqual(slow.take(), [`ECHO_RES ${"1".repeat(200)}`, `ECHO_RES ${"2".repeat(200)}`]);
  assert.equal(slow.paused, false);
});

test("a peer whose replies wait behind one of the store is not read from, until that is there", async () => {
  const { connect, store } = await startDurableFixture({
    limits: { maxSendBytes: 4000, pauseSendBytes: 1000 },
  });
  const [client, other] = [connect(), connect()];
  const payload = "x".repeat(400);
  for (let round = 1; round <= 2; round++) {
    client.send("SUBMIT_JOB_BG", "f", "", "1");
    client.send("ECHO_REQ", payload);
    client.send("SUBMIT_JOB_BG", "f", "", "2");
    client.send("ECHO_REQ", payload);
    await turn();
    assert.equal(client.paused, false);
    client.send("ECHO_REQ", payload);
    await turn();
    assert.equal(client.paused, true);
    assert.deepEqual(client.take(), []);
    await store.hold();
    assert.equal(client.paused, false);
    assert.equal(client.take().length, 5);
  }
  client.send("SUBMIT_JOB_BG", "f", "", "3");
  client.send("SUBMIT_JOB", "g", "", "4");
  other.send("CAN_DO", "g");
  other.send("GRAB_JOB");
  await turn();
  assert.deepEqual(other.take(), ["JOB_ASSIGN H:t:6|g|4"]);
  for (let i = 0; i < 10; i++) other.send("WORK_DATA", "H:t:6", payload);
  other.send("ECHO_REQ", "hello");
  await turn();
  assert.equal(client.destroyed, true);
  assert.deepEqual(other.take(), ["ECHO_RES hello"]);
});

test("large results pass whole, between small ones", async () => {
  const { connect } = await startFixture();
  const [client, worker] = [connect(), connect()];
  const large = "L".repeat(200_000);
  client.send("SUBMIT_JOB", "f", "", large);
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("WORK_DATA", "H:t:1", "small");
  worker.send("WORK_DATA", "H:t:1", large.toLowerCase());
  worker.send("WORK_COMPLETE", "H:t:1", "end");
  await turn();
  assert.deepEqual(worker.take(), [`JOB_ASSIGN H:t:1|f|${large}`]);
  assert.deepEqual(client.take(), [
    "JOB_CREATED H:t:1",
    "WORK_DATA H:t:1|small",
    `WORK_DATA H:t:1|${large.toLowerCase()}`,
    "WORK_COMPLETE H:t:1|end",
  ]);
});

test("input that can't be followed closes the connection without a word", async () => {
  const { connect } = await startFixture();
  for (
    const bytes of [
      new Uint8Array([0, 1, 2, 3, 0, 0, 0, 1, 0, 0, 0, 0]),
      new Uint8Array([0, 0x52, 0x45, 0x51, 0x80, 0, 0, 1, 0, 0, 0, 0]),
      new Uint8Array([0, 0x52, 0x45, 0x51, 0, 0, 0, 43, 0, 0, 0, 0]),
      new Uint8Array([0, 0x52, 0x45, 0x51, 0, 0, 0, 16, 0xff, 0xff, 0xff, 0xff]),
      new TextEncoder().encode("one two three four five six\n"),
      new TextEncoder().encode("x".repeat(9000)),
    ]
  ) {
    const peer = connect();
    peer.sendBytes(bytes);
    await turn();
    assert.equal(peer.destroyed, true);
    assert.deepEqual(peer.take(), []);
  }
});

test("refused packets are answered and the connection goes on", async () => {
  const { connect } = await startFixture();
  const peer = connect();
  peer.sendBytes(new Uint8Array([0, 0x52, 0x45, 0x53, 0, 0, 0, 1, 0, 0, 0, 1, 0x66]));
  peer.send("ALL_YOURS");
  peer.sendBytes(encodeRequest(PacketType.NOOP));
  peer.sendBytes(new Uint8Array([0, 0x52, 0x45, 0x51, 0, 0, 0, 7, 0, 0, 0, 1, 0x66]));
  peer.send("WORK_COMPLETE", "H:t:9", "");
  peer.send("ECHO_REQ", "on");
  await turn();
  assert.deepEqual(peer.take(), [
    "ERROR INVALID_MAGIC|Request magic expected",
    "ERROR INVALID_COMMAND|Command not expected",
    "ERROR INVALID_COMMAND|Command not expected",
    "ERROR INVALID_PACKET|Packet is shorter than its arguments",
    "ERROR JOB_NOT_FOUND|Job given in work result not found",
    "ECHO_RES on",
  ]);
});

test("more connections than allowed are refused", async () => {
  const { connect } = await startFixture({ limits: { maxConnections: 1 } });
  const first = connect();
  const second = connect();
  assert.equal(first.destroyed, false);
  assert.equal(second.destroyed, true);
  first.hangUp();
  assert.equal(connect().destroyed, false);
});

test("the server wakes by itself for a delayed job", async () => {
  const { connect, clock } = await startFixture();
  const [client, worker] = [connect(), connect()];
  const due = Math.floor(clock.now() / 1000) + 5;
  worker.send("CAN_DO", "f");
  worker.send("PRE_SLEEP");
  client.send("SUBMIT_JOB_EPOCH", "f", "", `${due}`, "x");
  await turn();
  assert.deepEqual(worker.take(), []);
  clock.pass(4999);
  await turn();
  assert.deepEqual(worker.take(), []);
  clock.pass(1);
  await turn();
  assert.deepEqual(worker.take(), ["NOOP"]);
});

test("a NOOP that is not answered is repeated", async () => {
  const { connect, clock } = await startFixture({ limits: { wakeUpRepeatMs: 10_000 } });
  const [client, deaf, other] = [connect(), connect(), connect()];
  for (const worker of [deaf, other]) {
    worker.send("CAN_DO", "f");
    worker.send("PRE_SLEEP");
  }
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  assert.deepEqual([deaf.take(), other.take()], [["NOOP"], []]);
  clock.pass(10_000);
  await turn();
  assert.deepEqual([deaf.take(), other.take()], [["NOOP"], ["NOOP"]]);
});

test("a drain does not wait for jobs that will never run", async () => {
  const { server, connect } = await startFixture();
  const [client, admin] = [connect(), connect()];
  client.send("SUBMIT_JOB", "f", "", "nobody waits");
  client.hangUp();
  admin.send("SUBMIT_JOB_BG", "f", "", "cancelled");
  admin.sendText("cancel job H:t:2\n");
  let drained = false;
  const draining = server.drain().then(() => drained = true);
  await turn();
  assert.equal(drained, true);
  await draining;
});

test("a drain waits for what would be lost, then settles", async () => {
  const { server, connect } = await startFixture();
  const [client, worker] = [connect(), connect()];
  client.send("SUBMIT_JOB_BG", "f", "", "x");
  await turn();
  let drained = false;
  const draining = server.drain().then(() => drained = true);
  await turn();
  assert.equal(drained, false);
  worker.send("CAN_DO", "f");
  worker.send("GRAB_JOB");
  worker.send("WORK_COMPLETE", "H:t:1", "");
  await turn();
  assert.equal(drained, true);
  await draining;
});

test("a stop closes connections without a word and leaves no timer", async () => {
  const { server, clock, connect } = await startFixture();
  const [client, worker] = [connect(), connect()];
  client.send("SUBMIT_JOB", "f", "", "x");
  worker.send("CAN_DO_TIMEOUT", "f", "5000");
  worker.send("GRAB_JOB");
  await turn();
  client.take();
  await server.stop();
  assert.deepEqual(client.take(), []);
  assert.deepEqual([client.destroyed, worker.destroyed], [true, true]);
  assert.equal(clock.timers, 0);
});
