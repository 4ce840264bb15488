import assert from "node:assert/strict";
import test from "node:test";
import { bytesResponse, HttpError, pushedResponse, StreamBroken } from "../../src/http/mod.ts";
import { hello, Streams } from "./handlers.ts";
import { MemoryServer, settled } from "./memory_peer.ts";
import { bytes, CHUNKED, GET } from "./requests.ts";

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
    assert.deepEqual(streams.events.toSorted(), ["aborted", "gone"]);
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

test("a stream that its peer's end brings to its own end is over once", async () => {
  const server = await MemoryServer.open((_, peer) =>
    pushedResponse({}, (writer) => {
      peer.signal.addEventListener("abort", () => writer.end());
      return { gone() {} };
    })
  );
  for (const leave of ["hangUp", "halfClose"] as const) {
    const peer = server.connect();
    await peer.ask(GET);
    peer[leave]();
    await settled();
    peer.hangUp();
  }
  assert.equal(server.http.connections.open, 0);
  assert.deepEqual(server.log, []);
});

test("a stream that is answered to a peer that has left meanwhile is not begun", async () => {
  let answer = (_: Response) => {};
  let begun = 0;
  const server = await MemoryServer.open(() => new Promise((resolve) => answer = resolve));
  const peer = server.connect();
  peer.send(GET);
  peer.halfClose();
  await settled();
  assert.equal(server.http.connections.open, 1, "it may still be answered in one piece");
  answer(pushedResponse({}, () => {
    begun++;
    return { gone() {} };
  }));
  await settled();
  assert.deepEqual([server.http.connections.open, begun], [0, 0]);
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
  for (let i = 0; i < 2; i++) writer!.write(bytes("x".repeat(450)));
  writer!.write(bytes("x"));
  assert.equal(peer.destroyed, false, "what was taken counts no more");
  for (let i = 0; i < 12 && !peer.destroyed; i++) writer!.write(bytes("x".repeat(100)));
  assert.equal(peer.destroyed, true);
  await settled();
  assert.deepEqual(streams.events, ["drained", "aborted", "gone"]);
  assert.match(server.log.at(-1)!, /INFO .* cut: its reader is more than 1000 bytes behind/);
  assert.equal(peer.responses()[0]!.isWhole, false);
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

test("a ReadableStream that has nothing to say is cancelled, too", async () => {
  for (const leave of ["hangUp", "halfClose"] as const) {
    let cancelled = 0;
    const server = await MemoryServer.open(() =>
      new Response(new ReadableStream({ cancel: () => void cancelled++ }))
    );
    const peer = server.connect();
    const answer = await peer.ask(GET);
    peer[leave]();
    await settled();
    assert.equal(cancelled, 1);
    assert.equal(peer.received, answer);
    assert.deepEqual(server.log, []);
  }
});

test("a stream that ends before its request does ends the connection", async () => {
  const streams = new Streams();
  const server = await MemoryServer.open(streams.handle);
  const peer = server.connect();
  await peer.ask(`${CHUNKED}1\r\na\r\n`);
  streams.writers[0]!.end();
  assert.equal(peer.responses()[0]!.isWhole, true);
  assert.equal(peer.ended, true);
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
        pull: (controller) =>
          controller.error(
            request.url.endsWith("/broken")
              ? new StreamBroken("the worker failed")
              : new Error("no rest"),
          ),
      }),
    );
  });
  for (const path of ["/stream", "/start", "/drained", "/broken"]) {
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
    "INFO cut: the worker failed",
  ]);
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
  assert.deepEqual(streams.events.toSorted(), ["aborted", "gone"]);
  assert.equal(server.clock.timers, 0);
});
