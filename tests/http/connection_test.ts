import assert from "node:assert/strict";
import test from "node:test";
import { bytesResponse, pushedResponse } from "../../src/http/mod.ts";
import { Random } from "../support/mod.ts";
import { Desk, echo } from "./handlers.ts";
import { MemoryServer, settled } from "./memory_peer.ts";
import { bytes, GET, post } from "./requests.ts";

test("a request is answered with a date and the length of the body", async () => {
  const server = await MemoryServer.open(() =>
    bytesResponse(bytes("hello"), { status: 201, headers: { "content-type": "text/plain" } })
  );
  const peer = server.connect();
  assert.equal(
    await peer.ask(GET),
    "HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n" +
      "content-length: 5\r\n\r\nhello",
  );
  assert.equal(peer.writes, 1);
  assert.equal(peer.ended, false);
  server.clock.pass(1000);
  assert.match(await peer.ask(GET), /22:13:21 GMT/);
});

test("the handler sees the request as the Fetch standard has it", async () => {
  const seen: unknown[] = [];
  const server = await MemoryServer.open((request, { remoteAddress, remotePort, signal }) => {
    seen.push(request.method, request.url, [...request.headers], request.body, request.bodyUsed);
    seen.push(remoteAddress, remotePort, signal.aborted, request.signal === signal);
    const real = request.clone();
    seen.push(
      real instanceof Request,
      real.url,
      real.headers.get("x-a"),
      request.mode === real.mode,
    );
    return bytesResponse(bytes(""));
  });
  const peer = server.connect();
  const answer = await peer.ask("PATCH /x?y=1 HTTP/1.1\r\nHost: h:1\r\nX-A: b\r\nX-A: c\r\n\r\n");
  assert.match(answer, /^HTTP\/1.1 200 /);
  const url = "http://h:1/x?y=1";
  const headers = [["host", "h:1"], ["x-a", "b, c"]];
  assert.deepEqual(seen, [
    ...["PATCH", url, headers, null, false],
    ...["127.0.0.1", 40_000, false, true],
    ...[true, url, "b, c", true],
  ]);
});

test("requests and bodies are the same wherever they are split", async () => {
  const server = await MemoryServer.open(echo);
  const requests = `${post("abc")}${GET}POST /c HTTP/1.1\r\nHost: h\r\n` +
    "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n" + GET;
  const expected = ["POST /a abc", "GET /a ", "POST /c def", "GET /a "];
  for (let at = 1; at < requests.length; at++) {
    const peer = server.connect();
    peer.send(requests.slice(0, at));
    if (at % 2 === 0) await settled();
    peer.send(requests.slice(at));
    await settled();
    assert.deepEqual(peer.responses().map(({ body }) => body), expected, `split at ${at}`);
    peer.hangUp();
  }
  const peer = server.connect();
  for (const char of requests) peer.send(char);
  await settled();
  assert.deepEqual(peer.responses().map(({ body }) => body), expected, "byte by byte");
});

test("pipelined requests are answered in order, one after the other", async () => {
  const desk = new Desk();
  const server = await MemoryServer.open(desk.handle);
  const peer = server.connect();
  peer.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTT");
  assert.equal(desk.waiting.length, 1);
  peer.send("P/1.1\r\nHost: h\r\n\r\n");
  for (const path of ["/1", "/2", "/3"]) {
    const { request, answer } = desk.waiting.shift()!;
    assert.equal(new URL(request.url).pathname, path);
    assert.equal(desk.waiting.length, 0);
    answer(bytesResponse(bytes(path)));
    await settled();
  }
  assert.deepEqual(peer.responses().map(({ body }) => body), ["/1", "/2", "/3"]);
});

