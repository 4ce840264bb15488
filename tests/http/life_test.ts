import assert from "node:assert/strict";
import test from "node:test";
import {
  type BodyWriter,
  bytesResponse,
  HttpError,
  type HttpHandler,
  type HttpPeer,
  pushedResponse,
} from "../../src/http/mod.ts";
import { MemoryServer, settled, TEST_LIMITS } from "./memory_peer.ts";

const GET = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const CHUNKED = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

const hello: HttpHandler = () => bytesResponse(bytes("hello"));
const gather: HttpHandler = async (_, peer) =>
  bytesResponse(bytes(String((await peer.body(1_000_000)).length)));

/** A handler whose streams the test writes. */
class Streams {
  readonly writers: BodyWriter[] = [];
  readonly peers: HttpPeer[] = [];
  readonly events: string[] = [];
  readonly handle: HttpHandler = (_, peer) => {
    this.peers.push(peer);
    peer.signal.addEventListener("abort", () => this.events.push("aborted"));
    return pushedResponse({}, (writer) => {
      this.writers.push(writer);
      return {
        drained: () => void this.events.push("drained"),
        gone: () => void this.events.push("gone"),
      };
    });
  };
}

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
  const server = await MemoryServer.open(gather);
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
    return gather(request, peer);
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

test("a peer that leaves aborts the signal of its request, and only of a running one", async () => {
  const signals: AbortSignal[] = [];
  const server = await MemoryServer.open((request, peer) => {
    signals.push(peer.signal);
    return request.url.endsWith("/wait") ? new Promise<Response>(() => {}) : hello(request, peer);
  });
  for (const leave of ["hangUp", "halfClose"] as const) {
    const peer = server.connect();
    await peer.ask(GET);
    peer.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal(signals[1]!.aborted, false);
    peer[leave]();
    assert.equal(signals[1]!.aborted, true);
    assert.ok(signals[1]!.reason instanceof HttpError);
    assert.equal(signals[0]!.aborted, false);
    signals.length = 0;
    peer.hangUp();
  }
  assert.equal(server.http.connections.open, 0);
});

test("a peer that ended its side still gets what is answered", async () => {
  let answer = (_: Response) => {};
  const server = await MemoryServer.open((request, peer) =>
    request.url.endsWith("/wait")
      ? new Promise((resolve) => answer = resolve)
      : hello(request, peer)
  );
  const peer = server.connect();
  peer.send(`GET /wait HTTP/1.1\r\nHost: h\r\n\r\n${GET}`);
  peer.halfClose();
  await settled();
  assert.equal(peer.ended, false);
  answer(bytesResponse(bytes("all the same")));
  await settled();
  assert.deepEqual(peer.responses().map(({ body }) => body), ["all the same", "hello"]);
  assert.equal(peer.ended, true);
  const idle = server.connect();
  idle.halfClose();
  assert.equal(idle.ended, true);
  const unfinished = server.connect();
  unfinished.send("GET / HT");
  unfinished.halfClose();
  assert.deepEqual([unfinished.ended, unfinished.received], [true, ""]);
});

test("a body that is waited for is over when its peer leaves", async () => {
  const codes: string[] = [];
  const server = await MemoryServer.open(async (_, peer) => {
    await assert.rejects(peer.body(100), (error) => {
      assert.ok(error instanceof HttpError);
      return codes.push(error.code) > 0;
    });
    return bytesResponse(bytes("never"));
  });
  const peer = server.connect();
  peer.send(`${CHUNKED}1\r\n`);
  peer.hangUp();
  await settled();
  const half = server.connect();
  half.send(`${CHUNKED}1\r\n`);
  half.halfClose();
  await settled();
  assert.deepEqual(codes, ["PEER_GONE", "PEER_GONE"]);
  assert.equal(half.ended, true);
});

test("streams are sent as they are written, and their source hears of the peer's end", async () => {
  for (const leave of ["hangUp", "halfClose"] as const) {
    const streams = new Streams();
    const server = await MemoryServer.open(streams.handle);
    const peer = server.connect();
    assert.match(await peer.ask(GET), /transfer-encoding: chunked\r\n\r\n$/);
    const [writer] = streams.writers;
    assert.equal(writer!.write(bytes("one")), true);
    assert.equal(writer!.write(bytes("")), true);
    assert.match(peer.received, /\r\n\r\n3\r\none\r\n$/);
    peer[leave]();
    await settled();
    assert.deepEqual(streams.events, ["aborted", "gone"]);
    assert.equal(writer!.write(bytes("two")), true);
    writer!.end();
    assert.equal(server.http.connections.open, 0);
  }
});

