import assert from "node:assert/strict";
import test from "node:test";
import { bytesResponse, pushedResponse } from "../../src/http/mod.ts";
import { Desk, echo } from "./handlers.ts";
import { MemoryServer, settled } from "./memory_peer.ts";
import { bytes, post, text } from "./requests.ts";

test("a body cannot be read through the request, which says so", async () => {
  const server = await MemoryServer.open(async (request) => {
    for (const read of ["text", "json", "arrayBuffer", "bytes", "blob", "formData"] as const) {
      await assert.rejects(request[read](), /use the peer/);
    }
    return bytesResponse(bytes("ok"));
  });
  assert.match(await server.connect().ask(post("abc")), /ok$/);
});

test("100 Continue is sent when the handler reads the body, and only then", async () => {
  const reads = await MemoryServer.open(echo);
  const reader = reads.connect();
  const head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  assert.equal(await reader.ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.match(await reader.ask("abc"), /POST \/a abc$/);
  assert.doesNotMatch(await reader.ask(`${head}abc`), /100 Continue/);
  const refuses = await MemoryServer.open(() => bytesResponse(bytes("no"), { status: 403 }));
  const refused = refuses.connect();
  const answer = await refused.ask(head);
  assert.match(answer, /^HTTP\/1.1 403 [^]*connection: close\r\n/);
  assert.equal(refused.ended, true);
});

test("an answer that did not need the body keeps the connection when the body is here", async () => {
  const server = await MemoryServer.open(() => bytesResponse(bytes("no"), { status: 401 }));
  const peer = server.connect();
  for (let i = 0; i < 2; i++) assert.match(await peer.ask(post("abc")), /^HTTP\/1.1 401/);
  assert.equal(peer.ended, false);
  assert.match(await peer.ask(post("abc").slice(0, -1)), /connection: close/);
  assert.equal(peer.ended, true);
});

test("a body that nobody reads is read ahead a little and then waits", async () => {
  const desk = new Desk();
  const server = await MemoryServer.open(desk.handle);
  const peer = server.connect();
  const body = "x".repeat(300_000);
  peer.send(post(body).slice(0, -body.length));
  let sent = 0;
  for (; !peer.paused; sent += 1000) peer.send(body.slice(0, 1000));
  assert.equal(sent, 66_000);
  const { peer: asker, answer } = desk.waiting[0]!;
  const whole = asker.body(1_000_000);
  assert.equal(peer.paused, false);
  peer.send(body.slice(sent));
  assert.equal((await whole).length, 300_000);
  answer(bytesResponse(bytes("ok")));
  await settled();
  assert.match(peer.received, /ok$/);
  assert.equal(peer.ended, false);
});

test("pieces of a body come as they are sent, and only as fast as they are taken", async () => {
  const taken: string[] = [];
  let goOn = () => {};
  const server = await MemoryServer.open(async (_, peer) => {
    for await (const piece of peer.bodyPieces(1_000_000)) {
      taken.push(piece.length > 10 ? String(piece.length) : text(piece));
      await new Promise<void>((resolve) => goOn = resolve);
    }
    return bytesResponse(bytes("done"));
  });
  const peer = server.connect();
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  await settled();
  assert.deepEqual(taken, ["a"]);
  peer.send("1\r\nb\r\n1\r\nc\r\n");
  goOn();
  await settled();
  assert.deepEqual(taken, ["a", "bc"]);
  peer.send(`11170\r\n${"x".repeat(0x11170)}\r\n`);
  assert.equal(peer.paused, true);
  goOn();
  await settled();
  assert.equal(peer.paused, false);
  assert.deepEqual(taken, ["a", "bc", String(0x11170)]);
  peer.send("0\r\n\r\n");
  goOn();
  await settled();
  assert.match(peer.received, /done$/);
});

test("a response may begin before its request has ended", async () => {
  const server = await MemoryServer.open((_, peer) =>
    pushedResponse({}, (writer) => {
      void (async () => {
        for await (const piece of peer.bodyPieces(1000)) writer.write(piece);
        writer.end();
      })();
      return { gone() {} };
    })
  );
  const peer = server.connect();
  assert.match(
    await peer.ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"),
    /\r\n\r\n1\r\na\r\n$/,
  );
  assert.equal(await peer.ask("1\r\nb\r\n"), "1\r\nb\r\n");
  assert.equal(await peer.ask("0\r\n\r\n"), "0\r\n\r\n");
  assert.equal(peer.ended, false);
});

test("breaking off the pieces of a body gives up the rest and the connection", async () => {
  const server = await MemoryServer.open(async (_, peer) => {
    for await (const piece of peer.bodyPieces(1000)) return bytesResponse(piece);
    return bytesResponse(bytes("nothing"));
  });
  const peer = server.connect();
  const answer = await peer.ask(post("abcdef").slice(0, -3));
  assert.match(answer, /connection: close[^]*abc$/);
  assert.equal(peer.ended, true);
});

test("bodies that are too large, bad or incomplete are refused", async () => {
  const server = await MemoryServer.open(async (_, peer) => bytesResponse(await peer.body(10)));
  const statusOf = async (request: string) => {
    const peer = server.connect();
    peer.send(request);
    await settled();
    const [response] = peer.responses();
    peer.hangUp();
    assert.equal(peer.ended, true);
    assert.equal(response!.headers["content-type"], "application/problem+json");
    assert.equal(JSON.parse(response!.body).status, response!.status);
    return response!.status;
  };
  const chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  assert.equal(await statusOf(post("x".repeat(11)).slice(0, -11)), 413);
  assert.equal(await statusOf(post("").replace("Length: 0", "Length: 1000001")), 413);
  assert.equal(await statusOf(`${chunked}6\r\nabcdef\r\n6\r\nabcdef\r\n`), 413);
  assert.equal(await statusOf(`${chunked}zz\r\n`), 400);
  assert.equal(await statusOf(`${chunked}1\r\nab\r\n`), 400);
  const whole = server.connect();
  assert.match(await whole.ask(post("x".repeat(11))), / 413 /);
  assert.deepEqual(server.log, []);
});

test("a body is read at most once", async () => {
  const server = await MemoryServer.open(async (_, peer) => {
    await peer.body(10);
    await assert.rejects(peer.body(10), /read before/);
    await assert.rejects(async () => {
      for await (const _ of peer.bodyPieces(10));
    }, /read before/);
    return bytesResponse(bytes("ok"));
  });
  assert.match(await server.connect().ask(post("abc")), /ok$/);
});

test("a streamed answer that may still read the body lets the peer send it", async () => {
  const server = await MemoryServer.open((_, peer) =>
    pushedResponse({}, (writer) => {
      void peer.body(100).then((body) => {
        writer.write(body);
        writer.end();
      });
      return { gone() {} };
    })
  );
  const peer = server.connect();
  const head = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  assert.match(await peer.ask(head), /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  assert.equal(await peer.ask("abc"), "3\r\nabc\r\n0\r\n\r\n");
  assert.equal(peer.ended, false);
});