test("a peer that sends far ahead is not read on until it is answered", async () => {
  const desk = new Desk();
  const server = await MemoryServer.open(desk.handle);
  const peer = server.connect();
  peer.send(GET);
  let count = 1;
  for (; !peer.paused; count++) {
    assert.ok(count < 1000, "was read without end");
    peer.send(GET);
  }
  for (let answered = 0; answered < count; answered++) {
    desk.waiting.shift()!.answer(bytesResponse(bytes("")));
    await settled();
  }
  assert.equal(peer.paused, false);
  assert.equal(peer.responses().length, count);
});

test("the connection stays or closes as HTTP/1.1 and HTTP/1.0 have it", async () => {
  const server = await MemoryServer.open((request) =>
    request.url.endsWith("/stream")
      ? new Response(new Blob(["streamed"]).stream())
      : bytesResponse(bytes("x"))
  );
  const closes = async (...lines: string[]) => {
    const peer = server.connect();
    const answer = await peer.ask(`${lines.join("\r\n")}\r\n\r\n`);
    peer.hangUp();
    const says = /\r\nconnection: (.*)\r\n/.exec(answer)?.[1];
    assert.equal(says === "close", peer.ended, answer);
    return says ?? "";
  };
  assert.equal(await closes("GET / HTTP/1.1", "Host: h"), "");
  assert.equal(await closes("GET / HTTP/1.1", "Host: h", "Connection: close"), "close");
  assert.equal(await closes("GET / HTTP/1.0"), "close");
  assert.equal(await closes("GET / HTTP/1.0", "Connection: keep-alive"), "keep-alive");
  assert.equal(await closes("GET /stream HTTP/1.1", "Host: h"), "");
  // HTTP/1.0 knows no chunks: only the end of the connection ends the body.
  assert.equal(await closes("GET /stream HTTP/1.0", "Connection: keep-alive"), "close");
  const old = server.connect();
  assert.match(await old.ask("GET /stream HTTP/1.0\r\n\r\n"), /close\r\n\r\nstreamed$/);
});