test("a stream that ends leaves the connection to the next request", async () => {
  const streams = new Streams();
  const server = await MemoryServer.open(streams.handle);
  const peer = server.connect();
  peer.send(GET + GET);
  for (const text of ["first", "second"]) {
    const writer = streams.writers.shift()!;
    writer.write(bytes(text));
    writer.end();
    writer.end();
  }
  assert.deepEqual(peer.responses().map(({ body }) => body), ["first", "second"]);
  peer.hangUp();
  assert.deepEqual(streams.events, []);
});

test("a slow reader of a stream is bounded, then cut", async () => {
  const streams = new Streams();
  const server = await MemoryServer.open(streams.handle);
  const peer = server.connect();
  await peer.ask(GET);
  const [writer] = streams.writers;
  peer.reads = false;
  assert.equal(writer!.write(bytes("x".repeat(900))), false);
  assert.equal(writer!.write(bytes("x".repeat(90))), false);
  peer.readOn();
  assert.deepEqual(streams.events, ["drained"]);
  peer.reads = false;
  for (let i = 0; i < 12 && !peer.destroyed; i++) writer!.write(bytes("x".repeat(100)));
  assert.equal(peer.destroyed, true);
  await settled();
  assert.deepEqual(streams.events, ["drained", "aborted", "gone"]);
  assert.match(server.log.at(-1)!, /INFO .* cut: its reader is more than 1000 bytes behind/);
  assert.equal(peer.responses()[0]!.isWhole, false);
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
  assert.deepEqual(streams.events, ["aborted", "gone"]);
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

test("a ReadableStream is read as fast as the peer reads, and cancelled when it leaves", async () => {
  let pulled = 0;
  let cancelled = 0;
  const server = await MemoryServer.open(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(bytes(`piece ${++pulled};`)),
        cancel: () => void cancelled++,
      }, { highWaterMark: 0 }),
    )
  );
  const peer = server.connect();
  peer.reads = false;
  peer.send(GET);
  await settled();
  assert.equal(pulled, 1);
  peer.readOn();
  peer.reads = false;
  await settled();
  assert.equal(pulled, 2);
  peer.hangUp();
  await settled();
  assert.equal(cancelled, 1);
  assert.equal(pulled, 2);
});

test("a response that nobody waits for any more is given up", async () => {
  let cancelled = 0;
  let answer = (_: Response) => {};
  const server = await MemoryServer.open(() => new Promise((resolve) => answer = resolve));
  const peer = server.connect();
  peer.send(GET);
  peer.hangUp();
  answer(new Response(new ReadableStream({ cancel: () => void cancelled++ })));
  await settled();
  assert.equal(cancelled, 1);
  const other = server.connect();
  other.send(GET);
  other.hangUp();
  answer(pushedResponse({}, () => assert.fail("was started")));
  await settled();
  assert.deepEqual(server.log, []);
});

test("a body that fails on its way ends the connection, visibly and in the log", async () => {
  const server = await MemoryServer.open((request) => {
    if (request.url.endsWith("/start")) {
      return pushedResponse({}, () => {
        throw new Error("no start");
      });
    }
    if (request.url.endsWith("/drained")) {
      return pushedResponse({}, (writer) => {
        writer.write(bytes("x"));
        return {
          drained() {
            throw new Error("no more");
          },
          gone() {
            throw new Error("no end");
          },
        };
      });
    }
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("begun")),
        pull: (controller) => controller.error(new Error("no rest")),
      }),
    );
  });
  for (const path of ["/stream", "/start", "/drained"]) {
    const peer = server.connect();
    peer.reads = false;
    peer.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    peer.readOn();
    await settled();
    assert.equal(peer.destroyed, true);
    assert.equal(peer.responses()[0]!.isWhole, false);
  }
  assert.deepEqual(server.log.map((line) => line.replace(/^(\w+).*?(cut|behind)/, "$1 $2")), [
    "ERROR cut: its body failed: Error: no rest",
    "ERROR cut: its body failed: Error: no start",
    "ERROR cut: its body failed: Error: no more",
    "ERROR behind its end: Error: no end",
  ]);
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

test("close ends what is still running after the grace", async () => {
  const streams = new Streams();
  const server = await MemoryServer.open(streams.handle);
  const peer = server.connect();
  peer.send(GET);
  const closing = server.http.close(5000);
  await settled();
  server.clock.pass(4000);
  streams.writers[0]!.write(bytes("still here"));
  assert.equal(peer.destroyed, false);
  server.clock.pass(2000);
  await closing;
  assert.equal(peer.destroyed, true);
  assert.deepEqual(streams.events, ["aborted", "gone"]);
  assert.equal(server.clock.timers, 0);
});
