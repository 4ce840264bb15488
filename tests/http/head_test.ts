import assert from "node:assert/strict";
import test from "node:test";
import { HeadReader } from "../../src/http/head_reader.ts";
import { HTTP_PROBLEMS, RefusedRequest } from "../../src/http/http_problems.ts";
import { parseRequestHead, type RequestHead } from "../../src/http/request_head.ts";
import { Random } from "../support/mod.ts";

const OWN = "127.0.0.1:8080";

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Reads a head in the given pieces; answers it and what is left of the last piece. */
function readPieces(pieces: readonly Uint8Array[], maxBytes = 1024): [RequestHead | null, number] {
  const reader = new HeadReader(maxBytes);
  for (const piece of pieces) {
    const end = reader.read(piece, 0);
    if (end < 0) continue;
    const text = reader.take(piece, 0, end);
    assert.ok(reader.isEmpty);
    return [parseRequestHead(text, OWN), piece.length - end];
  }
  return [null, 0];
}

function parsed(text: string): RequestHead {
  const [head, left] = readPieces([bytes(text)]);
  assert.ok(head, `no end of the head found in ${JSON.stringify(text)}`);
  assert.equal(left, 0);
  return head;
}

function statusOf(text: string): number {
  try {
    parsed(text);
  } catch (error) {
    assert.ok(error instanceof RefusedRequest, String(error));
    return HTTP_PROBLEMS[error.type].status;
  }
  return 0;
}

test("a request's head is read", () => {
  const head = parsed(
    "POST /jobs/reverse?priority=high HTTP/1.1\r\nHost: queue.example:8080\r\n" +
      "Content-Type:text/plain\r\nX-Empty:\r\nX-Padded: \t a b \t\r\nContent-Length: 5\r\n\r\n",
  );
  assert.deepEqual(head, {
    method: "POST",
    url: "http://queue.example:8080/jobs/reverse?priority=high",
    headers: [
      ["host", "queue.example:8080"],
      ["content-type", "text/plain"],
      ["x-empty", ""],
      ["x-padded", "a b"],
      ["content-length", "5"],
    ],
    isOld: false,
    keepAlive: true,
    body: 5,
    expectsContinue: false,
  });
});

test("what a head says about the connection and the body is understood", () => {
  const of = (line: string, ...headers: string[]) =>
    parsed(`${line}\r\nHost: a\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`);
  assert.equal(of("GET / HTTP/1.1", "Connection: close").keepAlive, false);
  assert.equal(of("GET / HTTP/1.1", "Connection: foo, CLOSE").keepAlive, false);
  assert.equal(of("GET / HTTP/1.1", "Connection: keep-alive").keepAlive, true);
  assert.equal(of("GET / HTTP/1.1", "Connection: closed").keepAlive, true);
  assert.equal(of("GET / HTTP/1.0").keepAlive, false);
  assert.equal(of("GET / HTTP/1.0", "Connection: Keep-Alive").keepAlive, true);
  assert.equal(of("GET / HTTP/1.0").isOld, true);
  assert.equal(of("GET / HTTP/1.2").isOld, false);
  assert.equal(of("POST / HTTP/1.1", "Transfer-Encoding: Chunked").body, "chunked");
  assert.equal(of("POST / HTTP/1.1", "Content-Length: 007").body, 7);
  assert.equal(of("GET / HTTP/1.1").body, 0);
  assert.equal(of("POST / HTTP/1.1", "Expect: 100-Continue").expectsContinue, true);
  assert.equal(of("POST / HTTP/1.0", "Expect: 100-continue").expectsContinue, false);
});

