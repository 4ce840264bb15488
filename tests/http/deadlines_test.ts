import assert from "node:assert/strict";
import test from "node:test";
import { bytesResponse } from "../../src/http/mod.ts";
import { hello, measure, Streams } from "./handlers.ts";
import { MemoryServer, settled, TEST_LIMITS } from "./memory_peer.ts";
import { bytes, CHUNKED, GET } from "./requests.ts";

test("headers that come too slowly are answered with 408, however they drip", async () => {
  const server = await MemoryServer.open(hello);
  const peer = server.connect();
  for (let i = 0; i < 11 && !peer.ended; i++) {
    peer.send("G");
    server.clock.pass(1000);
  }
  await settled();
  const [response] = peer.responses();
  assert.equal(response!.status, 408);
  assert.equal(JSON.parse(response!.body).type, "/problems/request-timeout");
  assert.equal(peer.ended, true);
  // The next one has the whole time again.
  const next = server.connect();
  for (let i = 0; i < 5; i++) {
    next.send(GET.slice(0, 10));
    server.clock.pass(TEST_LIMITS.headMs - 2000);
    assert.match(await next.ask(GET.slice(10)), /hello$/);
  }
});

test("an idle connection is closed silently, and a request makes it young again", async () => {
  const server = await MemoryServer.open(hello);
  const peer = server.connect();
  for (let i = 0; i < 3; i++) {
    server.clock.pass(TEST_LIMITS.keepAliveMs - 2000);
    assert.match(await peer.ask(GET), /hello$/);
  }
  peer.received = "";
  server.clock.pass(TEST_LIMITS.keepAliveMs + 2000);
  await settled();
  assert.equal(peer.destroyed, true);
  assert.equal(peer.received, "");
  assert.deepEqual(server.log, []);
  assert.equal(server.clock.timers, 0, "nothing is left to wait for");
});

test("a handler may take as long as it likes", async () => {
  let answer = (_: Response) => {};
  const server = await MemoryServer.open(() => new Promise((resolve) => answer = resolve));
  const peer = server.connect();
  peer.send(GET);
  server.clock.pass(3_600_000);
  assert.equal(peer.destroyed || peer.ended, false);
  answer(bytesResponse(bytes("late")));
  await settled();
  assert.match(peer.received, /late$/);
});

test("a body that stalls or drips is answered with 408", async () => {
  const server = await MemoryServer.open(measure);
  const stalled = server.connect();
  stalled.send(`${CHUNKED}3\r\nab`);
  server.clock.pass(TEST_LIMITS.bodyIdleMs + 2000);
  await settled();
  assert.equal(stalled.responses()[0]!.status, 408);
  assert.equal(stalled.ended, true);
  const dripping = server.connect();
  dripping.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n`);
  for (let i = 0; i < 12 && !dripping.ended; i++) {
    dripping.send("abc");
    server.clock.pass(1000);
    await settled();
  }
  assert.equal(dripping.responses()[0]!.status, 408);
  assert.match(dripping.responses()[0]!.body, /3 bytes a second/);
  const steady = server.connect();
  steady.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n`);
  for (let i = 0; i < 50; i++) {
    steady.send("x".repeat(20));
    server.clock.pass(1000);
    await settled();
  }
  assert.match(steady.received, /1000$/);
});

test("a body that waits for its reader is not too slow", async () => {
  let begin = () => {};
  const server = await MemoryServer.open(async (request, peer) => {
    await new Promise<void>((resolve) => begin = resolve);
    return measure(request, peer);
  });
  const peer = server.connect();
  peer.send(`${CHUNKED}3\r\nab`);
  server.clock.pass(3_600_000);
  begin();
  server.clock.pass(TEST_LIMITS.bodyIdleMs - 2000);
  await settled();
  assert.match(await peer.ask("c\r\n0\r\n\r\n"), /3$/);
});

test("too many connections are answered with 503 and closed", async () => {
  const server = await MemoryServer.open(hello);
  const peers = [server.connect(), server.connect(), server.connect()];
  const refused = server.connect();
  refused.send(GET);
  await settled();
  assert.equal(refused.responses()[0]!.status, 503);
  assert.equal(refused.ended, true);
  peers[0]!.hangUp();
  assert.match(await server.connect().ask(GET), /hello$/);
  assert.deepEqual({ ...server.http.connections }, { open: 3, opened: 4, closed: 1, refused: 1 });
});

test("bytes are counted", async () => {
  const server = await MemoryServer.open(hello);
  const answer = await server.connect().ask(GET);
  assert.deepEqual({ ...server.http.bytes }, { received: GET.length, sent: answer.length });
});

test("a peer that does not take its response is cut after a while", async () => {
  const streams = new Streams();
  const server = await MemoryServer.open((request, peer) =>
    request.url.endsWith("/large")
      ? bytesResponse(bytes("x".repeat(300_000)))
      : streams.handle(request, peer)
  );
  const peer = server.connect();
  peer.reads = false;
  peer.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
  const sent = peer.received.length;
  assert.ok(sent < 140_000, "more was written than the peer took");
  server.clock.pass(TEST_LIMITS.sendIdleMs - 2000);
  peer.readOn(false);
  server.clock.pass(TEST_LIMITS.sendIdleMs - 2000);
  assert.equal(peer.destroyed, false);
  server.clock.pass(4000);
  assert.equal(peer.destroyed, true);
  const stream = server.connect();
  stream.send(GET);
  stream.reads = false;
  streams.writers[0]!.write(bytes("x"));
  server.clock.pass(TEST_LIMITS.sendIdleMs + 2000);
  assert.equal(stream.destroyed, true);
  assert.deepEqual(streams.events.toSorted(), ["aborted", "gone"]);
});

test("a peer that asks and does not read is not answered any further", async () => {
  const server = await MemoryServer.open(hello);
  const peer = server.connect();
  peer.reads = false;
  peer.send(GET.repeat(3));
  assert.equal(peer.responses().length, 1);
  peer.readOn();
  await settled();
  assert.equal(peer.responses().length, 3);
});

test("close lets running requests end, and closes idle connections at once", async () => {
  let answer = (_: Response) => {};
  const server = await MemoryServer.open(() => new Promise((resolve) => answer = resolve));
  const idle = server.connect();
  const busy = server.connect();
  busy.send(GET + GET);
  let isClosed = false;
  const closing = server.http.close(5000).then(() => isClosed = true);
  await settled();
  assert.equal(server.isListening, false);
  assert.equal(idle.destroyed, true);
  assert.deepEqual([busy.ended, isClosed], [false, false]);
  answer(bytesResponse(bytes("done")));
  await closing;
  assert.match(busy.received, /connection: close[^]*done$/);
  assert.equal(busy.responses().length, 1, "nothing is begun any more");
  assert.equal(server.clock.timers, 0);
});

test("a second close with less grace ends the first one, too", async () => {
  const server = await MemoryServer.open(() => new Promise(() => {}));
  server.connect().send(GET);
  const first = server.http.close(3_600_000);
  await settled();
  const second = server.http.close(0);
  await settled();
  server.clock.pass(0);
  await Promise.all([first, second]);
  assert.equal(server.clock.timers, 0);
});