test("HEAD, 204 and 304 get no body", async () => {
  let cancelled = 0;
  const stream = () => new ReadableStream({ cancel: () => void cancelled++ });
  const server = await MemoryServer.open((request) => {
    if (request.url.endsWith("/stream")) return new Response(stream());
    if (request.url.endsWith("/push")) return pushedResponse({}, () => assert.fail("started"));
    if (request.url.endsWith("/known")) {
      return new Response(null, { headers: { "content-length": "7" } });
    }
    if (request.url.endsWith("/204")) return bytesResponse(bytes(""), { status: 204 });
    if (request.url.endsWith("/304")) return new Response(null, { status: 304 });
    return bytesResponse(bytes("hello"));
  });
  const peer = server.connect();
  const ask = (method: string, path: string) =>
    peer.ask(`${method} ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  assert.match(await ask("HEAD", "/"), /content-length: 5\r\n\r\n$/);
  assert.match(await ask("HEAD", "/known"), /content-length: 7\r\n\r\n$/);
  assert.doesNotMatch(await ask("HEAD", "/stream"), /content-length|chunked/);
  assert.equal(cancelled, 1);
  assert.match(await ask("HEAD", "/push"), /\r\n\r\n$/);
  for (const path of ["/204", "/304"]) {
    const answer = await ask("GET", path);
    assert.match(answer, /\r\n\r\n$/);
    assert.doesNotMatch(answer, /content-length|transfer-encoding/);
  }
  assert.equal(peer.ended, false);
});

test("what cannot be understood is answered once with a problem, then the connection ends", async () => {
  const server = await MemoryServer.open(() => assert.fail("was handled"));
  const peer = server.connect();
  const answer = await peer.ask(`GET / HTTP/1.1\nHost: h\n\n${GET}`);
  const [response, ...others] = peer.responses();
  assert.deepEqual(others, []);
  assert.equal(response!.headers["connection"], "close");
  assert.deepEqual(JSON.parse(response!.body), {
    type: "/problems/invalid-request",
    title: "The request is not valid",
    status: 400,
    detail: "The request's head is not HTTP/1.1: a line ends without a CR",
  });
  assert.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/);
  assert.equal(peer.ended, true);
  assert.equal(server.connect().ended, false);
});

test("a handler that fails is a 500, logged once with its causes", async () => {
  const server = await MemoryServer.open((request) => {
    const failure = new Error("outer", { cause: new Error("inner") });
    if (request.url.includes("/promise")) return Promise.reject(failure);
    throw failure;
  });
  const peer = server.connect();
  for (const path of ["/sync?secret", "/promise?secret"]) {
    peer.received = "";
    await peer.ask(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const [response] = peer.responses();
    assert.equal(response!.status, 500);
    assert.equal(JSON.parse(response!.body).type, "/problems/internal-error");
    assert.doesNotMatch(response!.body, /outer|inner/);
  }
  assert.equal(peer.ended, false);
  assert.deepEqual(server.log.filter((line) => !line.startsWith("DEBUG")), [
    "ERROR Cannot answer GET /sync: Error: outer; because of Error: inner",
    "ERROR Cannot answer GET /promise: Error: outer; because of Error: inner",
  ]);
});

test("a body that was lost on the way, or has not its length, does not pass for an answer", async () => {
  const server = await MemoryServer.open((request) => {
    if (request.url.endsWith("/copied")) {
      const direct = bytesResponse(bytes("hello"));
      return new Response(direct.body, direct);
    }
    if (request.url.endsWith("/pushed")) {
      const direct = pushedResponse({}, () => ({ gone() {} }));
      return new Response(direct.body, direct);
    }
    return new Response("hello", { headers: { "content-length": "7" } });
  });
  const peer = server.connect();
  assert.match(await peer.ask("GET /copied HTTP/1.1\r\nHost: h\r\n\r\n"), /^HTTP\/1.1 500 /);
  assert.match(await peer.ask("GET /pushed HTTP/1.1\r\nHost: h\r\n\r\n"), /^HTTP\/1.1 500 /);
  await peer.ask("GET /short HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal(peer.destroyed, true);
  assert.equal(peer.responses()[0]!.isWhole, false);
  assert.equal(server.log.filter((line) => /ERROR .*lost when it was copied/.test(line)).length, 2);
  assert.match(
    server.log.at(-1)!,
    /cut: its body has not the announced length: 5 bytes instead of 7/,
  );
});

test("random bytes and damaged requests never break the server", async () => {
  const server = await MemoryServer.open(echo, { maxConnections: 10_000 });
  const random = new Random(99);
  const sound = [
    GET,
    post("hello"),
    GET,
    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  ];
  let answered = 0;
  for (let round = 0; round < 1500; round++) {
    const peer = server.connect();
    let stream = "";
    for (let i = random.between(1, 5); i > 0; i--) stream += random.pick(sound);
    for (let i = random.below(3); i > 0; i--) {
      const at = random.below(stream.length);
      const damage = random.chance(0.5) ? random.name(random.between(1, 4)) : "\r\n";
      stream = stream.slice(0, at) + damage + stream.slice(at + random.below(4));
    }
    for (let at = 0; at < stream.length;) {
      const end = at + random.between(1, 80);
      if (!peer.ended) peer.send(stream.slice(at, end));
      if (random.chance(0.2)) await settled();
      at = end;
    }
    if (random.chance(0.5)) peer.halfClose();
    await settled();
    for (const response of peer.responses()) {
      assert.ok([200, 400, 408, 413, 414, 417, 431, 501, 505].includes(response.status));
      answered++;
    }
    peer.hangUp();
  }
  assert.ok(answered > 1500);
  assert.deepEqual(server.log, []);
  assert.deepEqual({ ...server.http.connections }, {
    open: 0,
    opened: 1500,
    closed: 1500,
    refused: 0,
  });
  assert.equal(server.clock.timers, 0);
});