test("targets become URLs that the URL parser takes as they are", () => {
  const url = (target: string, host = "a:1", method = "GET") =>
    parsed(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`).url;
  assert.equal(url("/"), "http://a:1/");
  assert.equal(url("//b/c"), "http://a:1//b/c");
  assert.equal(url("/a%2Fb"), "http://a:1/a%2Fb");
  assert.equal(url("/gr\xc3\xb6\xdf"), "http://a:1/gr%C3%B6%DF");
  assert.equal(url('/a\\b{c}|d^`"<e>'), "http://a:1/a%5Cb%7Bc%7D%7Cd%5E%60%22%3Ce%3E");
  assert.equal(url("http://b:2/c?d"), "http://b:2/c?d");
  assert.equal(url("HTTP://b"), "http://b/");
  assert.equal(url("https://b?c=http://d"), "https://b/?c=http://d");
  assert.equal(url("*", "a", "OPTIONS"), "http://a/*");
  assert.equal(url("/", "[::1]:8080"), "http://[::1]:8080/");
  assert.equal(parsed("GET /a HTTP/1.0\r\n\r\n").url, `http://${OWN}/a`);
  for (const target of ["/\x80", "/a\\..\\b", "/%", "/?\\"]) {
    const made = url(target);
    assert.equal(new URL(made).href, made);
  }
});

test("a target that names a host replaces the Host header", () => {
  const head = parsed("GET http://b:2/c HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.deepEqual(head.headers, [["host", "b:2"]]);
});

test("one empty line before a request is passed over", () => {
  assert.equal(parsed("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n").url, "http://a/a");
});

const REFUSED: readonly (readonly [status: number, request: string])[] = [
  // Lines
  [400, "GET / HTTP/1.1\nHost: a\n\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"],
  [400, "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n"],
  [400, "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  // The request line
  [400, "GET /\r\nHost: a\r\n\r\n"],
  [400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"],
  [400, " GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / a HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / http/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / HTTP/1.1.1\r\nHost: a\r\n\r\n"],
  [400, "GET / HTTP/11\r\nHost: a\r\n\r\n"],
  [400, "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "G\xc4T / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
  [505, "PRI * HTTP/2.0\r\n\r\n"],
  [505, "GET / HTTP/0.9\r\nHost: a\r\n\r\n"],
  [501, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"],
  [501, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  [400, "GET http://a\\b/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  // The host
  [400, "GET / HTTP/1.1\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: 1.2.3.4.5\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a%\r\n\r\n"],
  // Headers
  [400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc: d\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\nX: b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\nX(: b\r\n\r\n"],
  [400, "GET / HTTP/1.1\r\nHost: a\r\n\xa0X: b\r\n\r\n"],
  // The body's length
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5e0\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 5\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xb2\r\n\r\n"],
  [400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"],
  [413, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999\r\n\r\n"],
  [400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"],
  [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"],
  [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"],
  [501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"],
  [
    400,
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n",
  ],
  [417, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n"],
  // Sizes
  [414, `GET /${"a".repeat(1100)}`],
  [414, `GET /${"a".repeat(1100)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  [431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(1100)}`],
  [431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(1100)}\r\n\r\n`],
  [431, `GET / HTTP/1.1\r\nHost: a\r\n${"A:\r\n".repeat(130)}\r\n`],
];

test("what two servers could understand differently is refused", () => {
  for (const [status, request] of REFUSED) {
    assert.equal(statusOf(request), status, JSON.stringify(request.slice(0, 120)));
  }
});

test("where a head is split makes no difference", () => {
  const accepted = "\r\nPOST /a?b HTTP/1.1\r\nHost: c\r\nX-Y: d e\r\nContent-Length: 3\r\n\r\n";
  const whole = parsed(accepted);
  for (let at = 1; at < accepted.length; at++) {
    const [head] = readPieces([bytes(accepted.slice(0, at)), bytes(accepted.slice(at))]);
    assert.deepEqual(head, whole, `split at ${at}`);
  }
  const [head] = readPieces([...accepted].map(bytes));
  assert.deepEqual(head, whole, "byte by byte");
  for (const [, request] of REFUSED) {
    const refusal = problemOf([bytes(request)]);
    // What is too long may be found out sooner, in the request line still.
    if (request.length > 1000) continue;
    assert.equal(problemOf([...request].map(bytes)), refusal, JSON.stringify(request));
    const middle = request.length >> 1;
    const halves = [bytes(request.slice(0, middle)), bytes(request.slice(middle))];
    assert.equal(problemOf(halves), refusal, JSON.stringify(request));
  }
});

function problemOf(pieces: readonly Uint8Array[]): string {
  try {
    const [head] = readPieces(pieces);
    return head === null ? "unfinished" : "accepted";
  } catch (error) {
    assert.ok(error instanceof RefusedRequest, String(error));
    return error.type;
  }
}

test("a head that never ends is refused at the limit, however it comes", () => {
  const reader = new HeadReader(1024);
  let sent = 0;
  assert.throws(() => {
    for (;; sent++) reader.read(bytes("a"), 0);
  }, RefusedRequest);
  assert.equal(sent, 1024);
});

/** A head as the grammar of RFC 9112 has it, written down a second time. */
const SOUND = new RegExp(
  "^(\\r\\n)?[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\\t\\x21-\\x7e\\x80-\\xff]+ HTTP/1\\.\\d\\r\\n" +
    "([!#$%&'*+.^_`|~0-9A-Za-z-]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n)*\\r\\n",
);

test("damaged heads are refused, unfinished or still heads", () => {
  const random = new Random(4711);
  const sound = [
    "GET /jobs/a?b=c HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX: y\r\n\r\n",
    "POST /x HTTP/1.0\r\nHost: [::1]\r\nConnection: keep-alive\r\n\r\n",
  ];
  const parts = ["\r\n", "\r", "\n", ":", " ", "\t", "Content-Length: 1", "\0", "\xff", ",", "a"];
  const outcomes = new Map<string, number>();
  for (let i = 0; i < 30_000; i++) {
    let text = random.pick(sound);
    for (let left = random.between(1, 3); left > 0; left--) {
      const at = random.below(text.length);
      const removed = random.below(3);
      const added = random.chance(0.7) ? random.pick(parts) : random.name(1);
      text = text.slice(0, at) + added + text.slice(at + removed);
    }
    const split = random.below(text.length);
    const outcome = problemOf([bytes(text.slice(0, split)), bytes(text.slice(split))]);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (outcome === "accepted") assert.match(text, SOUND, JSON.stringify(text));
  }
  assert.ok(outcomes.get("accepted")! > 100 && outcomes.get("invalid-request")! > 1000);
});
